import Foundation
import Synchronization
import Tranche

/// What a simulation knows of rows and batches, apart from any store; it finds what must not be.
final class SimulationLedger: Sendable {
    struct Known: Sendable {
        var record: BatchRecord
        var leaseEnd: Date
        /// What became of its last attempt, once it has ended.
        var end: BatchStatus?
        /// The request by which it was begun.
        var begunBy: String?
    }

    struct State: Sendable {
        var committed: [Int64: Double] = [:]
        var batches: [Int64: Known] = [:]
        /// By run and id, the batch that was handed out with it last.
        var owners: [String: [Int64: Int64]] = [:]
        /// By worker, the batches that it was given without knowing.
        var unanswered: [String: [BatchRecord]] = [:]
        /// By run, the ids whose work has begun.
        var begun: [String: Set<Int64>] = [:]
        /// By batch that fell into parts, the ids that were done by then.
        var done: [Int64: IDRuns] = [:]
        var writers = 0
        var failure: String?
        var report = SimulationReport()
        /// What limits the runs.
        var limits = LimitLedger()
    }

    private let plan: SimulationPlan
    let clock: ManualClock
    let state = Mutex(State())

    init(plan: SimulationPlan, clock: ManualClock) {
        self.plan = plan
        self.clock = clock
    }

    /// The first thing that must not be, if there was any.
    var failure: String? { state.withLock { $0.failure } }

    var report: SimulationReport { state.withLock { $0.report } }

    func fail(_ message: String) {
        state.withLock { $0.failure = $0.failure ?? message }
    }

    // MARK: Rows

    /// Whether a transaction of a writer is open.
    var hasWriter: Bool { state.withLock { $0.writers > 0 } }

    func beginTransaction() {
        state.withLock { $0.writers += 1 }
    }

    func endTransaction() {
        state.withLock { $0.writers -= 1 }
    }

    func commit(_ rows: [SourceRow]) {
        state.withLock { state in
            for row in rows { state.committed[row.id] = row.weight ?? 0 }
        }
    }

    /// The committed ids that a run may use, ascending.
    func ids(for bounds: IDBounds) -> [Int64] {
        state.withLock { $0.committed.keys.sorted() }.filter { id in
            bounds.contains(id) && plan.filter?.admits(Item(id: id)) ?? true
        }
    }

    /// The committed ids that a run may use and was not given, ascending.
    func idsLeft(for run: SimulationPlan.Run) -> [Int64] {
        let owned = state.withLock { $0.owners[run.name] ?? [:] }
        return ids(for: run.bounds).filter { owned[$0] == nil }
    }

    /// What committed ids weigh; `nil` when one is not committed.
    func weight(of ids: IDRuns) -> Double? {
        state.withLock { state in
            ids.ids.reduce(0.0 as Double?) { sum, id in
                guard let sum, let weight = state.committed[id] else { return nil }
                return sum + weight
            }
        }
    }

    // MARK: Batches

    /// Notes that a batch was handed out.
    func handOut(_ record: BatchRecord) throws {
        let now = Date(milliseconds: clock.date.milliseconds)
        try requireSound(record)
        try state.withLock { state in
            state.report.count(record)
            let words = record.words
            if let known = state.batches[record.id] {
                // Who lost the answer asked again, perhaps after the lease had ended.
                let isLate = record.status != .running && record.attempt == known.record.attempt
                if known.record == record || isLate { return }
                guard record.attempt == known.record.attempt + 1 else {
                    throw Violation("\(words) follows attempt \(known.record.attempt)")
                }
                guard known.begunBy == nil else {
                    throw Violation("\(words) was handed out again although it had begun")
                }
                guard known.end.map({ $0 == .failed || $0 == .released }) ?? true else {
                    throw Violation("\(words) was handed out again although it has ended")
                }
                guard known.end != nil || known.leaseEnd <= now else {
                    throw Violation("\(words) was handed out while it was held")
                }
                guard known.record.ids == record.ids else {
                    throw Violation("\(words) had the ids [\(known.record.ids?.packed ?? "")]")
                }
            } else {
                guard record.attempt == 1 else { throw Violation("\(words) is its first hand-out") }
                try state.own(record)
            }
            let leaseEnd = record.leaseExpiresAt ?? .distantPast
            state.batches[record.id] = Known(record: record, leaseEnd: leaseEnd)
            try state.requireRoom(for: record, at: now)
        }
    }

    /// Notes that a worker was not told which batches it was given.
    func loseAnswer(of worker: String, _ outcome: AcquireOutcome) {
        guard case .batches(let batches) = outcome else { return }
        state.withLock { $0.unanswered[worker] = batches.map(\.record) }
    }

    /// Checks that a worker that asks again is given what it was given before.
    func repeatAnswer(of worker: String, _ outcome: AcquireOutcome) throws {
        let now = Date(milliseconds: clock.date.milliseconds)
        let held = state.withLock { state in
            (state.unanswered.removeValue(forKey: worker) ?? []).filter { record in
                let known = state.batches[record.id]
                return known?.record.attempt == record.attempt && known?.leaseEnd ?? now > now
            }
        }
        var given: [Int64] = []
        if case .batches(let batches) = outcome { given = batches.map(\.record.id) }
        if let orphan = held.first(where: { !given.contains($0.id) }) {
            throw Violation("\(orphan.words) was given to \(worker), which cannot know")
        }
    }

    /// Checks that a batch is of committed ids that the run may use, and as heavy.
    func requireSound(_ record: BatchRecord) throws {
        guard let ids = record.ids, let run = plan.runs.first(where: { $0.name == record.key.run })
        else { throw Violation("\(record.words) has no ids, or is of no run") }
        for id in ids.ids
        where !run.bounds.contains(id) || !(plan.filter?.admits(Item(id: id)) ?? true) {
            throw Violation("\(record.words) has the id \(id), which the run may not use")
        }
        guard let weight = weight(of: ids) else {
            throw Violation("\(record.words) has an id that is not committed")
        }
        guard record.weight == weight, record.count == ids.count else {
            throw Violation(
                "\(record.words) says \(record.count) items of weight \(record.weight ?? -1), "
                    + "but they are \(ids.count) of weight \(weight)"
            )
        }
    }

    /// Notes that an attempt has ended as a record says.
    func end(_ holding: AttemptKey, as record: BatchRecord) throws {
        try state.withLock { state in
            let known = try state.current(holding, "ended")
            let isRepeated = known.end.map {
                $0 == record.status || $0.isBad && record.status.isBad
            }
            guard isRepeated ?? true, record.attempt == holding.attempt else {
                throw Violation("\(holding.words) ended as \(record.status), and otherwise before")
            }
            if record.status == .split { state.report.splits += 1 }
            state.batches[holding.batch]?.end = record.status
        }
    }

    /// Notes that the work on a batch begins: that of none of its ids has begun before.
    func begin(_ holding: AttemptKey, token: String, until leaseEnd: Date) throws {
        try state.withLock { state in
            let known = try state.current(holding, "was begun")
            guard known.end == nil else { throw Violation("\(holding.words) had ended") }
            state.batches[holding.batch]?.leaseEnd = leaseEnd
            if known.begunBy == token { return }
            guard known.begunBy == nil else { throw Violation("\(holding.words) began twice") }
            state.batches[holding.batch]?.begunBy = token
            state.report.begun += 1
            let run = known.record.key.run
            for id in known.record.ids?.ids.map({ $0 }) ?? []
            where !state.begun[run, default: []].insert(id).inserted {
                throw Violation("\(holding.words) begins with id \(id), which had begun before")
            }
        }
    }

    /// Notes that it is taken back that the work on a batch begins.
    func takeBackBegin(_ holding: AttemptKey, token: String) {
        state.withLock { state in
            guard let known = state.batches[holding.batch], known.begunBy == token,
                known.record.attempt == holding.attempt, known.end == nil
            else { return }
            state.batches[holding.batch]?.begunBy = nil
            state.begun[known.record.key.run]?.subtract(known.record.ids?.ids.map { $0 } ?? [])
        }
    }

    func extend(_ holding: AttemptKey, to leaseEnd: Date) throws {
        let now = Date(milliseconds: clock.date.milliseconds)
        try state.withLock { state in
            let known = try state.current(holding, "was extended")
            guard known.end == nil else { throw Violation("\(holding.words) had ended") }
            // Its place may be another's by then.
            guard !state.limits.areAny || known.leaseEnd > now else {
                throw Violation("\(holding.words) was extended after its lease, under budgets")
            }
            state.batches[holding.batch]?.leaseEnd = leaseEnd
        }
    }

    func split(_ holding: AttemptKey, into children: [BatchRecord]) throws {
        try state.withLock { state in
            let known = try state.current(holding, "was split")
            let ids = children.reduce(IDRuns()) { $0.union($1.ids ?? IDRuns()) }
            guard ids == known.record.ids, children.allSatisfy({ $0.parent == holding.batch })
            else {
                throw Violation("\(known.record.words) was split into other ids")
            }
            state.report.splits += 1
            state.batches[holding.batch]?.end = .split
        }
    }

    /// Whether a batch was handed out again since.
    func isOutdated(_ holding: AttemptKey) -> Bool {
        state.withLock { $0.batches[holding.batch]?.record.attempt ?? 0 > holding.attempt }
    }

    /// Notes that an attempt was told that it has lost its batch.
    func lose(_ holding: AttemptKey) throws {
        let now = Date(milliseconds: clock.date.milliseconds)
        try state.withLock { state in
            state.report.lost += 1
            guard let known = state.batches[holding.batch] else { return }
            guard
                known.record.attempt > holding.attempt || known.end != nil || known.leaseEnd <= now
            else {
                throw Violation("\(holding.words) was said to be lost, but holds its batch")
            }
        }
    }

    /// Checks a reason: nobody is waited for longer than the policy says, and no budget refuses
    /// what nothing stands in the way of.
    func check(_ reason: NoBatchReason, of run: String) throws {
        if case .limited(let name, _) = reason { return try refuse(run, by: name) }
        guard case .unsettled(let until?) = reason else { return }
        let longest = plan.policy.settleWait + plan.policy.settleLag
        if until.milliseconds > clock.date.milliseconds + longest.milliseconds {
            throw Violation("ids are waited for until \(until), for longer than \(longest)")
        }
    }

    /// Notes which parts of a batch are done by the attempt that had it fall into parts.
    func noteDone(_ parts: [BatchPart], of holding: AttemptKey) {
        let done = parts.filter(\.isDone).reduce(IDRuns()) { $0.union($1.ids) }
        guard done.count > 0 else { return }
        state.withLock { $0.done[holding.batch] = done }
    }

    /// Whether an attempt is the one that succeeded, as far as was seen.
    func hasSucceeded(_ record: BatchRecord) -> Bool {
        state.withLock { state in
            if let parent = record.parent, let ids = record.ids, state.done[parent] == ids {
                return true
            }
            let known = state.batches[record.id]
            return known?.end == .succeeded && known?.record.attempt == record.attempt
        }
    }

    /// Counts what is left at the end.
    func count(_ body: @Sendable (inout SimulationReport) -> Void) {
        state.withLock { body(&$0.report) }
    }
}

extension BatchStatus {
    /// Whether it is what a failure leads to.
    fileprivate var isBad: Bool { self == .failed || self == .split || self == .quarantined }
}

extension SimulationLedger.State {
    /// The batch, as long as an attempt is its last.
    fileprivate func current(_ holding: AttemptKey, _ what: String) throws -> SimulationLedger.Known
    {
        guard let known = batches[holding.batch] else {
            throw Violation("\(holding.words) \(what), but was handed out to nobody")
        }
        guard known.record.attempt == holding.attempt else {
            throw Violation(
                "\(holding.words) \(what), but attempt \(known.record.attempt) was handed out since"
            )
        }
        return known
    }

    /// Notes whose the ids are now; those of a part were its parent's.
    fileprivate mutating func own(_ record: BatchRecord) throws {
        for id in record.ids?.ids.map({ $0 }) ?? [] {
            let owner = owners[record.key.run, default: [:]][id]
            switch record.kind {
            case .incremental, .backfill, .late:
                if let owner { throw Violation("\(record.words): id \(id) is batch \(owner)'s") }
            case .split:
                guard let owner, owner == record.parent else {
                    throw Violation("\(record.words) is not a part of the batch that has id \(id)")
                }
            case .redrive:
                guard owner != nil else { throw Violation("\(record.words) is of no batch") }
            }
            owners[record.key.run, default: [:]][id] = record.id
        }
    }
}
