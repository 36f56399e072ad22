import FoundationEssentials
import Tranche

/// Looks at the jobs and inputs of a pipeline, and reports what is wrong with them.
///
/// What was told is a row of the inventory that whoever tells next must know, so that of several
/// who look one tells. An input's trouble is known to its own process alone, and has a row for each
/// of them.
struct AlertWatch: Sendable {
    let pipeline: String
    let alerts: [PipelineAlert]
    let inventory: Inventory
    let sender: AlertSender
    /// The jobs, and what opens the source of each.
    let jobs: [Job]
    /// The inputs, and what is wrong with them in this process.
    var inputs: [Input] = []
    /// Called with messages that could not be sent.
    let note: @Sendable (OrchestratorError) -> Void

    /// A job that is looked at.
    struct Job: Sendable {
        var name: String
        /// The run that is meant.
        var run = ""
        /// Opens its source, to see what is there.
        var source: @Sendable () async throws -> any MetaSource
    }

    /// An input that is looked at.
    struct Input: Sendable {
        var name: String
        /// What is wrong with it; `nil` while it is well.
        var trouble: @Sendable () -> PartTrouble?
    }

    /// Looks from time to time, until a stop or until the task is cancelled.
    ///
    /// What the first look finds to be told no more is left to the second: a process that runs
    /// another generation of the pipeline may not have ended yet, and would tell it again.
    func run(each interval: Duration, until stop: StopSource) async {
        let clock = inventory.configuration.clock
        var isFirst = true
        while stop.stage < .stopping, !Task.isCancelled {
            await look(endsOthers: !isFirst)
            isFirst = false
            do {
                _ = try await stop.run(until: .stopping) { try await clock.sleep(for: interval) }
            } catch {
                return
            }
        }
    }

    /// Looks once, and reports errors.
    ///
    /// - Parameter endsOthers: Whether what nobody looks at any more is told to be over.
    func look(endsOthers: Bool = true) async {
        do {
            let seen = try await see()
            let known = try await inventory.alerts(ofPipeline: pipeline)
            // Sending takes its time, and what is claimed is claimed from then on.
            let stopwatch = Stopwatch(inventory.configuration.clock)
            let now = { @Sendable in known.now.addingTimeInterval(stopwatch.elapsed.seconds) }
            await withTaskGroup(of: Void.self) { group in
                for alert in alerts {
                    group.addTask { await tell(alert, of: seen, known.alerts, now) }
                }
                guard endsOthers else { return }
                group.addTask { await end(known.alerts, besides: seen, now) }
            }
        } catch is CancellationError {
            return
        } catch {
            note(OrchestratorError("alerts", "the jobs cannot be looked at", error))
        }
    }

    // MARK: - Looking

    private func see() async throws -> [AlertSight] {
        let asksForLag = alerts.contains { alert in
            alert.conditions.contains { if case .lag = $0 { true } else { false } }
        }
        let worker = inventory.configuration.worker
        var seen = inputs.map { AlertSight(input: $0.name, of: worker, $0.trouble()) }
        // Links of one input share its log.
        var needs: [String: [InputLogNeed]] = [:]
        for job in jobs {
            let selection = RunSelection(job: job.name, run: job.run)
            for summary in try await inventory.summaries(selection) {
                var sight = AlertSight(summary)
                if asksForLag { sight.reach = await reach(of: summary.run, job, &needs) }
                seen.append(sight)
            }
        }
        return seen
    }

    private func reach(
        of run: RunRecord,
        _ job: Job,
        _ known: inout [String: [InputLogNeed]]
    ) async -> (Int64, Int64)? {
        do {
            let table = run.key.metaTable
            // What has failed is told as that.
            if known[table] == nil {
                known[table] = try await inventory.needs(ofSource: table, above: .max)
            }
            // One that needs nothing more, or has nothing to read, does not lag.
            guard let need = known[table]?.first(where: { $0.key == run.key }) else {
                return (0, 0)
            }
            let source = try await job.source()
            // Nobody works any more on what a job has begun over another source.
            guard source.definition.table == table else { return (0, 0) }
            guard let last = try await source.highestID() else { return (0, 0) }
            let highest = min(last, run.bounds.upper ?? .max)
            guard highest > run.cursor ?? .min else { return (need.done, highest) }
            // A file ends behind its last record, and a filter leaves out what comes last.
            let next = try await source.nextRange(
                after: run.cursor,
                within: run.bounds,
                limit: .count(1),
                batches: 1
            )
            return (need.done, next.ranges.isEmpty ? run.cursor ?? need.done : highest)
        } catch {
            // The job itself tells of a source that is gone.
            return nil
        }
    }
}
