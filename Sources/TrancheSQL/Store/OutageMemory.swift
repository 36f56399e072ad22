import Synchronization
import Tranche

/// What was read of runs' failures last, by its text: each acquire of a run reads the same until
/// another batch fails.
final class OutageMemory: Sendable {
    private let known = Mutex<[String: OutageGuard]>([:])
    /// How many texts are kept; each has at most some kilobytes.
    private static let most = 16

    /// What a text says.
    ///
    /// - Parameter text: The JSON of a guard.
    /// - Returns: The guard.
    /// - Throws: `DecodingError` where it is none.
    func read(_ text: String) throws -> OutageGuard {
        if let outage = known.withLock({ $0[text] }) { return outage }
        let outage = try JSONText.decode(OutageGuard.self, from: text)
        known.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known[text] = outage
        }
        return outage
    }
}
