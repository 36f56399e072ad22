import Foundation
import Tranche

extension MemoryTables {
    /// Gives a batch back until later, and parks a budget as long.
    mutating func release(
        _ holding: AttemptKey,
        _ deferral: BatchDeferral,
        jitter: Duration,
        _ note: ChangeNote,
        now: Date
    ) throws -> DeferredBatch {
        let batch = try find(holding)
        guard batch.attempt == holding.attempt, batch.cause != .cancelled else {
            throw lost(holding, batch)
        }
        if batch.wasGivenBack { return DeferredBatch(record: batch) }
        guard batch.status == .running else { throw lost(holding, batch) }
        let deferring = DeferringBatch(batch, deferral, now: now)
        var answer = DeferredBatch(record: batch)
        var parkedUntil: Date?
        if let name = deferral.budget {
            let own = budgets(of: batch.key, now: now).contains { $0.owner == .name(name) }
            if own {
                parkedUntil = park(name, deferring, deferral, note, now: now)
            } else {
                answer.complaint = batch.key.refersToNone(name)
            }
        }
        if let failure = deferring.failure {
            answer.record = try fail(holding, with: failure, now: now)
            return answer
        }
        answer.record = deferring.released(parkedUntil: parkedUntil, jitter: jitter)
        keep(answer.record)
        endAttempt(of: batch, .deferred, error: answer.record.logging, now: now)
        keep(deferral.output, of: holding)
        return answer
    }

    private mutating func park(
        _ name: String,
        _ deferring: DeferringBatch,
        _ deferral: BatchDeferral,
        _ note: ChangeNote,
        now: Date
    ) -> Date? {
        guard let place = budgets.firstIndex(where: { $0.owner == .name(name) }) else { return nil }
        let known = budgets[place].parking?.until
        let (until, isNews) = deferring.parking(after: known)
        guard isNews else { return until }
        budgets[place].parking = BudgetParking(until: until, reason: deferral.reason)
        let text = "for \(deferral.wait.seconds.plain) s"
        add(.name(name), "parked", from: known?.utcText, to: text, note, now: now)
        return until
    }
}
