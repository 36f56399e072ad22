import Tranche

/// What goes on beside the links while they run, and again after it failed.
extension Orchestrator {
    /// Runs something again and again, until a stop.
    func supervise(
        _ name: String,
        _ body: @escaping @Sendable () async throws -> Void
    ) async {
        let clock = inventory.configuration.clock
        let stopwatch = Stopwatch(clock)
        var supervision = Supervision()
        while stop.stage < .stopping, !Task.isCancelled {
            reports.set(name, .running, restarts: supervision.restarts)
            let began = stopwatch.elapsed
            do {
                try await body()
                continue
            } catch is CancellationError where Task.isCancelled || stop.stage >= .stopping {
                break
            } catch let error as TrancheError where error.code == .unknownRun {
                // The job before it has not begun yet; said once, when that lasts.
                if supervision.restarts == 4 { reports.note(OrchestratorError(name, nil, error)) }
            } catch let error as OrchestratorError {
                reports.note(error)
                reports.failed(name)
            } catch {
                reports.note(OrchestratorError(name, nil, error))
                reports.failed(name)
            }
            reports.set(name, .waiting)
            guard await pause(supervision.wait(after: stopwatch.elapsed - began)) else { break }
        }
        reports.set(name, .stopped)
    }

    /// Waits, a stop cut off.
    ///
    /// - Returns: Whether to go on.
    private func pause(_ time: Duration) async -> Bool {
        let clock = inventory.configuration.clock
        do {
            _ = try await stop.run(until: .stopping) { try await clock.sleep(for: time) }
            return stop.stage < .stopping
        } catch {
            // Being cancelled is how this ends.
            return false
        }
    }

    /// How often a job that has come to its end is looked at again.
    private static let looksForMore = Duration.seconds(60)

    /// Waits until a job that has come to its end has something to do again, or a stop.
    ///
    /// - Throws: `TrancheError` of the store.
    func waitForMore(of job: OrchestratorJob) async throws {
        while await pause(Self.looksForMore) {
            if try await job.hasMore(in: inventory) { return }
        }
    }

    /// Tells the links of an input of events that others have kept.
    ///
    /// What it cannot see, the links find by looking from time to time.
    func watch(_ input: any Input, for link: Link) async {
        guard var source = input.source(for: link) as? any WatchedSource else { return }
        if let log = source as? InputLogSource { source = InputLogSource(log.name) }
        var watch: LogWatch?
        var wait = LogPace.longest
        while await pause(wait) {
            do {
                if var known = watch {
                    let look = try await known.look()
                    (watch, wait) = (known, look.wait)
                    if look.isGrown { signals.grown(input.name) }
                } else {
                    watch = try await LogWatch(inventory.source(source))
                    signals.grown(input.name)
                }
            } catch {
                // The links meet the same error, and tell it.
                (watch, wait) = (nil, LogPace.longest)
            }
        }
    }

    /// Cleans the log of an input from time to time.
    func clean(_ input: any Input) async {
        var cleaner = cleaner(of: input)
        while await pause(configuration.cleaning) {
            do {
                try await cleaner.clean()
            } catch is CancellationError {
                return
            } catch {
                reports.note(OrchestratorError(input.name, "its log cannot be cleaned", error))
            }
        }
    }

    func cleaner(of input: any Input) -> LogCleaner {
        LogCleaner(
            of: input,
            graph.jobs.filter { $0.input == input.name },
            inventory,
            keeping: configuration.keep,
            reports
        )
    }
}
