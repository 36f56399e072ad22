import Foundation
import Tranche

/// One of the two stores of a random schedule, whose answers are given as text.
///
/// Batches are named by their place in the order of first hand-outs: numbers are the store's own.
actor ScheduleSide {
    private let subject: ConformanceSubject
    private let inventory: Inventory
    private let source: any ConformanceSource
    private let description: any MetaSourceDescription
    private let world: ScheduleWorld
    private let start: Int64
    private var metaTable = ""
    private var numbers: [Int64] = []
    private var handedOut: [ScheduleWorld.HandedOut] = []
    private var held: [AttemptKey: Batch] = [:]

    init(_ subject: ConformanceSubject, _ world: ScheduleWorld) async throws {
        self.subject = subject
        self.world = world
        inventory = subject.makeInventory()
        source = try await subject.makeSource()
        description = source.describe(
            hasWeights: true,
            filter: world.filter,
            hasKeys: world.hasKeys
        )
        start = subject.now.milliseconds
        metaTable = try await inventory.source(description).definition.table
        try await inventory.setBudget(Self.budget, BudgetLimits())
    }

    /// The budget that runs may share.
    private static let budget = "shared"

    // MARK: Steps

    /// Makes a step, and returns the answer.
    func make(_ step: ScheduleStep) async throws -> String {
        do {
            return try await answer(to: step)
        } catch let error as TrancheError {
            return "error \(error.code)"
        }
    }

    private func answer(to step: ScheduleStep) async throws -> String {
        switch step {
        case .acquire(let run, let asked):
            return try await acquire(run, asked)
        case .end(let batch, let attempt, let end):
            return try await make(end, AttemptKey(batch: numbers[batch], attempt: attempt))
        case .advance(let milliseconds):
            subject.clock.advance(by: .milliseconds(milliseconds))
        case .insert(let rows):
            try await source.insert(rows)
        case .delete(let ids):
            try await source.delete(ids)
        case .pause(let run, let isPaused):
            try await subject.store.setPause(isPaused ? "a pause" : nil, of: key(run))
        case .cancel(let run, let batch):
            let id = batch.map { numbers[$0] }
            let note = ChangeNote(by: "somebody", reason: "a cancel")
            let batches = try await subject.store.cancel(key(run), batch: id, note)
            return "\(batches.map { place(of: $0) }.sorted())"
        case .takeBack(let run):
            try await subject.store.takeBackCancel(of: key(run), ChangeNote())
            let selection = BatchSelection(runs: RunSelection(key(run)), cause: .cancelled)
            let batches = try await subject.store.retry(selection)
            return "\(batches.map { place(of: $0) }.sorted())"
        case .parallelism(let run, let most):
            try await inventory.setParallelism(most, of: key(run))
        case .perKey(let run, let most):
            try await inventory.setPerKey(most, of: key(run))
        case .refer(let run, let refers):
            try await inventory.setBudgets(refers ? [Self.budget] : [], of: key(run))
        case .budgetOfAll(let limits?):
            let budget = try await inventory.setBudget(Budget.ofAll, limits)
            return "held \(budget?.held.batches ?? 0)"
        case .budgetOfAll(nil):
            try await inventory.change(budget: Budget.ofAll, .remove)
        case .budget(let limits):
            let budget = try await inventory.setBudget(Self.budget, limits)
            let held = budget?.held ?? BudgetUse()
            return "held \(held.batches) \(held.weight)"
        case .retry(let run, let mayRepeat):
            let selection = BatchSelection(runs: RunSelection(key(run)))
            let batches = try await subject.store.retry(selection, mayRepeat: mayRepeat)
            return "\(batches.map { place(of: $0) }.sorted())"
        case .redrive(let run):
            let selection = BatchSelection(runs: RunSelection(key(run)))
            let batches = try await subject.store.redrive(selection, items: nil)
            return batches.sorted { $0.id < $1.id }.map { text($0) }.joined(separator: "\n")
        case .redefine(let run, let policy):
            try await subject.store.redefine(
                key(run),
                definition: nil,
                bounds: nil,
                policy: policy
            )
        }
        return "done"
    }

    private func acquire(_ run: Int, _ asked: ScheduleStep.Asked) async throws -> String {
        let request = BatchRequest(
            job: "job",
            run: world.runs[run].name,
            ids: world.runs[run].bounds,
            limit: asked.limit,
            minWeight: asked.minWeight,
            linger: asked.minWeight == nil ? .zero : asked.linger,
            policy: world.runs[run].policy
        )
        let last = asked.last.flatMap { last in
            held[AttemptKey(batch: numbers[last.batch], attempt: last.attempt)]
        }
        let (batches, reason) = try await inventory.acquire(
            upTo: asked.batches,
            request,
            from: description,
            isDraining: false,
            after: last.map {
                Batch.Done($0, AttemptSuccess($0.holding, result: "{}", logging: "in passing"))
            }
        )
        if batches.isEmpty, asked.batches == 1 { return text(reason) }
        var lines: [String] = []
        for batch in batches {
            lines.append(text(batch.record))
            lines.append("  items \(try await batch.items.map { "\($0.id):\($0.weight)" })")
            held[batch.holding] = batch
            handedOut.append(
                ScheduleWorld.HandedOut(batch: place(of: batch.id), record: batch.record)
            )
        }
        return lines.joined(separator: "\n")
    }

    private func make(_ end: ScheduleStep.End, _ holding: AttemptKey) async throws -> String {
        switch end {
        case .succeed:
            let result = #"{"attempt":\#(holding.attempt)}"#
            return text(try await subject.store.succeed(holding, result: result, logging: "fine"))
        case .fail:
            return text(try await subject.store.fail(holding, with: BatchFailure("no")))
        case .failForNow:
            let failure = BatchFailure("not now", isTransient: true)
            return text(try await subject.store.fail(holding, with: failure))
        case .failBadItems:
            return try await failBadItems(holding)
        case .release:
            return text(try await subject.store.release(holding))
        case .putOff:
            let deferral = BatchDeferral(for: .seconds(4), parking: Self.budget, reason: "busy")
            let deferred = try await subject.store.release(
                holding,
                deferral,
                jitter: .milliseconds(500),
                ChangeNote()
            )
            return text(deferred.record) + (deferred.complaint == nil ? "" : " none parked")
        case .heartbeat:
            return time(try await subject.store.heartbeat(holding))
        case .begin:
            return time(try await subject.store.begin(holding, token: "\(holding.attempt)"))
        }
    }

    /// Blames the first item, and in every second attempt the last.
    private func failBadItems(_ holding: AttemptKey) async throws -> String {
        let batch = try await inventory.batch(holding.batch)
        let bad: Set = holding.attempt % 2 == 0 ? [batch.idStart, batch.idEnd] : [batch.idStart]
        var failure = BatchFailure("bad items")
        failure.parts = try await inventory.parts(
            of: batch,
            bad: bad,
            in: try await inventory.source(description)
        )
        return text(try await subject.store.fail(holding, with: failure))
    }

    // MARK: Looking

    /// What was handed out since the last call.
    func takeHandedOut() -> [ScheduleWorld.HandedOut] {
        defer { handedOut = [] }
        return handedOut
    }

    /// The runs' cursors, by name.
    func cursors() async throws -> [String: Int64] {
        var cursors: [String: Int64] = [:]
        for run in try await subject.store.runs(RunSelection()) {
            cursors[run.key.run] = run.cursor
        }
        return cursors
    }

    /// The names of the runs that have batches to offer.
    func runsWithOffers() async throws -> Set<String> {
        let now = subject.now
        let batches = try await subject.store.batches(BatchSelection())
        return Set(batches.filter { $0.isDue(at: now) }.map(\.key.run))
    }

    /// All runs, batches and attempts.
    func rows() async throws -> String {
        var lines: [String] = []
        for summary in try await subject.store.summaries(RunSelection()) {
            lines.append(text(summary))
        }
        lines.sort()
        for batch in try await subject.store.batches(BatchSelection()).reversed() {
            lines.append(text(batch))
            for attempt in try await subject.store.attempts(of: batch.id) {
                lines.append(
                    "  attempt \(attempt.attempt) \(attempt.outcome) \(attempt.worker ?? "")"
                        + " \(time(attempt.startedAt)) to \(time(attempt.endedAt))"
                        + (attempt.outcome == .failed ? " \(attempt.error ?? "")" : "")
                )
            }
        }
        return lines.joined(separator: "\n")
    }

    /// All gaps, for the message of a failure: one that keeps them from being read is told there.
    func gaps() async -> String {
        var lines: [String] = []
        do {
            for run in try await subject.store.runs(RunSelection()) {
                for gap in try await subject.store.gaps(of: run.key) {
                    let known = gap.known.map(String.init) ?? "-"
                    lines.append(
                        "  '\(run.key.run)' \(gap.range) found \(time(gap.foundAt)) known \(known)"
                            + " looks \(gap.looks), next \(time(gap.nextLook))"
                            + " until \(time(gap.watchUntil)) holders \(gap.holders.sorted())"
                            + (gap.isRedo ? " again" : "")
                    )
                }
            }
        } catch {
            lines.append("  they cannot be read: \(error)")
        }
        return lines.sorted().joined(separator: "\n")
    }

    /// Checks that of the key of a batch that was just handed out no more is held than may be.
    func checkKey(of batch: BatchRecord) async throws {
        let selection = RunSelection(batch.key)
        guard let most = try await subject.store.runs(selection).first?.perKey else { return }
        let running = BatchSelection(runs: selection, status: .running)
        let now = subject.now
        let held = try await subject.store.batches(running).count { other in
            other.itemKey == batch.itemKey && other.leaseExpiresAt.map { $0 > now } ?? false
        }
        try require(
            held <= most,
            "\(held) batches of key \(batch.itemKey ?? "NULL") of \(batch.key) are held, and "
                + "\(most) may be"
        )
    }

    /// Checks that the tiles of each run leave nothing out, and that no id is in two batches.
    func checkTiles() async throws {
        for run in try await subject.store.runs(RunSelection()) {
            let selection = BatchSelection(runs: RunSelection(run.key))
            var end: Int64?
            var ids = Set<Int64>()
            for batch in try await subject.store.batches(selection).reversed() {
                if batch.isTile {
                    try requireEqual(
                        batch.coverStart,
                        end,
                        "where the tile of batch \(batch.id) begins"
                    )
                    end = batch.idEnd
                }
                // The ids of a batch that was split are its parts'.
                if batch.status == .split { continue }
                for id in batch.ids.map({ Array($0.ids) }) ?? [] {
                    try require(ids.insert(id).inserted, "id \(id) is in two batches of \(run.key)")
                    try require(run.bounds.contains(id), "id \(id) is outside \(run.bounds)")
                }
            }
            try requireEqual(run.tileEnd, end, "the end of the last tile of \(run.key)")
        }
    }

    // MARK: Text

    private func key(_ run: Int) -> RunKey {
        RunKey(metaTable: metaTable, job: "job", run: world.runs[run].name)
    }

    private func place(of number: Int64) -> Int {
        if let place = numbers.firstIndex(of: number) { return place }
        numbers.append(number)
        return numbers.count - 1
    }

    private func time(_ date: Date?) -> String {
        date.map { "\($0.milliseconds - start)ms" } ?? "-"
    }

    private func text(_ reason: NoBatchReason) -> String {
        switch reason {
        case .waiting(let until): "waiting until \(time(until))"
        case .stuck(let until): "stuck until \(time(until))"
        case .held, .heldBack: "held"
        case .cancelled: "cancelled"
        case .limited(let name, _): "limited by \(name)"
        default: "\(reason)"
        }
    }

    private func text(_ batch: BatchRecord) -> String {
        let logging = batch.logging ?? "-"
        let ids = batch.itemIDs?.packed ?? "all"
        let result = batch.result.flatMap { try? plainJSON($0) } ?? "-"
        return "batch \(place(of: batch.id)) \(batch.kind) '\(batch.key.run)' \(batch.status)"
            + " attempt \(batch.attempt) failures \(batch.failures)"
            + " ids \(batch.idStart)...\(batch.idEnd) (\(ids))"
            + " after \(batch.coverStart.map(String.init) ?? "-")"
            + " of \(batch.parent.map { "batch \(place(of: $0))" } ?? "-")"
            + " key \(batch.itemKey ?? "-") count \(batch.count) weight \(batch.weight ?? -1) by "
            + "\(batch.worker ?? "-")"
            + " from \(time(batch.startedAt)) to \(time(batch.endedAt))"
            + " lease \(time(batch.leaseExpiresAt)) retry \(time(batch.retryAt))"
            + " put off \(batch.deferrals) since \(time(batch.deferredSince))"
            + " cause \(batch.cause?.rawValue ?? "-") begun \(time(batch.begunAt))"
            + " result \(result) logging \(logging.hasPrefix("lease expired") ? "expired" : logging)"
    }

    private func text(_ summary: RunSummary) -> String {
        let run = summary.run
        let totals = summary.totals.filter { $0.value.batches > 0 }
            .map { "\($0.key) \($0.value.batches)/\($0.value.items)/\($0.value.weight)" }
            .sorted()
            .joined(separator: ", ")
        return "run '\(run.key.run)' \(run.bounds) cursor \(run.cursor.map(String.init) ?? "-")"
            + " tile end \(run.tileEnd.map(String.init) ?? "-") \(run.policy)"
            + " cancelled \(time(run.cancellation?.at))"
            + " pause \(run.pauseReason ?? "-") pending \(time(run.pendingSince))"
            + " totals \(totals) due \(time(summary.nextDue)) success \(time(summary.lastSuccess))"
    }
}
