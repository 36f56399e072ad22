import FoundationEssentials
import Tranche
import TrancheWorkflows

/// Telling of what is seen.
extension AlertWatch {
    func tell(
        _ alert: PipelineAlert,
        of seen: [AlertSight],
        _ known: [AlertRecord],
        _ now: @Sendable () -> Date
    ) async {
        for sight in seen where alert.means(sight.subject) {
            for condition in alert.conditions {
                let record = known.first { record in
                    record.alert == alert.name && record.subject == sight.subject.text
                        && record.condition == alert.key(of: condition)
                }
                do {
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
        _ sight: AlertSight,
        _ known: AlertRecord?,
        _ clock: @Sendable () -> Date
    ) async throws {
        let now = clock()
        let before = try known.map { try JSONText.decode(AlertState.self, from: $0.content) }
        var state = before ?? AlertState()
        guard let (isOn, lag) = sight.holds(condition, &state, at: now) else { return }
        state.observe(isOn, at: now, again: alert.again)
        if case .input = sight.subject { state.see(at: now) }
        let event = state.claim(at: now)
        if event != nil { state.target = alert.target.kept }
        if state == before ?? AlertState() { return }
        var record =
            known
            ?? AlertRecord(
                pipeline: pipeline,
                alert: alert.name,
                subject: sight.subject.text,
                condition: alert.key(of: condition),
                content: ""
            )
        // Of several who saw it, one goes on.
        guard try await save(state, &record), let event else { return }
        var document = document(of: sight.subject, record, event, at: now)
        document.counts = sight.counts
        document.reason = sight.reason.map { redacted($0) }
        (document.since, document.lagSeconds) = (state.since, lag?.seconds)
        document.error = try await lastError(of: sight)
        try await send(document, to: alert.target, &state, &record, clock)
    }

    /// Sends a message that was claimed, and keeps how that went.
    func send(
        _ document: AlertDocument,
        to target: PipelineAlert.Target,
        _ state: inout AlertState,
        _ record: inout AlertRecord,
        _ clock: @Sendable () -> Date
    ) async throws {
        let event = document.event
        let text = try document.documentText()
        do {
            try await sender.send(text, to: target, key: Self.key(of: record, state, event))
            state.told(event, at: clock())
        } catch let failure as AlertSender.Failure {
            let failedAt = clock()
            state.failed(at: failedAt)
            let wait = Duration.seconds(state.nextAt?.timeIntervalSince(failedAt) ?? 0)
            let subject = document.input ?? document.job
            let words = "\(subject) \(record.condition), \(event.rawValue)"
            note(
                OrchestratorError(
                    "alert \(record.alert)",
                    message: "'\(words)' was not sent: \(failure); it is tried again in "
                        + wait.unitText
                )
            )
        }
        _ = try await save(state, &record)
    }

    /// A message about a run or an input.
    func document(
        of subject: AlertSubject,
        _ record: AlertRecord,
        _ event: AlertState.Event,
        at now: Date
    ) -> AlertDocument {
        var document = AlertDocument(
            pipeline: pipeline,
            alert: record.alert,
            event: event,
            job: "",
            run: "",
            meta: "",
            condition: record.condition,
            at: now
        )
        switch subject {
        case .run(let key):
            (document.job, document.run, document.meta) = (key.job, key.run, key.metaTable)
        case .input(let name, let worker):
            (document.input, document.worker) = (name, worker)
            document.meta = "input:\(name)"
        }
        return document
    }

    /// Keeps a state, unless somebody else did meanwhile.
    func save(_ state: AlertState, _ record: inout AlertRecord) async throws -> Bool {
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

    private func lastError(of sight: AlertSight) async throws -> String? {
        guard case .run(let key) = sight.subject else {
            return sight.trouble?.error.map { redacted(String($0.prefix(2000))) }
        }
        var selection = BatchSelection(runs: RunSelection(key), limit: 1)
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

extension PipelineAlert {
    /// Whether the alert is about a run or an input.
    func means(_ subject: AlertSubject) -> Bool { jobs.isEmpty || jobs.contains(subject.name) }
}
