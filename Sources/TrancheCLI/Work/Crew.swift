import Foundation
import Synchronization
import Tranche

/// Workers that acquire batches of one run and run a program for each.
struct Crew: Sendable {
    let inventory: Inventory
    let source: any MetaSourceDescription
    let request: BatchRequest
    let workers: Int
    /// How many batches each worker acquires ahead.
    let prefetch: Int
    /// Whether to wait for more for ever.
    let follows: Bool
    let grace: Grace
    let program: BatchProgram
    let progress: Progress
    let shutdown: Shutdown
    let report: @Sendable (BatchReport) throws -> Void
    private let ending = Ending()

    init(
        inventory: Inventory,
        source: any MetaSourceDescription,
        options: WorkOptions,
        program: BatchProgram,
        progress: Progress,
        report: @escaping @Sendable (BatchReport) throws -> Void
    ) {
        self.inventory = inventory
        self.source = source
        request = options.job.request
        workers = options.workers
        prefetch = options.prefetch
        follows = options.follows
        grace = options.grace
        self.program = program
        self.progress = progress
        shutdown = program.shutdown
        self.report = report
    }

    /// Works until there is nothing more, or a signal.
    ///
    /// - Returns: Why the workers ended: the reason for which there is no batch, or `nil` after a signal.
    func run(_ signals: AsyncStream<Int32>) async throws -> NoBatchReason? {
        let clock = inventory.configuration.clock
        try await withThrowingTaskGroup(of: Void.self) { group in
            // These end when the workers have.
            group.addTask {
                await shutdown.watch(signals, grace: grace.length, clock: clock, progress)
            }
            group.addTask { await progress.run() }
            group.addTask { await estimate() }
            let worked = await work()
            group.cancelAll()
            try worked.get()
        }
        if shutdown.stage >= .signalled { return nil }
        return ending.reason
    }

    // MARK: - Beside the workers

    /// Finds out how much there is to do, when a look at some hundred batches tells.
    private func estimate() async {
        guard progress.isLive, request.limit != BatchLimit() else { return }
        // An estimate: what fails here fails again, and is told, when a batch is acquired.
        let forecast = try? await inventory.plan(request, from: source, batches: 256)
        guard let forecast, forecast.reachedEnd else { return }
        let load = ProgressTally.Load(
            items: forecast.ranges.reduce(0) { $0 + $1.count }
                + forecast.open.reduce(0) { $0 + $1.count },
            weight: forecast.ranges.reduce(0) { $0 + $1.weight }
                + forecast.open.reduce(0) { $0 + ($1.weight ?? 0) }
        )
        progress.update { tally in
            // Batches that ended while this looked are no longer in the forecast.
            tally.planned = .init(
                items: load.items + tally.items,
                weight: load.weight + tally.weight
            )
        }
    }

    // MARK: - Workers

    private func work() async -> Result<Void, any Error> {
        await withTaskGroup(of: Result<Void, any Error>.self) { group in
            for number in 1...workers {
                group.addTask {
                    do {
                        return .success(try await work(as: number))
                    } catch {
                        // The others finish what they hold.
                        shutdown.advance(to: .stopping)
                        return .failure(error)
                    }
                }
            }
            var first: Result<Void, any Error> = .success(())
            for await result in group {
                if case .success = first { first = result }
            }
            return first
        }
    }

    private func work(as number: Int) async throws {
        var request = request
        if workers > 1 {
            request.worker = "\(request.worker ?? inventory.configuration.worker)/\(number)"
        }
        var worker = CrewWorker(crew: self, request: request)
        try await worker.work()
    }

    /// Does a step of the audit; one that is cut short goes on where it was.
    func audit(_ request: BatchRequest) async throws {
        _ = try await shutdown.run(until: .stopping) {
            try await inventory.auditALittle(request, from: source)
        }
    }

    /// Notes why a worker found no batch.
    func end(_ reason: NoBatchReason) {
        ending.end(reason)
    }

    /// How long to wait before asking again; `nil` when that is of no use.
    ///
    /// Who else holds batches, or writes to the source, may end soon: the first looks follow each other
    /// quickly.
    func pause(for reason: NoBatchReason, after looks: Int) -> Duration? {
        guard reason.isWorthWaiting(for: follows ? .never : .whenComplete) else { return nil }
        let longest = inventory.configuration.pollInterval
        let soon = min(longest, Duration.milliseconds(25) * (1 << min(looks, 8)))
        switch reason {
        case .waiting, .unsettled: return inventory.wait(for: reason, atMost: soon)
        case .complete, .paused, .held: return longest
        }
    }

    /// Why the first worker ended that found no batch.
    private final class Ending: Sendable {
        private let state = Mutex<NoBatchReason?>(nil)

        var reason: NoBatchReason? { state.withLock { $0 } }

        func end(_ reason: NoBatchReason) {
            state.withLock { $0 = $0 ?? reason }
        }
    }
}
