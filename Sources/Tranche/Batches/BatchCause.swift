/// Why a batch is what it is, where that is not how its work ended.
public enum BatchCause: String, Sendable, Hashable, Codable, CaseIterable {
    /// Somebody cancelled the batch or its run: it is failed, and no failure is counted.
    case cancelled
    /// It is failed, has used up its attempts, and is tried again now and then all the same.
    case stuck
    /// The batch is released, and due later: a system that its work needs asked to be left alone
    /// for a while.
    case deferred
    /// It is failed, and may have been executed, at least in part: work on it had begun, under
    /// ``RunPolicy/Execution/atMostOnce``, and did not end well.
    case begun
}
