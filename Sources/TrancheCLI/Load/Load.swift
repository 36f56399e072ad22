import Foundation
import Synchronization
import Tranche
import TrancheChains

/// A load while it runs: with its progress, until it is done or a signal ends it.
struct Load: Sendable {
    let chain: SinkChain
    let source: any MetaSourceDescription
    let inventory: Inventory
    let options: LoadOptions
    let progress: Progress
    let tell: @Sendable (String) throws -> Void
    let write: @Sendable (ChainBatchReport) throws -> Void
    private let shutdown = Shutdown()
    private let failure = FirstFailure()

    init(
        chain: SinkChain,
        source: any MetaSourceDescription,
        inventory: Inventory,
        options: LoadOptions,
        progress: Progress,
        tell: @escaping @Sendable (String) throws -> Void,
        write: @escaping @Sendable (ChainBatchReport) throws -> Void
    ) {
        self.chain = chain
        self.source = source
        self.inventory = inventory
        self.options = options
        self.progress = progress
        self.tell = tell
        self.write = write
    }

    /// Whether a signal ended it.
    var wasStopped: Bool { shutdown.stage >= .signalled }

    /// Runs the chain.
    ///
    /// - Returns: What came of it.
    /// - Throws: As `SinkChain.run(through:_:)`; what writing a report throws.
    func run(_ signals: AsyncStream<Int32>) async throws -> ChainReport {
        let report = try await withThrowingTaskGroup(of: ChainReport?.self) { group in
            group.addTask { try await shutdown.run(until: .terminating) { try await work() } }
            group.addTask {
                await shutdown.watch(signals, grace: options.grace, progress)
                return nil
            }
            group.addTask {
                await progress.run()
                return nil
            }
            group.addTask {
                await estimate()
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
                // Cut short: what was in hand has been given back.
                if shutdown.stage >= .terminating { throw CancellationError() }
            }
            throw CancellationError()
        }
        try failure.rethrow()
        return report
    }

    private func work() async throws -> ChainReport {
        var chainOptions = ChainOptions(
            request: options.request,
            workers: options.workers,
            end: options.follows ? .never : .whenComplete,
            promise: options.promise,
            maxRejects: options.maxRejects
        )
        chainOptions.mayGoOn = { shutdown.stage == .working }
        chainOptions.onNotice = { notice in failure.keep { try tell(notice) } }
        chainOptions.onBatch = { report in
            note(report)
            failure.keep { try write(report) }
        }
        return try await chain.run(through: inventory, chainOptions)
    }

    private func note(_ report: ChainBatchReport) {
        let batch = report.batch
        let words: String
        switch report.outcome {
        case .succeeded: words = "succeeded"
        case .failed(let error): words = "failed: \(error)"
        case .lost: words = "lost"
        case .released: words = "released"
        }
        let size = progress.tally.words(items: batch.count, weight: batch.weight ?? 0)
        let isFailure = if case .failed = report.outcome { true } else { false }
        progress.update(
            "batch \(batch.id) at \(batch.idStart): \(size) \(words)",
            colour: isFailure ? .red : nil,
            isAlwaysShown: isFailure
        ) { tally in
            switch report.outcome {
            case .succeeded:
                tally.succeeded += 1
                tally.items += batch.count
                tally.weight += batch.weight ?? 0
            case .failed: tally.failed += 1
            case .lost: tally.lost += 1
            case .released: tally.released += 1
            }
        }
    }

    /// Finds out how much there is to do: the file's size tells.
    private func estimate() async {
        guard progress.isLive, options.request.run.isEmpty else { return }
        // An estimate: what fails here fails again, and is told, when a batch is acquired.
        guard let source = try? await inventory.source(source),
            let size = try? await source.highestID()
        else { return }
        let key = RunKey(metaTable: source.definition.table, job: options.job)
        let run = try? await inventory.summaries(RunSelection(key)).first?.run
        let done = run?.cursor ?? 0
        progress.update { tally in
            tally.planned = .init(items: 0, weight: Double(size - done) + tally.weight)
        }
    }
}

/// The first error of those that cannot be thrown where they happen.
final class FirstFailure: Sendable {
    private let state = Mutex<(any Error)?>(nil)

    func keep(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            state.withLock { $0 = $0 ?? error }
        }
    }

    func rethrow() throws {
        if let error = state.withLock({ $0 }) { throw error }
    }
}
