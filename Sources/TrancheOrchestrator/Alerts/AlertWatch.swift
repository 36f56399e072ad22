import FoundationEssentials
import Tranche
import TrancheWorkflows

/// Looks at the jobs of a pipeline, and reports what is wrong with them.
///
/// What was told is a row of the inventory that whoever tells next must know, so that of several
/// who look one tells.
struct AlertWatch: Sendable {
    let pipeline: String
    let alerts: [PipelineAlert]
    let inventory: Inventory
    let sender: AlertSender
    /// The jobs, and what opens the source of each.
    let jobs: [Job]
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

    /// A run as it is now.
    private struct Sight: Sendable {
        var summary: RunSummary
        var counts: AlertDocument.Counts
        var reason: String?
        /// The id up to which all is done, and the highest; `nil` where nobody asked, or that could
        /// not be seen.
        var reach: (done: Int64, highest: Int64)?

        var job: String { summary.run.key.job }

        /// The subject of the row: job, run and source.
        var subject: String {
            let key = summary.run.key
            return [key.job, key.run, key.metaTable].joined(separator: "\n")
        }
    }

    /// Looks from time to time, until the task is cancelled.
    func run(each interval: Duration) async {
        let clock = inventory.configuration.clock
        while !Task.isCancelled {
            await look()
            do {
                try await clock.sleep(for: interval)
            } catch {
                return
            }
        }
    }

    /// Looks once, and reports errors.
    func look() async {
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
            }
        } catch is CancellationError {
            return
        } catch {
            note(OrchestratorError("alerts", "the jobs cannot be looked at", error))
        }
    }

    // MARK: - Looking

    private func see() async throws -> [Sight] {
        let asksForLag = alerts.contains { alert in
            alert.conditions.contains { if case .lag = $0 { true } else { false } }
        }
        var seen: [Sight] = []
        // Links of one input share its log.
        var needs: [String: [InputLogNeed]] = [:]
        for job in jobs {
            let selection = RunSelection(job: job.name, run: job.run)
            let summaries = try await inventory.summaries(selection)
            for summary in summaries {
                var sight = Sight(summary: summary, counts: Self.counts(summary))
                sight.reason = summary.run.hindrance
                if asksForLag { sight.reach = await reach(of: summary.run, job, &needs) }
                seen.append(sight)
            }
        }
        return seen
    }

    private static func counts(_ summary: RunSummary) -> AlertDocument.Counts {
        let stuck = summary.causes[.stuck]?.batches ?? 0
        let failed = summary.totals[.failed]?.batches ?? 0
        return AlertDocument.Counts(
            succeeded: summary.totals[.succeeded]?.batches ?? 0,
            running: summary.totals[.running]?.batches ?? 0,
            failed: max(failed - summary.retrying.batches - stuck, 0),
            quarantined: summary.totals[.quarantined]?.batches ?? 0,
            stuck: stuck
        )
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

    // MARK: - Telling

    private func tell(
        _ alert: PipelineAlert,
        of seen: [Sight],
        _ known: [AlertRecord],
        _ now: @Sendable () -> Date
    ) async {
        for sight in seen where alert.jobs.isEmpty || alert.jobs.contains(sight.job) {
            for condition in alert.conditions {
                do {
                    let record = known.first { record in
                        record.alert == alert.name && record.subject == sight.subject
                            && record.condition == condition.word
                    }
                    try await tell(alert, condition, sight, record, now)
                } catch is CancellationError {
                    return
                } catch {
                    note(OrchestratorError("alert \(alert.name)", "it was not sent", error))
                }
            }
        }
    }

    private func tell(
        _ alert: PipelineAlert,
        _ condition: PipelineAlert.Condition,
        _ sight: Sight,
        _ known: AlertRecord?,
        _ clock: @Sendable () -> Date
    ) async throws {
        let now = clock()
        let before = try known.map { try JSONText.decode(AlertState.self, from: $0.content) }
        var state = before ?? AlertState()
        var lag: Duration?
        guard let isOn = Self.holds(condition, sight, &state, &lag, at: now) else { return }
        state.observe(isOn, at: now, again: alert.again)
        let event = state.claim(at: now)
        if state == before ?? AlertState() { return }
        var record =
            known
            ?? AlertRecord(
                pipeline: pipeline,
                alert: alert.name,
                subject: sight.subject,
                condition: condition.word,
                content: ""
            )
        // Of several who saw it, one goes on.
        guard try await save(state, &record), let event else { return }
        var document = document(of: sight, record, event, at: now)
        (document.since, document.lagSeconds) = (state.since, lag?.seconds)
        document.error = try await lastError(of: sight)
        let text = try document.documentText()
        do {
            try await sender.send(text, to: alert.target, key: Self.key(of: record, state, event))
            state.told(event, at: clock())
        } catch let failure as AlertSender.Failure {
            let failedAt = clock()
            state.failed(at: failedAt)
            let wait = Duration.seconds(state.nextAt?.timeIntervalSince(failedAt) ?? 0)
            let words = "\(sight.job) \(condition.word), \(event.rawValue)"
            note(
                OrchestratorError(
                    "alert \(alert.name)",
                    message: "'\(words)' was not sent: \(failure); it is tried again in "
                        + wait.unitText
                )
            )
        }
        _ = try await save(state, &record)
    }

    /// A message about a run.
    private func document(
        of sight: Sight,
        _ record: AlertRecord,
        _ event: AlertState.Event,
        at now: Date
    ) -> AlertDocument {
        AlertDocument(
            pipeline: pipeline,
            alert: record.alert,
            event: event,
            job: sight.summary.run.key.job,
            run: sight.summary.run.key.run,
            meta: sight.summary.run.key.metaTable,
            condition: record.condition,
            at: now,
            counts: sight.counts,
            reason: sight.reason.map { redacted($0) }
        )
    }

    /// Keeps a state, unless somebody else did meanwhile.
    private func save(_ state: AlertState, _ record: inout AlertRecord) async throws -> Bool {
        record.content = try JSONText.encode(state)
        guard try await inventory.save(record) else { return false }
        record.version += 1
        return true
    }

    /// What is the same when a telling is tried again, also by somebody else.
    private static func key(
        of record: AlertRecord,
        _ state: AlertState,
        _ event: AlertState.Event
    ) -> String {
        let times = [state.since, state.toldAt].map { $0.map { String($0.milliseconds) } ?? "-" }
        let names = [record.pipeline, record.alert, record.subject, record.condition]
        // A field of a header takes neither every character nor every length.
        let text = (names + times + [event.rawValue]).joined(separator: "\n")
        return SHA256.hexadecimal(of: Array(text.utf8))
    }

    /// Whether a condition holds; `nil` where that cannot be seen.
    private static func holds(
        _ condition: PipelineAlert.Condition,
        _ sight: Sight,
        _ state: inout AlertState,
        _ lag: inout Duration?,
        at now: Date
    ) -> Bool? {
        switch condition {
        case .failed: return sight.counts.failed + sight.counts.quarantined > 0
        case .stuck: return sight.counts.stuck > 0
        case .held: return sight.reason != nil
        case .lag(let bound):
            guard let reach = sight.reach else { return nil }
            let time = state.lag(done: reach.done, highest: reach.highest, bound: bound, at: now)
            lag = time
            return time > bound
        }
    }

    private func lastError(of sight: Sight) async throws -> String? {
        var selection = BatchSelection(runs: RunSelection(sight.summary.run.key), limit: 1)
        for status in [BatchStatus.failed, .quarantined] {
            selection.status = status
            guard let batch = try await inventory.batches(selection).first else { continue }
            let attempts = try await inventory.attempts(
                of: batch.id,
                after: max(batch.attempt - 2, 0),
                limit: 2
            )
            if let error = attempts.last(where: { $0.error != nil })?.error {
                return redacted(String(error.prefix(2000)))
            }
        }
        return nil
    }
}

extension RunRecord {
    /// Why nothing is handed out of the run; `nil` where something may be.
    fileprivate var hindrance: String? {
        if let reason = pauseReason { return reason.isEmpty ? "paused" : "paused: \(reason)" }
        if let reason = standing.hold { return reason }
        return outage.hold == nil ? nil : outage.reason
    }
}
