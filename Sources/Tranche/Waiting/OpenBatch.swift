public import FoundationEssentials

/// A batch that is held, or is offered again later.
public struct OpenBatch: Sendable, Hashable {
    /// The batch; running, failed or released.
    public var batch: BatchRecord
    /// The process that holds it and ends with it, where its request says so.
    package var process: ProcessMark?

    /// Makes one.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - token: The token of the request that it was handed out for last.
    package init(_ batch: BatchRecord, token: String?) {
        self.batch = batch
        process =
            batch.status == .running ? token.flatMap { ProcessMark(token: $0) } : nil
    }

    /// Whether somebody holds it.
    public var isHeld: Bool { batch.status == .running }

    /// When it is offered again, unless its holder goes on.
    public var offeredAt: Date? { batch.leaseExpiresAt ?? batch.retryAt }
}
