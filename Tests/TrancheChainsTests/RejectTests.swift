import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Files of rejects")
struct RejectTests {
    private func lines(_ name: String, _ world: ChainWorld) throws -> [String] {
        try world.read(name).split(separator: "\n").map { String($0) }
    }

    @Test("JSON that spans lines is written on one line, and so is the record of a reject")
    func oneLine() async throws {
        let document = "{\n \"\"a\"\": \"\"x\\ny\"\",\r\n \"\"b\"\": 1\n}"
        let text = "id,doc\n1,\"\(document)\"\n2,\"[\n1]\"\n"
        try await withChainWorld(.sqlite, text) { world in
            let schema = try RecordSchema(
                json: """
                    {"properties": {"id": {"type": "integer"},
                                    "doc": {"type": ["object", "array"]}}}
                    """
            )
            let second = try RecordSchema(json: #"{"properties": {"id": {"maximum": 1}}}"#)
            let report = try await Chain(reading: CSVSource(world.path))
                .validate(schema)
                .validate(second, rejectsTo: .jsonLines(world.folder.path("bad.jsonl")))
                .write(to: FileSink.jsonLines(world.folder.path("out.jsonl")))
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            let expected = #"{"id":1,"doc":{  "a": "x\ny",   "b": 1 }}"#
            #expect(try lines("out.jsonl", world) == [expected])
            let bad = try lines("bad.jsonl", world)
            #expect(bad.count == 1)
            #expect(bad.first?.hasSuffix(#""row":{"id":2,"doc":[ 1]}}"#) == true, "\(bad)")
        }
    }

    @Test("Each step's rejects go to its own file, and all others to the one that is for them")
    func severalFiles() async throws {
        let text = ChainWorld.csv(rows: 5, badEvery: 4) + "6\n"
        try await withChainWorld(.sqlite, text) { world in
            func file(_ name: String) -> RejectFile { .jsonLines(world.folder.path(name)) }
            let schema = try RecordSchema(json: ChainWorld.schema)
            let second = try RecordSchema(json: #"{"properties": {"id": {"maximum": 2}}}"#)
            let source = Chain<Record>(reading: CSVSource(world.path))
            let chains = [
                source.validate(schema, rejectsTo: file("a1"))
                    .validate(second, rejectsTo: file("b1")).rejecting(to: file("c1")),
                source.rejecting(to: file("c2")).validate(schema, rejectsTo: file("a2"))
                    .validate(second, rejectsTo: file("b2")),
            ]
            for (chain, number) in zip(chains, 1...) {
                let sink = MemorySink()
                let report = try await chain.write(to: sink)
                    .run(through: world.inventory, world.options("job\(number)"))
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                #expect(report.failed == 0)
                #expect(report.counters[CounterName.rejected] == 4)
                #expect(sink.records.map { $0.text("id") } == ["1", "2"])
                let first = try lines("a\(number)", world)
                #expect(first.count == 1)
                #expect(first.first?.contains(#""row":{"id":"4","#) == true, "\(first)")
                #expect(try lines("b\(number)", world).count == 2)
                let rest = try lines("c\(number)", world)
                #expect(rest.count == 1)
                #expect(rest.first?.contains(#""line":7"#) == true, "\(rest)")
            }
        }
    }

    @Test("Steps that name one file share it, however its path is written")
    func sharedFile() async throws {
        let text = ChainWorld.csv(rows: 5, badEvery: 4) + "6\n"
        try await withChainWorld(.sqlite, text) { world in
            let schema = try RecordSchema(json: ChainWorld.schema)
            let report = try await Chain(reading: CSVSource(world.path))
                .validate(schema, rejectsTo: .jsonLines(world.folder.path("bad.jsonl")))
                .rejecting(to: .jsonLines(world.folder.path("./bad.jsonl")))
                .write(to: MemorySink())
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            #expect(report.failed == 0)
            #expect(try lines("bad.jsonl", world).count == 2)
        }
    }

    @Test("A file that takes what no step has one for does so where a step shares it")
    func sharedRest() async throws {
        let text = ChainWorld.csv(rows: 5, badEvery: 4) + "6\n"
        try await withChainWorld(.sqlite, text) { world in
            let schema = try RecordSchema(json: ChainWorld.schema)
            let second = try RecordSchema(json: #"{"properties": {"id": {"maximum": 2}}}"#)
            let report = try await Chain(reading: CSVSource(world.path))
                .rejecting(to: .jsonLines(world.folder.path("rest.jsonl")))
                .validate(schema, rejectsTo: .jsonLines(world.folder.path("rest.jsonl")))
                .validate(second, rejectsTo: .jsonLines(world.folder.path("second.jsonl")))
                .write(to: MemorySink())
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            #expect(try lines("rest.jsonl", world).count == 2)
            #expect(try lines("second.jsonl", world).count == 2)
        }
    }

    @Test(
        "A batch of which all is refused ends at its limit, and keeps no more than was just read",
        arguments: [.count(10), nil] as [RejectLimit?]
    )
    func allRefused(limit: RejectLimit?) async throws {
        let text = ChainWorld.csv(rows: 10_000, badEvery: 1)
        try await withChainWorld(.sqlite, text) { world in
            let policy = RunPolicy(maxAttempts: 1)
            var options = world.options(weight: 10_000_000, policy: policy)
            options.maxRejects = limit
            let waiting = ValueKeeper<Int>()
            let watched: Chain<Record> = Chain<Record>(reading: CSVSource(world.path))
                .step { context, records in
                    ChunkReader<Record> {
                        let chunk = try await records.next()
                        waiting.keep([context.rejects.reduce(0) { $0 + $1.waiting.count }])
                        return chunk
                    }
                }
            let report =
                try await watched
                .validate(
                    try RecordSchema(json: ChainWorld.schema),
                    rejectsTo: .jsonLines(world.folder.path("bad.jsonl"))
                )
                .write(to: MemorySink())
                .run(through: world.inventory, options)
            #expect(waiting.values.allSatisfy { $0 == 0 }, "\(waiting.values)")
            if limit == nil {
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                #expect(waiting.values.count > 3)
                #expect(try lines("bad.jsonl", world).count == 10_000)
            } else {
                #expect(report.lastError?.contains("11 of 10000 items") == true)
                #expect(waiting.values.count == 1)
            }
        }
    }

    @Test(
        "A file of which nothing is a record ends at the limit as well",
        arguments: [nil, ChainStages()] as [ChainStages?]
    )
    func faultsAlone(stages: ChainStages?) async throws {
        let text = "id,name\n" + String(repeating: "1\n", count: 1000)
        try await withChainWorld(.sqlite, text) { world in
            var options = world.options(weight: 1e6, policy: RunPolicy(maxAttempts: 1))
            options.maxRejects = .count(10)
            options.stages = stages
            let report = try await Chain(reading: CSVSource(world.path))
                .rejecting(to: .jsonLines(world.folder.path("bad.jsonl")))
                .write(to: MemorySink())
                .run(through: world.inventory, options)
            #expect(
                report.lastError?.contains("11 of 1000 items") == true,
                "\(report.lastError ?? "")"
            )
            #expect(
                report.lastError?.contains("at most 10 are let through, such as ") == true,
                "\(report.lastError ?? "")"
            )
        }
    }

    @Test("Rejects of a batch that is done again and again are in their folder once")
    func rejectsDoneAgain() async throws {
        try await withChainWorld { world in
            let path = try world.write("id,s\n1,a\nx,b\n3,c\n", to: "in.csv")
            let schema = try RecordSchema(json: #"{"properties":{"id":{"type":"integer"}}}"#)
            let rejects = world.folder.path("rejects")
            for count in [1, 2, 4] {
                _ = try await Chain(reading: CSVSource(path))
                    .validate(schema, rejectsTo: .folder(rejects))
                    .write(to: MemorySink())
                    .run(through: world.inventory, world.options())
                let batches = try await world.inventory.batches(BatchSelection(status: .succeeded))
                #expect(batches.count == count)
                #expect(try FileManager.default.contentsOfDirectory(atPath: rejects).count == 1)
                let keys = batches.map { AttemptKey(batch: $0.id, attempt: $0.attempt) }
                _ = try await world.inventory.store.offer(keys)
            }
        }
    }
}
