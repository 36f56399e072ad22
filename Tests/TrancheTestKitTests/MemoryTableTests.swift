import Testing
import Tranche
import TrancheTestKit

@Suite("The table in memory")
struct MemoryTableTests {
    @Test("Rows are seen once they are committed, whatever order their ids were drawn in")
    func commits() async throws {
        let table = MemoryTable("events", items: [Item(id: 4)])
        let (slow, fast, wrong) = (table.begin(), table.begin(), table.begin())
        let first = try slow.reserve()
        let second = try fast.reserve(2)
        #expect(first == 5 && second == [6, 7])
        try slow.insert([Item(id: first)])
        try fast.insert(second.map { Item(id: $0) })
        try wrong.insert([Item(id: try wrong.reserve())])
        #expect(try await table.highestID() == 4)
        try fast.commit()
        try wrong.rollback()
        #expect(table.items.map(\.id) == [4, 6, 7])
        try slow.commit()
        #expect(table.items.map(\.id) == [4, 5, 6, 7])
        #expect(table.reserve() == 9)
    }

    @Test("Who has drawn an id or put in a row is a writer until its transaction ends")
    func writers() async throws {
        let table = MemoryTable()
        let (drawing, inserting, idle) = (table.begin(), table.begin(), table.begin())
        _ = try drawing.reserve()
        let outside = table.reserve(3)
        #expect(try await table.observeWriters(lag: .zero).holders.count == 1)
        try inserting.insert([Item(id: outside[1])])
        #expect(try await table.observeWriters(lag: .zero).holders.count == 2)
        try inserting.commit()
        let observation = try await table.observeWriters(lag: .zero)
        #expect(observation.highestID == 3)
        #expect(observation.holders.count == 1)
        try drawing.rollback()
        try idle.commit()
        #expect(try await table.observeWriters(lag: .zero).holders.isEmpty)
    }

    @Test("A restart ends what is not prepared, and names anew what is")
    func restart() async throws {
        let table = MemoryTable()
        let (open, prepared) = (table.begin(), table.begin())
        let ids = [try open.reserve(), try prepared.reserve()]
        try prepared.insert([Item(id: ids[1])])
        try prepared.prepare()
        let before = try await table.observeWriters(lag: .zero)
        #expect(before.holders.count == 2 && before.survivors.isEmpty)
        table.restart()
        let after = try await table.observeWriters(lag: .zero)
        #expect(after.epoch != before.epoch)
        #expect(after.holders.count == 1 && after.holders == after.survivors)
        #expect(after.holders.isDisjoint(with: before.holders))
        #expect(throws: TrancheError.self) { try open.commit() }
        try prepared.commit()
        #expect(table.items.map(\.id) == [2])
    }

    @Test("A transaction that has ended, or an id that is there, is refused")
    func refusals() throws {
        let table = MemoryTable(items: [Item(id: 1)])
        let transaction = table.begin()
        #expect(throws: TrancheError.self) { try transaction.insert([Item(id: 1)]) }
        try transaction.rollback()
        #expect(throws: TrancheError.self) { try transaction.reserve() }
        #expect(throws: TrancheError.self) { try transaction.prepare() }
    }

    @Test("Views share the table, and leave out what their filter leaves out")
    func views() async throws {
        let table = MemoryTable("events")
        let view = table.view(filter: .even)
        try table.withIDs(3)
        #expect(try await view.matchingItems(in: [1...3], limit: 9).map(\.id) == [2])
        #expect(try await view.items(in: 1...3, limit: 9).map(\.id) == [1, 2, 3])
        #expect(view.definition.filter == "id % 2 = 0")
        #expect(view.definition.database == table.definition.database)
    }

    @Test("What a hanging writer commits at last is handed out late, prepared or not")
    func lateCommits() async throws {
        for isPrepared in [false, true] {
            let clock = ManualClock()
            let store = MemoryInventoryStore(clock: clock)
            let inventory = Inventory(
                store: store,
                configuration: .init(store: StoreConfiguration(now: { clock.date }), clock: clock)
            )
            let table = MemoryTable()
            let slow = table.begin()
            try slow.insert([Item(id: try slow.reserve())])
            try table.withIDs(1)
            let request = BatchRequest(
                job: "job",
                policy: RunPolicy(settleWait: .seconds(5), watch: .zero)
            )
            let waiting = try await inventory.acquire(request, from: table)
            guard case .noBatch(.unsettled) = waiting else {
                throw Unexpected(answer: "\(waiting)")
            }
            if isPrepared {
                try slow.prepare()
                table.restart()
                _ = try await inventory.acquire(request, from: table)
            }
            clock.advance(by: .seconds(5))
            try await take(inventory, request, from: table, ids: [2])
            clock.advance(by: .seconds(5))
            let open = try await inventory.acquire(request, from: table)
            guard case .noBatch(.unsettled) = open else { throw Unexpected(answer: "\(open)") }
            try slow.commit()
            clock.advance(by: .seconds(1))
            try await take(inventory, request, from: table, ids: [1])
            clock.advance(by: .seconds(1))
            let end = try await inventory.acquire(request, from: table)
            guard case .noBatch(.complete) = end else { throw Unexpected(answer: "\(end)") }
        }
    }

    private func take(
        _ inventory: Inventory,
        _ request: BatchRequest,
        from table: MemoryTable,
        ids: [Int64]
    ) async throws {
        let answer = try await inventory.acquire(request, from: table)
        guard case .batch(let batch) = answer else { throw Unexpected(answer: "\(answer)") }
        #expect(batch.record.ids.map { Array($0.ids) } == ids)
        try await batch.succeed()
    }

    private struct Unexpected: Error {
        let answer: String
    }
}

extension MemoryTable {
    /// Puts in rows with the next ids.
    fileprivate func withIDs(_ count: Int) throws {
        let transaction = begin()
        try transaction.insert(try transaction.reserve(count).map { Item(id: $0) })
        try transaction.commit()
    }
}
