import Foundation
import PlainSettings
import Synchronization
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Chains over files", .timeLimit(.minutes(10)))
struct ChainTests {
    private struct Customer: Codable, Sendable, Equatable {
        enum CodingKeys: String, CodingKey {
            case id, name, amount, active
            case since = "at"
        }

        let id: Int
        let name: String
        let amount: Decimal?
        let since: Date
        let active: Bool
    }

    @Test(
        "Every record comes once and in order, whatever the batch's weight",
        arguments: [1, 100, 3000, 1e6]
    )
    func order(weight: Double) async throws {
        try await withChainWorld { world in
            let sink = MemorySink()
            let report = try await Chain(reading: CSVSource(world.path)).write(to: sink)
                .run(through: world.inventory, world.options(weight: weight, workers: 2))
            #expect(report.isSuccess)
            #expect(report.counters[CounterName.read] == 300)
            #expect(sink.records.map { $0.text("id") } == (1...300).map { "\($0)" })
            let summary = try #require(report.run)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: world.path)).count
            #expect(summary.totals[.succeeded]?.weight == Double(bytes - 25))
        }
    }

    @Test("A sink of one's own needs no settings but those of a new package")
    func ownSink() async throws {
        try await withChainWorld { world in
            let sink = PrintingSink()
            let report = try await Chain(reading: CSVSource(world.path)).write(to: sink)
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess)
            #expect(sink.lines == (1...300).map { "\($0)" })
        }
    }

    @Test("A sink that is away when work begins is waited for where that is asked for")
    func awaySink() async throws {
        try await withChainWorld { world in
            let sink = AwaySink(failures: 2)
            let chain = Chain(reading: CSVSource(world.path)).write(to: sink)
            let options = world.options()
            let error = await #expect(throws: TrancheError.self) {
                try await chain.run(through: world.inventory, options)
            }
            #expect(error?.code == .sinkUnavailable)
            var waiting = options
            waiting.waitsForSink = true
            let report = try await chain.run(through: world.inventory, waiting)
            #expect(report.isSuccess)
            #expect(sink.base.records.count == 300)
        }
    }

    /// A sink whose server is away at first.
    private final class AwaySink: RecordSink {
        let base = MemorySink()
        private let failures: Mutex<Int>

        init(failures: Int) {
            self.failures = Mutex(failures)
        }

        var name: String { base.name }

        func promise(beside store: any InventoryStore) async throws -> SinkPromise {
            try await base.promise(beside: store)
        }

        func prepare(for fields: RecordFields?, beside store: any InventoryStore) async throws {
            let isAway = failures.withLock { failures in
                failures -= 1
                return failures >= 0
            }
            if isAway { throw TrancheError(.sinkUnavailable, "the server is away") }
        }

        func withWriter<Result: Sendable>(
            for batch: BatchRecord,
            _ body: @Sendable (any RecordWriter) async throws -> Result
        ) async throws -> Result {
            try await base.withWriter(for: batch, body)
        }
    }

    @Test("Steps see what the step before them gives")
    func steps() async throws {
        try await withChainWorld { world in
            let sink = MemorySink()
            let fields = try RecordFields(["name", "twice"])
            let numbers: Chain<Int64> = Chain(reading: CSVSource(world.path))
                .filter { $0.text("active") == "true" }
                .count("active")
                .compactMap(concurrency: 4) { record in
                    record.text("id").flatMap { Int64($0) }
                }
            let positive: Chain<Int64> =
                numbers
                .flatMap { number -> [Int64] in number % 4 == 0 ? [number, -number] : [number] }
                .batchMap(size: 7) { numbers in numbers.filter { $0 > 0 } }
            let report =
                try await positive
                .map { number in
                    try Record(
                        id: number,
                        fields: fields,
                        values: [.text("n\(number)"), .integer(number * 2)]
                    )
                }
                .write(to: sink)
                .run(through: world.inventory, world.options())
            #expect(report.counters["active"] == 150)
            #expect(sink.records.map(\.id) == stride(from: 2, through: 300, by: 2).map { $0 })
            #expect(sink.records[1]["twice"] == .integer(8))
        }
    }

    @Test("Rejects are in the file once, with all that is wrong, also when batches are tried again")
    func rejects() async throws {
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 300, badEvery: 10)) { world in
            let failures = FailureCount()
            let sink = MemorySink()
            let report = try await Chain(reading: CSVSource(world.path))
                .validate(
                    try RecordSchema(json: ChainWorld.schema),
                    rejectsTo: .jsonLines(world.folder.path("bad.jsonl"))
                )
                .batchMap { records in
                    // Each batch's first attempt fails, after its rejects were written.
                    if failures.next() % 2 == 0 { throw Broken() }
                    return records
                }
                .write(to: sink)
                .run(through: world.inventory, world.options(weight: 5000, workers: 1))
            #expect(report.isSuccess)
            #expect(report.failed == report.succeeded)
            #expect(report.counters[CounterName.rejected] == 30)
            #expect(report.counters[CounterName.valid] == 270)
            #expect(sink.records.count == 270)
            let lines = try world.read("bad.jsonl").split(separator: "\n")
            #expect(lines.count == 30)
            let first = try #require(lines.first)
            #expect(
                first.contains(
                    #""errors":[{"field":"amount","message":"is not a number","input":"n/a"}]"#
                )
            )
            #expect(first.contains(#""row":{"id":"10","name":"Zoé 10, \"x\"","#))
        }
    }

    @Test("Counters are there when no record survives")
    func noSurvivor() async throws {
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 20, badEvery: 1)) { world in
            let report = try await Chain(reading: CSVSource(world.path))
                .validate(
                    try RecordSchema(json: ChainWorld.schema),
                    rejectsTo: .jsonLines(world.folder.path("bad.jsonl"))
                )
                .write(to: MemorySink())
                .run(through: world.inventory, world.options())
            #expect(report.counters[CounterName.rejected] == 20)
            #expect(report.counters[CounterName.valid] == 0)
            let batches = try await world.inventory.store.batches(BatchSelection())
            let kept = try batches.map { try #require($0.result) }
            #expect(kept.allSatisfy { $0.contains("\"records_valid\":0") })
        }
    }

    @Test("A batch with too many rejects fails")
    func tooManyRejects() async throws {
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 100, badEvery: 5)) { world in
            var options = world.options(policy: RunPolicy(maxAttempts: 1))
            options.maxRejects = .share(0.1)
            let report = try await Chain(reading: CSVSource(world.path))
                .validate(
                    try RecordSchema(json: ChainWorld.schema),
                    rejectsTo: .jsonLines(world.folder.path("bad.jsonl"))
                )
                .write(to: MemorySink())
                .run(through: world.inventory, options)
            #expect(!report.isSuccess)
            let words = "at most 10.0 % are let through, such as "
            let error = try #require(report.lastError)
            #expect(error.contains(words))
            // With the line, the field and what is wrong, as where there is no limit.
            let example = try #require(error.components(separatedBy: words).last)
            #expect(example.contains(": line "), "\(error)")
            #expect(example.contains("amount "), "\(error)")
        }
    }

    @Test("Records become values of a type, with all that is wrong told at once")
    func decodes() async throws {
        let text =
            "id,name,amount,at,active\n1,a,1.10,2024-02-29T08:00:00+01:00,yes\nx,,n/a,never,2\n"
        try await withChainWorld(.sqlite, text) { world in
            let found = ValueKeeper<Customer>()
            let nothing: Chain<Record> = Chain(reading: CSVSource(world.path))
                .validate(as: Customer.self, rejectsTo: .jsonLines(world.folder.path("bad.jsonl")))
                .batchMap { customers in
                    found.keep(customers)
                    return []
                }
            _ = try await nothing.write(to: NoOpSink()).run(
                through: world.inventory,
                world.options()
            )
            let expected = Customer(
                id: 1,
                name: "a",
                amount: Decimal(string: "1.10"),
                since: Date(timeIntervalSince1970: 1_709_190_000),
                active: true
            )
            #expect(found.values == [expected])
            let line = try world.read("bad.jsonl")
            for field in ["id", "amount", "at", "active"] {
                #expect(line.contains("\"field\":\"\(field)\""), "\(field) in \(line)")
            }
        }
    }

    @Test("Values of a type are written as records of their properties")
    func encodes() async throws {
        struct Out: Encodable, Sendable {
            let id: Int
            let since: Date
            let note: String?
            let tags: [String]
        }
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 3)) { world in
            let sink = MemorySink()
            let report = try await Chain(reading: CSVSource(world.path))
                .validate(as: Customer.self)
                .map { customer in
                    let note = customer.id == 2 ? "two" : nil
                    return Out(id: customer.id, since: customer.since, note: note, tags: ["a"])
                }
                .write(to: sink)
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            #expect(sink.records.map { $0["id"] } == [.integer(1), .integer(2), .integer(3)])
            #expect(sink.records.map { $0["note"] } == [.null, .text("two"), .null])
            #expect(sink.records[0]["since"] == .text("2024-02-29T08:00:00Z"))
            #expect(sink.records[0]["tags"] == .text("[\"a\"]"))
        }
    }

    @Test("A record made of a value has the id of its item, however many values steps make")
    func idsOfValues() async throws {
        struct Out: Encodable, Sendable {
            let number: Int
        }
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 6)) { world in
            let source = Chain<Record>(reading: CSVSource(world.path))
            func written(
                _ chain: SinkChain,
                _ sink: MemorySink,
                _ job: String
            ) async throws -> [Int64] {
                let options = world.options(job, weight: 120)
                let report = try await chain.run(through: world.inventory, options)
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                #expect(report.succeeded > 1)
                return sink.records.map(\.id)
            }
            let plain = MemorySink()
            let ids = try await written(source.write(to: plain), plain, "plain")
            let twice = ids.flatMap { [$0, $0] }
            let customers = source.validate(as: Customer.self)
            let even = ids.indices.filter { $0 % 2 == 1 }.map { ids[$0] }
            let chains: [(Chain<Out>, [Int64])] = [
                (customers.map { Out(number: $0.id) }, ids),
                (customers.filter { $0.id % 2 == 0 }.map { Out(number: $0.id) }, even),
                (customers.compactMap { $0.id % 2 == 0 ? Out(number: $0.id) : nil }, even),
                (customers.flatMap { [Out(number: $0.id), Out(number: -$0.id)] }, twice),
                (
                    customers.flatMap(concurrency: 3) {
                        [Out(number: $0.id), Out(number: -$0.id)]
                    }, twice
                ),
                (customers.batchMap(size: 2) { $0.map { Out(number: $0.id) } }, ids),
                (source.map(concurrency: 2) { _ in Out(number: 0) }, ids),
            ]
            for (number, (chain, expected)) in chains.enumerated() {
                let sink = MemorySink()
                let found = try await written(chain.write(to: sink), sink, "job\(number)")
                #expect(found == expected, "chain \(number)")
            }
        }
    }

    @Test("Parts of several workers become one file, in order", arguments: ["csv", "jsonl"])
    func oneFile(suffix: String) async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out.\(suffix)")
            let sink: FileSink = suffix == "csv" ? .csv(path) : .jsonLines(path)
            let failures = FailureCount()
            let chain = Chain(reading: CSVSource(world.path)).batchMap { records in
                if failures.next() == 1 { throw Broken() }
                return records
            }
            let report = try await chain.write(to: sink)
                .run(through: world.inventory, world.options(workers: 4))
            #expect(report.isSuccess)
            let again = MemorySink()
            let source: any MetaSourceDescription =
                suffix == "csv" ? CSVSource(path) : JSONLinesSource(path)
            _ = try await copy(source, to: again, world)
            #expect(again.records.map { $0.text("id") } == (1...300).map { "\($0)" })
            #expect(again.records[4].text("name") == "Zoé 5, \"x\"")
        }
    }

    private func copy(
        _ source: some MetaSourceDescription,
        to sink: MemorySink,
        _ world: ChainWorld
    ) async throws -> ChainReport {
        try await Chain(reading: source).write(to: sink)
            .run(through: world.inventory, world.options("copy"))
    }

    @Test("A file for each batch, each with its header")
    func filePerBatch() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out")
            let report = try await Chain(reading: CSVSource(world.path))
                .write(to: FileSink.csv(path, layout: .filePerBatch))
                .run(through: world.inventory, world.options(workers: 2))
            let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            #expect(names.count == report.succeeded)
            let first = try world.read("out/" + names[0])
            #expect(first.hasPrefix("id,name,amount,at,active\n1,\"Zoé 1, \"\"x\"\"\",1.25,"))
        }
    }
}

/// Keeps values that pass by.
final class ValueKeeper<Value: Sendable>: Sendable {
    private let state = Mutex<[Value]>([])

    var values: [Value] { state.withLock { $0 } }

    func keep(_ values: [Value]) {
        state.withLock { $0 += values }
    }
}
