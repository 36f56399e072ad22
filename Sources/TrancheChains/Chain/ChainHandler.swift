import Synchronization
import Tranche

/// Runs a chain for each batch, and adds up what came of them.
final class ChainHandler: BatchHandler {
    private let run: ChainRun
    private let sum = Mutex(ChainReport())

    init(_ run: ChainRun) {
        self.run = run
    }

    /// The outcome of the batches so far.
    var report: ChainReport { sum.withLock { $0 } }

    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        try await run.process(batch, progress)
    }

    func ended(_ report: BatchReport) throws {
        sum.withLock { $0.add(report) }
        try run.tell(report)
    }

    func gaveBack(_ batches: [Batch], failure: (any Error)?) {
        run.tellGivenBack(batches)
    }
}
