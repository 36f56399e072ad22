import Synchronization

extension RunRecord {
    /// The source's definition; `nil` where it is not known, or this version cannot read it.
    package var source: SourceDefinition? { definition.flatMap { ReadDefinitions.shared[$0] } }
}

/// Definitions that were read: many runs have the same, and each is asked for again and again.
private final class ReadDefinitions: Sendable {
    static let shared = ReadDefinitions()

    private let known = Mutex<[String: SourceDefinition]>([:])
    /// The most that are kept.
    private static let most = 1000

    subscript(text: String) -> SourceDefinition? {
        if let definition = known.withLock({ $0[text] }) { return definition }
        // One that a newer program wrote is unknown to this one, and that is the answer.
        guard let definition = try? JSONText.decode(SourceDefinition.self, from: text) else {
            return nil
        }
        known.withLock { known in
            // A file that grows has ever new ones.
            if known.count >= Self.most { known.removeAll() }
            known[text] = definition
        }
        return definition
    }
}
