import Tranche

/// What a random schedule knows of its items and batches, apart from any store.
struct ScheduleWorld: Sendable {
    /// The runs of the job.
    let runs: [(name: String, bounds: IDBounds, policy: RunPolicy)]
    /// The filter of the job's source.
    let filter: SourceFilter?
    /// Whether the items have keys.
    let hasKeys: Bool
    private var rows: [Int64: SourceRow] = [:]
    private var held: [ScheduleStep.Held] = []
    /// The ids that were handed out, by run.
    private var handedOut: [String: Set<Int64>] = [:]
    private var nextID: Int64
    private var lastKey: String?

    init(random: inout SplitMix64) {
        filter = random.pick([nil, nil, .even, .notThirds])
        hasKeys = random.hits(oneIn: 2)
        runs = [
            ("", IDBounds(), Self.makePolicy(&random)),
            ("low", IDBounds(-10...40), Self.makePolicy(&random)),
            ("high", IDBounds(lower: 30, upper: random.pick([nil, 90])), Self.makePolicy(&random)),
        ]
        nextID = random.pick([-20, -1, 0, 1])
    }

    /// A batch as it was handed out.
    struct HandedOut: Sendable {
        /// Its place in the order of first hand-outs.
        var batch: Int
        var record: BatchRecord
    }

    // MARK: Steps

    /// Makes up the next step.
    ///
    /// - Parameters:
    ///   - due: The runs that have batches to offer, or ids behind their cursor. Of these one batch
    ///     is asked for at a time: whether new ones join others in one answer is a store's own
    ///     choice.
    ///   - random: Where chance comes from.
    /// - Returns: The step.
    mutating func makeStep(due: Set<String>, random: inout SplitMix64) -> ScheduleStep {
        let run = random.pick([0, 0, 1, 2])
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35:
            return .acquire(run: run, makeAsked(isDue: due.contains(runs[run].name), &random))
        case 35..<65:
            guard let holding = pickHeld(&random) else { return .advance(1) }
            let end = random.pick(ScheduleStep.End.allCases + [.succeed, .succeed, .fail])
            return .end(batch: holding.batch, attempt: holding.attempt, end)
        case 65..<80:
            let step = random.hits(oneIn: 4) ? 40_000 : 6000
            return .advance(Int64.random(in: 0...Int64(step), using: &random))
        case 80..<90:
            return .insert(
                (0..<Int.random(in: 1...6, using: &random)).map { _ in makeRow(&random) }
            )
        case 90..<92:
            let ids = rows.keys.sorted()
            guard !ids.isEmpty else { return .advance(1) }
            return .delete(
                (0..<Int.random(in: 1...4, using: &random)).map { _ in random.pick(ids) }
            )
        case 92..<94:
            return makeStop(run, &random)
        case 94..<97:
            if hasKeys, random.hits(oneIn: 2) {
                return .perKey(run: run, random.pick([nil, 1, 1, 2, 3]))
            }
            return makeLimit(run, &random)
        case 97..<98:
            return .retry(run: run, mayRepeat: random.hits(oneIn: 2))
        case 98..<99:
            return .redrive(run: run)
        default:
            return .redefine(run: run, Self.makePolicy(&random))
        }
    }

    /// The steps that end what was handed out since a number of hand-outs.
    func stepsToEnd(since count: Int) -> [ScheduleStep] {
        held.dropFirst(count).map { .end(batch: $0.batch, attempt: $0.attempt, .succeed) }
    }

    /// How many hand-outs there were.
    var handOuts: Int { held.count }

    private func makeStop(_ run: Int, _ random: inout SplitMix64) -> ScheduleStep {
        switch random.pick([0, 1, 2, 3]) {
        case 0: .cancel(run: run, batch: random.hits(oneIn: 3) ? nil : pickHeld(&random)?.batch)
        case 1: .takeBack(run: run)
        default: .pause(run: run, random.hits(oneIn: 3))
        }
    }

    private func makeLimit(_ run: Int, _ random: inout SplitMix64) -> ScheduleStep {
        switch random.pick([0, 1, 2, 3]) {
        case 3: .budgetOfAll(random.pick([nil, BudgetLimits(batches: 3), BudgetLimits(weight: 9)]))
        case 0: .parallelism(run: run, random.pick([nil, nil, 0, 1, 2, 3]))
        case 1: .refer(run: run, random.hits(oneIn: 2))
        default:
            .budget(
                BudgetLimits(
                    batches: random.pick([nil, 1, 2, 4]),
                    weight: random.pick([nil, nil, 3, 12])
                )
            )
        }
    }

    private static func makePolicy(_ random: inout SplitMix64) -> RunPolicy {
        RunPolicy(
            lease: .seconds(random.pick([10, 30])),
            maxAttempts: random.pick([1, 2, 3, 5]),
            backoff: .seconds(random.pick([0, 1, 5])),
            backoffLimit: .seconds(random.pick([5, 12])),
            onExhausted: random.pick([.fail, .split])
        )
    }

    private func makeAsked(isDue: Bool, _ random: inout SplitMix64) -> ScheduleStep.Asked {
        var asked = ScheduleStep.Asked()
        asked.limit.weight = random.pick([nil, 1, 3.5, 10])
        asked.limit.count = random.pick([nil, 1, 2, 5])
        if random.hits(oneIn: 4) {
            asked.minWeight = random.pick([2, 6])
            asked.linger = .seconds(random.pick([0, 10, 25]))
        }
        if random.hits(oneIn: 3) { asked.last = pickHeld(&random) }
        if !isDue, random.hits(oneIn: 3) { asked.batches = Int.random(in: 2...4, using: &random) }
        return asked
    }

    /// Mostly one of the newest, sometimes one that was lost or ended long ago.
    private func pickHeld(_ random: inout SplitMix64) -> ScheduleStep.Held? {
        if held.isEmpty { return nil }
        return random.pick(random.hits(oneIn: 3) ? held : Array(held.suffix(5)))
    }

    private mutating func makeRow(_ random: inout SplitMix64) -> SourceRow {
        let weight: Double? = random.pick([nil, 0, 0.5, 1, 2, 3, 7])
        var id = Int64.random(in: (nextID - 30)...(nextID - 1), using: &random)
        if rows[id] != nil || !random.hits(oneIn: 4) {
            id = nextID
            nextID += Int64.random(in: 1...3, using: &random)
        }
        var row = SourceRow(id, weight: weight)
        if hasKeys {
            if random.hits(oneIn: 3) { lastKey = random.pick(["a", "b", "c", nil]) }
            row.item = lastKey
        }
        rows[id] = row
        return row
    }

    // MARK: What happened

    /// Notes what a step did to the items.
    mutating func note(_ step: ScheduleStep) {
        guard case .delete(let ids) = step else { return }
        for id in ids { rows[id] = nil }
    }

    /// Notes the holder of a batch.
    mutating func hold(_ handedOut: HandedOut) {
        held.append(.init(batch: handedOut.batch, attempt: handedOut.record.attempt))
    }

    /// The runs that have ids behind their cursor which were not handed out.
    func runsWithLateIDs(cursors: [String: Int64]) -> Set<String> {
        let late = runs.filter { run in
            let known = handedOut[run.name] ?? []
            let cursor = cursors[run.name] ?? .min
            return rows.keys.contains {
                $0 <= cursor && mayUse($0, run.bounds) && !known.contains($0)
            }
        }
        return Set(late.map(\.name))
    }

    private func mayUse(_ id: Int64, _ bounds: IDBounds) -> Bool {
        guard let row = rows[id], bounds.contains(id) else { return false }
        return filter?.admits(row.asItem) ?? true
    }

    /// Checks that a new batch has all items between the cursor and its end, and no others; or, as
    /// a late one, only items that nobody was handed out.
    ///
    /// - Parameters:
    ///   - handedOut: The batch.
    ///   - cursors: The cursors of the runs before, by name.
    /// - Throws: ``ConformanceFailure``.
    mutating func check(_ handedOut: HandedOut, cursors: [String: Int64]) throws {
        let record = handedOut.record
        guard record.attempt == 1, let run = runs.first(where: { $0.name == record.key.run }),
            record.isTile || record.kind == .late
        else { return }
        let found = record.ids.map { Array($0.ids) } ?? []
        let name = "batch \(handedOut.batch)"
        let cursor = max(cursors[run.name] ?? .min, record.coverStart ?? .min)
        if record.isTile {
            let expected = rows.keys.sorted().filter { id in
                id > cursor && id <= record.idEnd && mayUse(id, run.bounds)
            }
            try requireEqual(found, expected, "the ids of \(name) after \(cursor)")
        } else {
            let known = self.handedOut[run.name] ?? []
            for id in found {
                try require(
                    id <= cursor && mayUse(id, run.bounds) && !known.contains(id),
                    "the late \(name) has the id \(id)"
                )
            }
        }
        self.handedOut[run.name, default: []].formUnion(found)
        let weight = found.reduce(0) { $0 + (rows[$1]?.weight ?? 0) }
        try requireEqual(record.weight, weight, "the weight of \(name)")
        if hasKeys {
            let keys = Set(found.map { rows[$0]?.item })
            try requireEqual(keys, [record.itemKey], "the keys of the items of \(name)")
        }
    }
}
