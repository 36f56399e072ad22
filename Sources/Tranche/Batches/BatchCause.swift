/// Why a batch is what it is, where that is not how its work ended.
public enum BatchCause: String, Sendable, Hashable, Codable, CaseIterable {
    /// Somebody cancelled the batch or its run: it is failed, and no failure is counted.
    case cancelled
    /// It is released, and due later: what it needs asked to be left alone for a while.
    case deferred
}
