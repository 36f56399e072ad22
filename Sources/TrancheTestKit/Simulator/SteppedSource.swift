import Tranche

/// A source as one acquirer of a simulation uses it: each request is a step.
struct SteppedSource: SettlingSource {
    let base: any MetaSource
    let gate: Gate

    static func unwrapped(_ source: any MetaSource) -> any MetaSource {
        (source as? SteppedSource)?.base ?? source
    }

    var definition: SourceDefinition { base.definition }

    var risks: [SourceRisk] { base.risks }

    var isObservable: Bool { base.settling != nil }

    func observeWriters(lag: Duration) async throws -> WriterObservation {
        guard let source = base.settling else { throw Violation("nobody is to be observed") }
        try await gate.pass("observe")
        let observation = try await source.observeWriters(lag: lag)
        let highest = observation.highestID.map(String.init) ?? "none"
        gate.note("observe: highest \(highest), writers \(observation.holders.sorted())")
        return observation
    }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        try await gate.pass("plan")
        let plan = try await base.nextRange(
            after: cursor,
            within: bounds,
            limit: limit,
            batches: batches
        )
        gate.note("plan in \(bounds): \(plan.ranges.map { "[\($0.ids.packed)]" }.joined())")
        return plan
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await gate.pass("read")
        gate.note("read \(range)")
        return try await base.items(in: range, limit: limit)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        try await gate.pass("read")
        gate.note("read \(ids)")
        return try await base.items(withIDs: ids)
    }

    func highestID() async throws -> Int64? {
        try await gate.pass("highest id")
        return try await base.highestID()
    }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await gate.pass("look")
        let items = try await base.matchingItems(in: ranges, limit: limit)
        gate.note("look: \(items.map(\.id))")
        return items
    }

    func floor() async throws -> Int64? { try await base.floor() }

    func tallies(of ranges: [ClosedRange<Int64>]) async throws -> [IDChecksum] {
        try await gate.pass("count")
        let tallies = try await base.tallies(of: ranges)
        gate.note("count: \(tallies.map(\.count))")
        return tallies
    }
}

/// A description that opens a ``SteppedSource``.
struct SteppedDescription: MetaSourceDescription {
    let base: any MetaSourceDescription
    let gate: Gate

    func open(beside store: any InventoryStore) async throws -> any MetaSource {
        let store = (store as? SteppedStore)?.base ?? store
        return SteppedSource(base: try await base.open(beside: store), gate: gate)
    }

    static func == (lhs: SteppedDescription, rhs: SteppedDescription) -> Bool {
        lhs.gate.actor == rhs.gate.actor && AnyHashable(lhs.base) == AnyHashable(rhs.base)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(gate.actor)
        AnyHashable(base).hash(into: &hasher)
    }
}
