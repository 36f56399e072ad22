/// Is told what a group of workers does, beside how its attempts end.
///
/// It is called by several workers at once, and must return quickly.
public protocol WorkWatcher: Sendable {
    /// Called when work on a batch begins in this process.
    func began(_ batch: Batch)

    /// Called when the work on a batch is over; how it ended is not recorded yet.
    func finished(_ batch: Batch)

    /// Called with the reason why the group, which has nothing in hand, gets nothing: after 2 s,
    /// and then every 30 s.
    func waits(_ explanation: WaitExplanation)

    /// Called when leases were ended since their holders, processes of this host, have ended.
    func tookOver(_ batches: [OpenBatch])

    /// Whether it has not yet got rid of what it was told: workers acquire nothing more meanwhile.
    var isBehind: Bool { get }

    /// Returns once it is behind no more, or the task is cancelled; who waits holds no batch.
    func caughtUp() async
}

extension WorkWatcher {
    /// Nobody wants to know.
    public func began(_ batch: Batch) {}

    /// Nobody wants to know.
    public func finished(_ batch: Batch) {}

    /// Nobody wants to know.
    public func waits(_ explanation: WaitExplanation) {}

    /// Nobody wants to know.
    public func tookOver(_ batches: [OpenBatch]) {}

    /// It takes all that it is told.
    public var isBehind: Bool { false }

    /// It never is behind.
    public func caughtUp() async {}
}
