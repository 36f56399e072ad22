/// The work of a group of workers on a batch.
public protocol BatchHandler: Sendable {
    /// Works on a batch; its lease is kept meanwhile.
    ///
    /// The task is cancelled when the batch is lost, when it takes longer than it may, and when the
    /// group is to end: what is returned then counts, so that work that was cut short returns
    /// ``BatchVerdict/released(_:)``.
    ///
    /// - Parameters:
    ///   - batch: The batch; the group ends it, not the handler.
    ///   - progress: Receives progress, if the group bounds the time without any.
    /// - Returns: How it ended.
    /// - Throws: What is not a fault of the batch, such as a program that cannot be started: the
    ///   batch is given back, and the group ends.
    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict

    /// Called with each attempt when its end is recorded; by several workers at once.
    ///
    /// - Parameter report: How it ended.
    /// - Throws: What makes it useless to go on: the group ends, once what is in hand has.
    func ended(_ report: BatchReport) throws

    /// Called with batches that were given back before work on them began, such as prefetched
    /// ones, and the error that kept any of them from it.
    func gaveBack(_ batches: [Batch], failure: (any Error)?)

    /// Called with a success that could not be recorded while another error ended the group.
    func couldNotRecord(_ batch: Batch, _ error: any Error)

    /// Called when nothing is in hand and a budget has had no room for some time; once, until
    /// something is handed out.
    func waits(for reason: NoBatchReason)
}

extension BatchHandler {
    /// Nobody wants to know.
    public func ended(_ report: BatchReport) throws {}

    /// Nobody wants to know.
    public func gaveBack(_ batches: [Batch], failure: (any Error)?) {}

    /// Nobody wants to know.
    public func couldNotRecord(_ batch: Batch, _ error: any Error) {}

    /// Nobody wants to know.
    public func waits(for reason: NoBatchReason) {}
}

/// A closure as a handler: what it returns, if it is `Encodable`, is the batch's result; when it
/// throws, the batch fails, or comes back later where that is a ``BatchDeferral``, or has
/// succeeded in part where it is a ``PartialSuccess``.
public struct ClosureHandler<Result: Sendable>: BatchHandler {
    private let work: @Sendable (Batch, BatchProgress) async throws -> Result

    /// Makes a handler.
    ///
    /// - Parameter work: Works on a batch.
    public init(_ work: @escaping @Sendable (Batch, BatchProgress) async throws -> Result) {
        self.work = work
    }

    /// Works on a batch.
    public func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        do {
            let output = try await work(batch, progress)
            let text = try batch.jsonText(of: output as? any Encodable)
            return .succeeded(BatchSuccess(result: text))
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch let deferral as BatchDeferral {
            return .deferred(deferral)
        } catch let partial as PartialSuccess {
            do {
                return .succeeded(try await batch.success(partial))
            } catch let error as TrancheError where error.code == .invalidArgument {
                return .failed(BatchFailure(error))
            }
        } catch {
            if Task.isCancelled { return .released() }
            return .failed(BatchFailure(error))
        }
    }
}
