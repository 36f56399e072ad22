import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Stages of chains", .timeLimit(.minutes(5)))
struct StageTests {
    /// Does something before the records of a batch are written.
    struct WatchedSink: RecordSink {
        let base = MemorySink()
        let name = "a watched sink"
        let before: @Sendable (BatchRecord) async throws -> Void

        func promise(beside store: any InventoryStore) async throws -> SinkPromise {
            SinkPromise(.idempotent, reason: "as memory")
        }

        func prepare(for fields: RecordFields?, beside store: any InventoryStore) async throws {}

        func withWriter<Result: Sendable>(
            for batch: BatchRecord,
            _ body: @Sendable (any RecordWriter) async throws -> Result
        ) async throws -> Result {
            try await before(batch)
            return try await base.withWriter(for: batch, body)
        }
    }

    private func options(_ world: ChainWorld, _ stages: ChainStages) -> ChainOptions {
        var options = world.options(weight: 1000)
        options.stages = stages
        return options
    }

    /// Waits until a number of batches are held.
    private func held(_ count: Int, _ inventory: Inventory) async throws {
        while try await inventory.batches(BatchSelection(status: .running)).count < count {
            await Task.yield()
        }
    }

    @Test("A slow batch in a stage holds up none that could go on")
    func slowBatch() async throws {
        try await withChainWorld { world in
            let inventory = world.inventory
            let sink = WatchedSink { batch in
                guard batch.id == 1 else { return }
                // All the others succeed while the first is being written.
                while true {
                    let totals = try await inventory.summaries().first?.totals
                    if (totals?[.succeeded]?.items ?? 0) + batch.count == 300 { return }
                    await Task.yield()
                }
            }
            let report = try await Chain(reading: CSVSource(world.path)).write(to: sink)
                .run(through: world.inventory, options(world, ChainStages(writers: 2)))
            #expect(report.isSuccess)
            #expect(sink.base.records.map { $0.text("id") } == (1...300).map { "\($0)" })
            #expect(report.counters[CounterName.read] == 300)
        }
    }

    @Test("While one batch is written, no more are read than there is room for in memory")
    func readAhead() async throws {
        try await withChainWorld { world in
            let inventory = world.inventory
            let written = Mutex(0)
            let sink = WatchedSink { batch in
                written.withLock { $0 += 1 }
                // Others are held, but wait for room to be read.
                if batch.id == 1 {
                    try await held(3, inventory)
                    #expect(written.withLock { $0 } == 1)
                }
            }
            let stages = ChainStages(writers: 2, readAhead: 1000)
            let report = try await Chain(reading: CSVSource(world.path)).write(to: sink)
                .run(through: world.inventory, options(world, stages))
            #expect(report.isSuccess)
            #expect(sink.base.records.count == 300)
        }
    }

    @Test("A stage tries again within the attempt, after errors that it is told of alone")
    func retry() async throws {
        try await withChainWorld { world in
            let faults = Mutex<[Int64: Int]>([:])
            let sink = WatchedSink { batch in
                let count = faults.withLock { faults -> Int in
                    faults[batch.id, default: 0] += 1
                    return faults[batch.id] ?? 0
                }
                switch batch.id {
                case 1 where count < 3: throw TrancheError(.sinkUnavailable, "it is away")
                case 2 where count < 2: throw TrancheError(.sinkFailed, "it fails")
                case 3 where count < 2: throw TrancheError(.storeFailed, "it is no use")
                default: return
                }
            }
            let retry = StageRetry(attempts: 3, backoff: .zero, codes: ["sinkFailed"])
            let report = try await Chain(reading: CSVSource(world.path)).write(to: sink)
                .run(through: world.inventory, options(world, ChainStages(writeRetry: retry)))
            #expect(report.failed == 1)
            let batches = try await world.inventory.batches(BatchSelection(ids: [1, 2, 3]))
            #expect(
                batches.sorted { $0.id < $1.id }.map(\.status) == [.succeeded, .succeeded, .failed]
            )
            #expect(batches.allSatisfy { $0.attempt == 1 })
        }
    }

    @Test("Faults of records are told as without stages", arguments: [false, true])
    func faults(hasStages: Bool) async throws {
        let text = ChainWorld.csv(rows: 100, badEvery: 10)
        try await withChainWorld(.sqlite, text) { world in
            let sink = MemorySink()
            var options = world.options(weight: 1000)
            if hasStages { options.stages = ChainStages() }
            let rejects = world.folder.path("rejects.jsonl")
            let report = try await Chain(reading: CSVSource(world.path))
                .validate(RecordSchema(json: ChainWorld.schema), rejectsTo: .jsonLines(rejects))
                .write(to: sink)
                .run(through: world.inventory, options)
            #expect(report.isSuccess)
            #expect(report.counters[CounterName.rejected] == 10)
            #expect(sink.records.count == 90)
            #expect(try world.read("rejects.jsonl").split(separator: "\n").count == 10)
        }
    }

    @Test("Steps see the parameters of the run")
    func parameters() async throws {
        try await withChainWorld { world in
            let seen = Mutex<Set<String>>([])
            var options = world.options(weight: 5000)
            options.parameters = ["day": "monday"]
            let chain = Chain<Record>(reading: CSVSource(world.path)).step { context, records in
                seen.withLock { _ = $0.insert(context.parameters["day"] ?? "") }
                return records
            }
            _ = try await chain.write(to: NoOpSink()).run(through: world.inventory, options)
            #expect(seen.withLock { $0 } == ["monday"])
        }
    }

    // MARK: Gates

    private final class Entered: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    @Test("What is heavier than a gate goes alone, and in its turn")
    func heavy() async throws {
        let gate = StageGate(10)
        try await gate.enter(4)
        let entered = Entered()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, weight) in [(1, 50.0), (2, 1), (3, 1)] {
                group.addTask {
                    try await gate.enter(weight)
                    entered.numbers.withLock { $0.append(number) }
                }
                while gate.waiting < number { await Task.yield() }
            }
            gate.leave(4)
            while entered.numbers.withLock({ $0.isEmpty }) { await Task.yield() }
            #expect(entered.numbers.withLock { $0 } == [1])
            gate.leave(50)
            try await group.waitForAll()
        }
        #expect(entered.numbers.withLock { $0 }.sorted() == [1, 2, 3])
    }

    @Test("Who is cancelled while it waits takes no room, and makes room for who comes next")
    func cancelled() async throws {
        let gate = StageGate(2)
        try await gate.enter(1)
        let waiting = Task { try await gate.enter(5) }
        while gate.waiting < 1 { await Task.yield() }
        let next = Task { try await gate.enter(1) }
        while gate.waiting < 2 { await Task.yield() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        try await next.value
        gate.leave(1)
        gate.leave(1)
        try await gate.enter(2)
    }
}
