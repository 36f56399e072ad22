import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("Waiting for the next batch", .timeLimit(.minutes(10)))
struct NextBatchTests {
    private let request = BatchRequest(job: "job", limit: BatchLimit(count: 2))

    @Test("Without waiting, the reason is returned at once")
    func whenNothingIsReady() async throws {
        let bench = Workbench(ids: 1...2)
        _ = try await bench.take()
        let answer = try await bench.inventory.nextBatch(
            request,
            from: bench.source,
            end: .whenNothingIsReady
        )
        guard case .noBatch(.waiting(let until)) = answer else {
            throw WorkError(description: "\(answer)")
        }
        #expect(until == bench.clock.date.addingTimeInterval(60))
    }

    @Test("A retry is waited for, in steps of the poll interval")
    func retry() async throws {
        let bench = Workbench(ids: 1...2)
        let batch = try await bench.take()
        try await batch.fail("no")
        let next = Task { [request] in
            try await bench.inventory.nextBatch(request, from: bench.source, end: .whenComplete)
        }
        for _ in 0..<5 {
            try await bench.clock.waitForSleepers(1)
            bench.clock.advance(by: .seconds(1))
        }
        guard case .batch(let again) = try await next.value else {
            throw WorkError(description: "no batch")
        }
        #expect(again.id == batch.id)
        #expect(again.attempt == 2)
    }

    @Test("Somebody else's batch is waited for, and then the run is complete")
    func otherHolder() async throws {
        let bench = Workbench(ids: 1...2)
        let batch = try await bench.take()
        let next = Task { [request] in
            try await bench.inventory.nextBatch(request, from: bench.source, end: .whenComplete)
        }
        try await bench.clock.waitForSleepers(1)
        try await batch.succeed()
        bench.clock.advance(by: .seconds(1))
        guard case .noBatch(.complete) = try await next.value else {
            throw WorkError(description: "not complete")
        }
    }

    @Test("An answer that comes when what it names is over is not the last")
    func lateAnswer() async throws {
        let clock = ManualClock()
        let inventory = Inventory(
            store: LateAnswers(base: MemoryInventoryStore(clock: clock), clock: clock),
            configuration: .init(store: StoreConfiguration(now: { clock.date }), clock: clock)
        )
        let table = MemoryTable()
        let slow = table.begin()
        try slow.insert([Item(id: try slow.reserve())])
        table.insert([Item(id: table.reserve())])
        let request = BatchRequest(job: "job", policy: RunPolicy(settleWait: .seconds(1)))
        let next = Task {
            try await inventory.nextBatch(request, from: table, end: .whenComplete)
        }
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(1))
        guard case .batch(let batch) = try await next.value else {
            throw WorkError(description: "no batch")
        }
        #expect(batch.ids == 2...2)
        try await batch.succeed()
        // The writer was waited for; it may hang for days.
        let end = try await inventory.nextBatch(request, from: table, end: .whenComplete)
        guard case .noBatch(.unsettled(nil)) = end else { throw WorkError(description: "\(end)") }
        try slow.rollback()
    }

    @Test("A paused run is not waited for, but by who never ends")
    func paused() async throws {
        let bench = Workbench(ids: 1...2)
        let batch = try await bench.take()
        let key = batch.record.key
        try await bench.inventory.pause(key, reason: "lunch")
        let answer = try await bench.inventory.nextBatch(
            request,
            from: bench.source,
            end: .whenComplete
        )
        guard case .noBatch(.paused("lunch")) = answer else {
            throw WorkError(description: "\(answer)")
        }
        let next = Task { [request] in
            try await bench.inventory.nextBatch(request, from: bench.source, end: .never)
        }
        try await bench.clock.waitForSleepers(1)
        try await bench.inventory.resume(key)
        try await batch.release()
        bench.clock.advance(by: .seconds(1))
        guard case .batch(let again) = try await next.value else {
            throw WorkError(description: "no batch")
        }
        #expect(again.id == batch.id)
    }

    @Test("Who never ends waits for new items, past completion")
    func never() async throws {
        let bench = Workbench(ids: 1...2)
        try await bench.take().succeed()
        let next = Task { [request] in
            try await bench.inventory.nextBatch(request, from: bench.source, end: .never)
        }
        try await bench.clock.waitForSleepers(1)
        bench.source.insert([Item(id: 3)])
        bench.clock.advance(by: .seconds(1))
        guard case .batch(let batch) = try await next.value else {
            throw WorkError(description: "no batch")
        }
        #expect(batch.ids == 3...3)
    }

    @Test("A wait ends with its task")
    func cancellation() async throws {
        let bench = Workbench(ids: 1...2)
        try await bench.take().succeed()
        let next = Task { [request] in
            try await bench.inventory.nextBatch(request, from: bench.source, end: .never)
        }
        try await bench.clock.waitForSleepers(1)
        next.cancel()
        await #expect(throws: CancellationError.self) { try await next.value }
    }

    @Test("A sequence gives batches until its end, and goes on where the run is")
    func sequence() async throws {
        let bench = Workbench(ids: 1...9)
        let batches = bench.inventory.batches(request, from: bench.source, most: 3)
        for expected in [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9]], []] as [[[Int64]]] {
            var ids: [[Int64]] = []
            for try await batch in batches {
                ids.append(try await batch.items.map(\.id))
                try await batch.succeed()
            }
            #expect(ids == expected)
        }
    }

    @Test("A backfill is a sequence over its bounds")
    func backfill() async throws {
        let bench = Workbench(ids: 1...9)
        let batches = bench.inventory.batches(
            from: bench.source,
            job: "job",
            run: .backfill("again", ids: 3..<8),
            limit: .count(2)
        )
        var ids: [[Int64]] = []
        for try await batch in batches {
            ids.append(try await batch.items.map(\.id))
            try await batch.succeed()
        }
        #expect(ids == [[3, 4], [5, 6], [7]])
    }

    @Test("A plan shows what would be handed out, and hands out nothing")
    func plan() async throws {
        let bench = Workbench(ids: 1...9)
        let open = try await bench.take(2)
        let forecast = try await bench.inventory.plan(request, from: bench.source, batches: 3)
        #expect(forecast.open.map(\.id) == [open.id])
        #expect(forecast.ranges.map { $0.ids.packed } == ["3-4", "5-6", "7-8"])
        #expect(!forecast.reachedEnd)
        let all = try await bench.inventory.plan(request, from: bench.source, batches: 9)
        #expect(all.ranges.map { $0.ids.packed } == ["3-4", "5-6", "7-8", "9"])
        #expect(all.reachedEnd)
        #expect(try await bench.take(9).ids == 3...9)
    }
}

/// A store each of whose answers to an acquire takes a second.
private struct LateAnswers: ForwardingStore {
    let base: any InventoryStore
    let clock: ManualClock

    func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R {
        let answer = try await body()
        if request == .acquire { clock.advance(by: .seconds(1)) }
        return answer
    }
}
