import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("The interleaving simulator")
struct SimulatorTests {
    private static let parts = 25

    /// How many interleavings; `TRANCHE_TEST_SEEDS` says how many, to look longer than usual.
    private static var seeds: Int {
        let asked = ProcessInfo.processInfo.environment["TRANCHE_TEST_SEEDS"].flatMap { Int($0) }
        return max(5000, asked ?? 0)
    }

    @Test("Nothing is lost or done twice on the reference store", arguments: 0..<parts)
    func reference(part: Int) async throws {
        var sum = SimulationReport()
        for seed in stride(from: part, to: Self.seeds, by: Self.parts) {
            sum += try await Simulator(seed: UInt64(seed)).run()
        }
        // Whatever is to be found out was tried.
        #expect(sum.late > 0 && sum.splits > 0 && sum.lost > 0 && sum.bad > 0, "\(sum)")
        #expect(sum.limited > 0, "\(sum)")
    }

    @Test("No item's work starts twice where that is promised", arguments: 0..<parts)
    func atMostOnce(part: Int) async throws {
        var sum = SimulationReport()
        for seed in stride(from: part, to: Self.seeds, by: Self.parts) {
            sum += try await Simulator(seed: UInt64(seed), execution: .atMostOnce).run()
        }
        #expect(sum.begun > 0 && sum.lost > 0 && sum.bad == 0, "\(sum)")
    }

    @Test("Without the mark that work has begun, it starts twice")
    func withoutBegin() async throws {
        let failure = try await firstFailure(execution: .atMostOnce) { simulator, clock in
            try await simulator.run(
                store: ForgetfulStore(base: MemoryInventoryStore(clock: clock)),
                clock: clock,
                table: MemoryTable()
            )
        }
        #expect(failure.message.contains("although it had begun"))
    }

    @Test("The same seed makes the same steps")
    func repeatable() async throws {
        for seed: UInt64 in 0..<20 {
            let simulator = Simulator(seed: seed)
            #expect(try await simulator.run() == simulator.run(), "seed \(seed)")
        }
    }

    @Test("Without the ceiling, ids are lost")
    func withoutCeiling() async throws {
        let failure = try await firstFailure { simulator, clock in
            try await simulator.run(
                store: MemoryInventoryStore(clock: clock),
                clock: clock,
                table: UnobservedTable(base: MemoryTable())
            )
        }
        #expect(failure.message.contains("lost the id"))
    }

    @Test("Without the gaps, ids are lost")
    func withoutGaps() async throws {
        let failure = try await firstFailure { simulator, clock in
            try await simulator.run(
                store: BlindStore(base: MemoryInventoryStore(clock: clock)),
                clock: clock,
                table: MemoryTable()
            )
        }
        #expect(failure.message.contains("lost the id"))
    }

    @Test("Without the fence, a success is recorded of who had lost the batch")
    func withoutFence() async throws {
        let failure = try await firstFailure { simulator, clock in
            try await simulator.run(
                store: UnfencedStore(base: MemoryInventoryStore(clock: clock)),
                clock: clock,
                table: MemoryTable()
            )
        }
        #expect(failure.message.contains("was handed out since"))
    }

    @Test("Where budgets allow more than was said, more is let in")
    func withoutLimits() async throws {
        let failure = try await firstFailure { simulator, clock in
            try await simulator.run(
                store: OtherLimitsStore(
                    base: MemoryInventoryStore(clock: clock),
                    limits: BudgetLimits()
                ),
                clock: clock,
                table: MemoryTable()
            )
        }
        #expect(failure.message.contains("are held under '"), "\(failure.message)")
    }

    @Test("Where a budget lets nothing in, that is found out")
    func withoutRoom() async throws {
        let failure = try await firstFailure { simulator, clock in
            try await simulator.run(
                store: OtherLimitsStore(
                    base: MemoryInventoryStore(clock: clock),
                    limits: BudgetLimits(batches: 0)
                ),
                clock: clock,
                table: MemoryTable()
            )
        }
        #expect(failure.message.contains("although nothing is held"), "\(failure.message)")
    }

    @Test("A failure names the seed and draws the steps side by side")
    func drawing() async throws {
        let failure = try await firstFailure { simulator, clock in
            try await simulator.run(
                store: UnfencedStore(base: MemoryInventoryStore(clock: clock)),
                clock: clock,
                table: MemoryTable()
            )
        }
        let lines = failure.description.split(separator: "\n")
        #expect(lines.first?.hasPrefix("seed \(failure.seed): ") == true)
        let heading = try #require(lines.dropFirst().first)
        let column = try #require(heading.range(of: "acquirers")?.lowerBound)
        let width = heading.distance(from: heading.startIndex, to: column)
        #expect(heading.contains("writers"))
        for line in lines.dropFirst(2) {
            let text = line.dropFirst(14)
            #expect(text.hasPrefix("w") || line.dropFirst(width).first?.isLetter == true, "\(line)")
        }
    }

    /// The first failure that a faulty store or source leads to.
    private func firstFailure(
        execution: RunPolicy.Execution = .atLeastOnce,
        _ simulate: (Simulator, ManualClock) async throws -> SimulationReport
    ) async throws -> SimulationFailure {
        for seed: UInt64 in 0..<200 {
            do {
                // What no watch finds must be found otherwise.
                let simulator = Simulator(seed: seed, watch: .zero, execution: execution)
                _ = try await simulate(simulator, ManualClock())
            } catch let failure as SimulationFailure {
                #expect(failure.seed == seed)
                return failure
            }
        }
        throw NothingFound()
    }
}

private struct NothingFound: Error {}

/// A store that forgets that work has begun, and offers the batch again.
private struct ForgetfulStore: ForwardingStore {
    let base: any InventoryStore

    func begin(_ holding: AttemptKey, token: String) async throws -> Date {
        try await base.heartbeat(holding)
    }
}

/// A store that takes every success for that of the attempt that holds the batch.
private struct UnfencedStore: ForwardingStore {
    let base: any InventoryStore

    func succeed(_ ending: AttemptSuccess) async throws -> BatchRecord {
        var ending = ending
        let batch = try await base.batches(BatchSelection(ids: [ending.holding.batch])).first
        if let batch { ending.holding.attempt = batch.attempt }
        return try await base.succeed(ending)
    }
}

/// A store that gives budgets other limits than it is told.
private struct OtherLimitsStore: ForwardingStore {
    let base: any InventoryStore
    let limits: BudgetLimits

    func change(
        budget name: String,
        _ change: BudgetChange,
        _ note: ChangeNote
    ) async throws -> Budget? {
        try await base.change(budget: name, .limits(limits), note)
    }
}

/// A store that finds nothing in its gaps.
private struct BlindStore: ForwardingStore {
    let base: any InventoryStore

    func acquire(
        _ request: AcquireRequest,
        from source: any MetaSource,
        with input: AcquireInput
    ) async throws -> AcquireOutcome {
        var input = input
        input.gapChecks = input.gapChecks?.map { look in
            var look = look
            look.found = []
            return look
        }
        return try await base.acquire(request, from: source, with: input)
    }
}

/// A table whose source does not say who writes to it.
private struct UnobservedTable: SimulatedTable {
    let base: any SimulatedTable

    var allowsConcurrentWriters: Bool { base.allowsConcurrentWriters }

    var blocksInventory: Bool { base.blocksInventory }

    func describe(filter: SourceFilter?) -> any MetaSourceDescription {
        Description(base: AnyDescription(base.describe(filter: filter)))
    }

    func reserve(_ count: Int) async throws -> [Int64] {
        try await base.reserve(count)
    }

    func withTransaction(
        _ body: @escaping @Sendable (any SimulatedTransaction) async throws -> Bool
    ) async throws {
        try await base.withTransaction(body)
    }

    private struct Description: MetaSourceDescription {
        let base: AnyDescription

        func open(beside store: any InventoryStore) async throws -> any MetaSource {
            Source(base: try await base.description.open(beside: store))
        }
    }

    private struct AnyDescription: Hashable, Sendable {
        let description: any MetaSourceDescription

        init(_ description: any MetaSourceDescription) {
            self.description = description
        }

        static func == (lhs: AnyDescription, rhs: AnyDescription) -> Bool {
            AnyHashable(lhs.description) == AnyHashable(rhs.description)
        }

        func hash(into hasher: inout Hasher) {
            AnyHashable(description).hash(into: &hasher)
        }
    }

    private struct Source: MetaSource {
        let base: any MetaSource

        var definition: SourceDefinition { base.definition }

        func nextRange(
            after cursor: Int64?,
            within bounds: IDBounds,
            limit: BatchLimit,
            batches: Int
        ) async throws -> RangePlan {
            try await base.nextRange(after: cursor, within: bounds, limit: limit, batches: batches)
        }

        func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
            try await base.items(in: range, limit: limit)
        }

        func items(withIDs ids: [Int64]) async throws -> [Item] {
            try await base.items(withIDs: ids)
        }

        func highestID() async throws -> Int64? {
            try await base.highestID()
        }

        func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
            try await base.matchingItems(in: ranges, limit: limit)
        }
    }
}
