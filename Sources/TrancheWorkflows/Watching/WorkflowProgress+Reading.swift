import FoundationEssentials
import Tranche

extension WorkflowProgress {
    private static let failuresShown = 20
    private static let batchesSwept = 1000

    /// Reads the progress of a run from its inventory.
    ///
    /// - Parameters:
    ///   - record: The workflow.
    ///   - inventory: The inventory.
    ///   - source: The source, which tells what is left, or why it cannot be opened.
    /// - Returns: The progress, and what keeps the source from being asked, where it must be.
    /// - Throws: `TrancheError` of the store; `CancellationError`.
    static func read(
        _ record: WorkflowRecord,
        in inventory: Inventory,
        _ source: Result<any MetaSource, any Error>
    ) async throws -> (progress: WorkflowProgress, fault: (any Error)?) {
        let selection = RunSelection(record.key)
        guard let summary = try await inventory.summaries(selection).first else {
            throw TrancheError(.unknownRun, "there is no \(record.key) any more")
        }
        let gaps = try await inventory.gaps(of: record.key)
        let status = RunStatus(summary: summary, gaps: gaps, risks: nil)
        var progress = WorkflowProgress(record, status, at: inventory.now)
        try await progress.addBatches(selection, record.key, inventory)
        var fault: (any Error)?
        do {
            let limit = try Workflow(json: record.text).limit
            progress.left = try await left(of: summary, in: source, by: limit, inventory)
        } catch {
            try Task.checkCancellation()
            if (error as? TrancheError)?.isOfStore ?? false { throw error }
            progress.sourceError = redacted("\(error)")
            fault = error
        }
        // Stuck batches end a run only where nothing else is left.
        switch (progress.state, progress.left?.items == 0 && !summary.isDue) {
        case ("idle", true): progress.state = "complete"
        case ("stuck", false): progress.state = "idle"
        default: break
        }
        if progress.state == "idle" {
            try await progress.addLimits(summary, gaps, inventory)
        }
        progress.estimate(summary)
        return (progress, fault)
    }

    /// Says where what is left is let in by no budget, as `tranche status` says it.
    private mutating func addLimits(
        _ summary: RunSummary,
        _ gaps: [Gap],
        _ inventory: Inventory
    ) async throws {
        let status = RunStatus(
            summary: summary,
            gaps: gaps,
            risks: nil,
            obstacles: try await inventory.obstacles(of: summary.run),
            backlog: left.map { Backlog(items: $0.items, weight: $0.weight, isExact: false) }
        )
        guard case .limited = status.state else { return }
        state = status.state.name
        let waits = status.waits
        reason = (waits.first(where: { $0.closing != nil }) ?? waits.first)?.phrase
    }

    /// Reads what is told of batches one by one, and what limits them.
    private mutating func addBatches(
        _ selection: RunSelection,
        _ key: RunKey,
        _ inventory: Inventory
    ) async throws {
        parallelism =
            try await inventory.budgets(of: key).first { $0.owner == .run(key) }?.limits.batches
        let latest = BatchSelection(runs: selection, limit: Self.batchesSwept)
        mostParallel = Self.mostAtOnce(of: try await inventory.batches(latest), now: at)
        let kinds: [(Amount, BatchStatus?, BatchCause?)] = [
            (failed, .failed, nil), (quarantined, .quarantined, nil), (stuck, nil, .stuck),
        ]
        for (amount, status, cause) in kinds where amount.batches > 0 {
            let asked = BatchSelection(
                runs: selection,
                status: status,
                cause: cause,
                limit: Self.batchesSwept
            )
            failures += try await inventory.batches(asked)
                .filter { ($0.isFinal || $0.cause == .stuck) && $0.cause != .cancelled }
                .map { Failure($0) }
        }
        // One that became stuck or failed for good between two reads is told once.
        var seen: Set<Int64> = []
        failures = failures.filter { seen.insert($0.batch).inserted }
        failures = Array(failures.sorted { $0.batch > $1.batch }.prefix(Self.failuresShown))
    }

    private init(_ record: WorkflowRecord, _ status: RunStatus, at now: Date) {
        job = record.key.job
        meta = record.key.metaTable
        run = record.key.run
        generation = record.generation
        digest = record.digest
        startedAt = record.startedAt
        at = now
        state = status.activity.name
        switch status.activity {
        case .paused(let words): reason = words.isEmpty ? nil : words
        case .held(let words, _): reason = words
        case .cancelled(let cancellation): reason = cancellation.note.reason
        default: break
        }
        let summary = status.summary
        running = Amount(summary.totals[.running])
        succeeded = Amount(summary.totals[.succeeded])
        waiting = Amount(summary.totals[.released])
        waiting.add(Amount(summary.retrying))
        stuck = Amount(summary.causes[.stuck])
        cancelled = Amount(summary.causes[.cancelled])
        failed = Amount(summary.totals[.failed])
        for other in [Amount(summary.retrying), stuck, cancelled] { failed.subtract(other) }
        quarantined = Amount(summary.totals[.quarantined])
        weightPerSecond = summary.weightPerSecond
        itemsPerSecond = summary.itemsPerSecond
    }

    // MARK: What is left

    /// What of the source is in no batch yet: exact where nothing is, else by what a span of ids
    /// came to so far, or by the next item alone.
    private static func left(
        of summary: RunSummary,
        in opened: Result<any MetaSource, any Error>,
        by limit: BatchLimit,
        _ inventory: Inventory
    ) async throws -> Amount? {
        let run = summary.run
        if run.isAtEnd { return Amount() }
        let source = try opened.get()
        // Another one under the same name is another source.
        try run.requireSame(
            definition: source.definition,
            bounds: run.bounds,
            rootIDs: run.rootIDs
        )
        guard let highest = try await source.highestID() else { return Amount() }
        let end = min(highest, run.bounds.upper ?? .max)
        let plan = try await source.nextRange(
            after: run.cursor,
            within: run.bounds,
            limit: BatchLimit(count: 1),
            batches: 1
        )
        guard let next = plan.ranges.first, let id = next.ids.first else {
            return plan.reachedEnd ? Amount() : nil
        }
        // The size of what is decompressed shows at its end.
        guard end < .max - 1 else { return nil }
        let span = max(Double(end) - Double(id) + 1, 1)
        var left = Amount()
        if run.cursor != nil,
            let begin = try await firstID(of: run, in: source, inventory), begin < id
        {
            let share = span / (Double(id) - Double(begin))
            let known = [BatchStatus.running, .succeeded, .released, .failed, .quarantined]
                .compactMap { summary.totals[$0] }
            let items = known.reduce(0) { $0 + Double($1.items) }
            left.items = max(Int((items * share).nearestInteger), next.count)
            left.weight = max(known.reduce(0) { $0 + $1.weight } * share, next.weight)
        } else {
            // Ids that leave nothing out weigh as much as they are many: they are places in a file.
            let items = source.isSeamless ? span / max(next.weight, 1) : span
            left.items = max(Int(items.nearestInteger), 1)
            left.weight = Double(left.items) * next.weight
        }
        let parts = [
            limit.count.map { Double(left.items) / Double($0) },
            limit.weight.map { left.weight / $0 },
        ]
        let batches = parts.compactMap { $0 }.max() ?? 1
        left.batches = max(Int(batches.rounded(.up).nearestInteger), 1)
        return left
    }

    /// The lowest id that the run began with: where its batches begin or, where they reach down
    /// without an end, that of the source.
    private static func firstID(
        of run: RunRecord,
        in source: any MetaSource,
        _ inventory: Inventory
    ) async throws -> Int64? {
        let tiles = try await inventory.tiles(of: run.key, endingAfter: nil, meeting: nil, limit: 1)
        if let begin = tiles.first?.range.lowerBound, begin > .min { return begin }
        let plan = try await source.nextRange(
            after: nil,
            within: run.bounds,
            limit: BatchLimit(count: 1),
            batches: 1
        )
        return plan.ranges.first?.ids.first
    }

    /// Says how much is done, and how long the rest takes.
    private mutating func estimate(_ summary: RunSummary) {
        guard let left else { return }
        let parts = [
            running, succeeded, waiting, failed, quarantined, stuck, cancelled, left,
        ]
        let hasWeights = parts.contains { $0.weight > 0 }
        let size = { (amount: Amount) in hasWeights ? amount.weight : Double(amount.items) }
        let all = parts.reduce(0) { $0 + size($1) }
        donePercent = all > 0 ? size(succeeded) / all * 100 : 100
        // Nobody knows when what is not handed out will be.
        if ["paused", "held", "cancelled", "limited"].contains(state) { return }
        guard let ended = summary.lastSuccess,
            let late = hasWeights ? weightPerSecond : itemsPerSecond, late > 0
        else { return }
        let rest = size(running) + size(waiting) + size(left)
        let sinceStart = max(ended.timeIntervalSince(summary.run.createdAt), 0.001)
        let early = size(succeeded) / sinceStart
        let paces = [late, early].filter { $0 > 0 }
        guard let fast = paces.max(), let slow = paces.min() else { return }
        secondsLeft = SecondsLeft(from: rest / fast, to: rest / slow)
    }

    /// Most batches whose last attempts went on at the same time.
    static func mostAtOnce(of batches: [BatchRecord], now: Date) -> Int {
        let moves = batches.flatMap { batch in
            [(batch.startedAt, 1), (batch.endedAt ?? now, -1)]
        }
        // One that ended as it began is one all the same.
        var (held, most) = (0, min(1, batches.count))
        // Who ends makes room for who begins in the same moment.
        for (_, change) in moves.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) {
            held += change
            most = max(most, held)
        }
        return most
    }
}

extension TrancheError {
    /// Whether the inventory cannot be read.
    fileprivate var isOfStore: Bool {
        [.storeBusy, .storeUnavailable, .storeFailed, .unknownRun].contains(code)
    }
}

extension WorkflowProgress.Amount {
    fileprivate mutating func add(_ other: Self) {
        batches += other.batches
        items += other.items
        weight += other.weight
    }

    /// Takes out a part of it.
    fileprivate mutating func subtract(_ part: Self) {
        batches = max(batches - part.batches, 0)
        items = max(items - part.items, 0)
        // Without a batch there is no weight, however the sums were rounded.
        weight = batches == 0 ? 0 : max(weight - part.weight, 0)
    }
}

extension WorkflowProgress.Failure {
    /// The report on a batch that failed for good or is stuck.
    init(_ record: BatchRecord) {
        self.init(
            batch: record.id,
            idStart: record.idStart,
            idEnd: record.idEnd,
            error: record.logging
        )
    }
}
