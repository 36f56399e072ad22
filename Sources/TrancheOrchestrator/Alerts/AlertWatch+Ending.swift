import FoundationEssentials
import Tranche

/// Telling that it is over of what nobody looks at any more.
extension AlertWatch {
    /// Ends what was told of alerts, conditions, jobs and runs that are gone, and of inputs whose
    /// process is.
    func end(
        _ known: [AlertRecord],
        besides seen: [AlertSight],
        _ clock: @Sendable () -> Date
    ) async {
        let subjects = Set(seen.map(\.subject.text))
        for record in known {
            do {
                try await end(record, isSeen: subjects.contains(record.subject), clock)
            } catch is CancellationError {
                return
            } catch {
                note(OrchestratorError("alert \(record.alert)", "its end was not sent", error))
            }
        }
    }

    private func end(
        _ known: AlertRecord,
        isSeen: Bool,
        _ clock: @Sendable () -> Date
    ) async throws {
        guard let subject = AlertSubject(known.subject) else { return }
        let now = clock()
        let before = try JSONText.decode(AlertState.self, from: known.content)
        guard before.isTold || before.since != nil,
            let reason = absence(of: known, subject, isSeen: isSeen, before, at: now)
        else { return }
        var (state, record) = (before, known)
        state.observe(false, at: now, again: .zero)
        (state.marks, state.seenAt) = (nil, nil)
        let event = state.claim(at: now)
        let target = target(of: record, state)
        // Where nobody can be told, it is over all the same.
        if let event, target == nil { state.told(event, at: now) }
        if state == before { return }
        guard try await save(state, &record), let event, let target else { return }
        var document = document(of: subject, record, event, at: now)
        (document.since, document.reason) = (state.since, reason)
        try await send(document, to: target, &state, &record, clock)
    }

    /// Why nobody looks at a condition any more; `nil` where somebody does, or may.
    private func absence(
        of record: AlertRecord,
        _ subject: AlertSubject,
        isSeen: Bool,
        _ state: AlertState,
        at now: Date
    ) -> String? {
        guard let alert = alerts.first(where: { $0.name == record.alert }) else {
            return "the alert is not in the pipeline's file any more"
        }
        guard alert.conditions.contains(where: { alert.key(of: $0) == record.condition }),
            alert.means(subject)
        else { return "the alert is not about this any more" }
        if isSeen { return nil }
        switch subject {
        case .run(let key):
            return jobs.contains { $0.name == key.job }
                ? "the run is not there any more" : "the job is not in the pipeline's file any more"
        case .input(let name, let worker):
            guard inputs.contains(where: { $0.name == name }) else {
                return "the input is not in the pipeline's file any more"
            }
            return state.isAttended(at: now) ? nil : "the process \(worker) is gone"
        }
    }

    /// The target of the last message.
    ///
    /// A program is run only where the file still names it: what is kept in an inventory is not
    /// run.
    private func target(of record: AlertRecord, _ state: AlertState) -> PipelineAlert.Target? {
        if let alert = alerts.first(where: { $0.name == record.alert }) { return alert.target }
        guard let target = state.target.flatMap({ PipelineAlert.Target($0) }) else { return nil }
        guard case .program = target else { return target }
        return alerts.contains { $0.target == target } ? target : nil
    }
}
