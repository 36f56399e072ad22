import Foundation
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TrancheSQL

@Suite("Chains as processes")
struct ChainProcessTests {
    private func withTable(
        _ world: PipelineWorld,
        _ body: () async throws -> Void
    ) async throws {
        try await world.database.run("CREATE TABLE \(world.table) (id INTEGER, name TEXT)")
        do {
            try await body()
        } catch {
            try await world.database.run("DROP TABLE \(world.table)")
            throw error
        }
        try await world.database.run("DROP TABLE \(world.table)")
    }

    private func rows(_ world: PipelineWorld) async throws -> [String] {
        try await world.database.column(
            "SELECT id, name FROM \(unsafeRaw: world.table) ORDER BY id, name"
        )
    }

    @Test(
        "Payloads are rows, written with the success of their batch",
        arguments: TestDatabase.Backend.available
    )
    func payloads(_ backend: TestDatabase.Backend) async throws {
        try await withPipelineWorld(backend) { world in
            try await withTable(world) {
                let text = """
                    inputs:
                      in: {type: given, payloads: ['{"id":1,"name":"a"}', '{"name":"b",
                        "id":2}', '{"id":3,"name":"c"}']}
                    processes:
                      store: {type: chain, sink: 'table:\(world.table)', promise: transactional}
                    links: [{from: in, to: store, count: 2}]
                    """
                #expect(try await world.drain(text) == [])
                // What is done is not done again.
                #expect(try await world.drain(text) == [])
                #expect(try await rows(world) == ["1|a", "2|b", "3|c"])
                let batches = try await world.batches("in/store")
                #expect(batches.map(\.status) == [.succeeded, .succeeded])
                #expect(batches[0].result?.contains(#""records_written":2"#) == true)
            }
        }
    }

    @Test("A payload that is no record is quarantined, and no other one held up")
    func badPayload() async throws {
        try await withPipelineWorld { world in
            try await withTable(world) {
                let failures = try await world.drain(
                    """
                    inputs:
                      in: {type: given, payloads: ['{"id":1,"name":"a"}', '[1]', '{"id":3,"name":"c"}']}
                    processes: {store: {type: chain, sink: 'table:\(world.table)'}}
                    links: [{from: in, to: store, count: 3}]
                    """
                )
                #expect(failures.contains { $0.contains("has no JSON object as its payload") })
                #expect(try await rows(world) == ["1|a", "3|c"])
                let bad = try await world.batches("in/store").filter { $0.status == .quarantined }
                #expect(bad.map(\.idStart) == [2])
            }
        }
    }

    @Test("An event is a record with the fields of its JSON")
    func events() async throws {
        try await withPipelineWorld { world in
            let text = """
                inputs: {in: {type: given, payloads: ['', '{"a":1}']}}
                processes:
                  store: {type: chain, records: event,
                    sink: {at: 'jsonl:\(world.folder.path("out"))', file_per_batch: true}}
                links: [in -> store]
                """
            let failures = try await world.drain(text)
            #expect(failures == [])
            let first = #"{"location":"here","operation":"create","id":"0","trigger":"in"}"#
            let second =
                #"{"location":"here","operation":"create","id":"1","trigger":"in","payload":{"a":1}}"#
            #expect(try world.lines(in: "out") == [first, second])
        }
    }

    @Test("The records of a listed file of CSV are the chain's records")
    func listedFile() async throws {
        try await withPipelineWorld { world in
            try await withTable(world) {
                let path = try world.write("id,name\n1,a\n2,b\n3,c\n", to: "rows.csv")
                let text = """
                    inputs: {rows: {type: listing, source: 'csv:\(path)'}}
                    processes: {store: {type: chain, sink: 'table:\(world.table)'}}
                    links: [{from: rows, to: store, count: 2}]
                    """
                #expect(try await world.drain(text) == [])
                #expect(try await rows(world) == ["1|a", "2|b", "3|c"])
                let batches = try await world.batches("rows/store")
                #expect(batches.map(\.status) == [.succeeded, .succeeded])
            }
        }
    }

    private func files(_ world: PipelineWorld, _ more: String = "") -> String {
        """
        inputs:
          raw: {type: directory, folder: '\(world.folder.path("raw"))', quiet: 0s}
        processes:
          store:
            type: chain
            records: file
            steps:
              - {map: {rename: {Name: name}}}
              - {validate: {schema: {type: object, required: [id, name],
                  properties: {id: {type: integer}, name: {type: string}}},
                  rejects: '\(world.folder.path("bad"))'}}
            sink: 'table:\(world.table)'
        links: [{from: raw, to: store, max_attempts: 1\(more)}]
        """
    }

    @Test("The records of files go through steps; what is refused says its file and offset")
    func filesOfFolder() async throws {
        try await withPipelineWorld { world in
            try await withTable(world) {
                let path = try world.write("id;Name\n1;a\nx;b\n3;c\n", to: "raw/a.csv")
                let lines = #"{"id":4,"Name":"d"}"# + "\n" + #"{"id":"q","Name":"e"}"# + "\n"
                let other = try world.write(lines, to: "raw/b.jsonl")
                #expect(try await world.drain(files(world, ", count: 9")) == [])
                #expect(try await rows(world) == ["1|a", "3|c", "4|d"])
                let rejects = try world.lines(in: "bad")
                try #require(rejects.count == 2)
                #expect(rejects[1].hasPrefix(#"{"event":2,"source":"\#(other)","offset":20,"#))
                #expect(rejects[0].hasPrefix(#"{"event":1,"source":"\#(path)","offset":12,"#))
                // A batch of other files adds to it.
                try world.write("id,Name\ny,z\n", to: "raw/c.csv")
                #expect(try await world.drain(files(world, ", count: 9")) == [])
                #expect(try world.lines(in: "bad").count == 3)
            }
        }
    }

    @Test("A blank file has no records, alone and beside others", arguments: [1, 9])
    func blankFiles(count: Int) async throws {
        try await withPipelineWorld { world in
            try await withTable(world) {
                try world.write("", to: "raw/a.csv")
                try world.write("\u{FEFF}", to: "raw/b.csv")
                try world.write("id,Name\n1,a\n", to: "raw/c.csv")
                try world.write("\r\n\n", to: "raw/d.csv")
                #expect(try await world.drain(files(world, ", count: \(count)")) == [])
                #expect(try await rows(world) == ["1|a"])
                let batches = try await world.batches("raw/store")
                #expect(batches.allSatisfy { $0.status == .succeeded })
                let results = batches.compactMap(\.result)
                let blank = results.filter { $0.contains(#""records_written":0"#) }
                #expect(blank.count == (count == 1 ? 3 : 0), "\(results)")
            }
        }
    }

    @Test("A file that has changed since its event was given is not read")
    func changed() async throws {
        try await withPipelineWorld { world in
            try await withTable(world) {
                let pipeline = try world.pipeline(files(world, ", count: 9"))
                try world.write("id,Name\n1,a\n", to: "raw/a.csv")
                try world.write("id,Name\n2,b\n", to: "raw/b.csv")
                let log = InputLog(of: "raw", in: world.inventory)
                try await pipeline.inputs[0].gather(log)
                try world.write("id,Name\n1,a\n9,z\n", to: "raw/a.csv")
                let orchestrator = Orchestrator(world.inventory)
                try orchestrator.add(Stored(name: "raw"))
                try orchestrator.add(pipeline.processes[0])
                try orchestrator.link(pipeline.links[0])
                try await orchestrator.drain()
                #expect(try await rows(world) == ["2|b"])
                let bad = try await world.batches("raw/store").filter { $0.status == .quarantined }
                try #require(bad.map(\.count) == [1])
                #expect(bad[0].logging?.contains("has changed since its event was given") == true)
                // What it is now is an event of its own.
                #expect(try await world.drain(files(world, ", count: 9")) == [])
                #expect(try await rows(world) == ["1|a", "2|b", "9|z"])
            }
        }
    }

    @Test("A batch whose sink fails is written once in the end")
    func retried() async throws {
        try await withPipelineWorld { world in
            try world.write("id,Name\n1,a\n", to: "raw/a.csv")
            let failures = try await world.drain(files(world))
            #expect(failures.count == 1 && failures[0].contains("there is no table"), "\(failures)")
            try await withTable(world) {
                let failed = try await world.batches("raw/store").map(\.id)
                _ = try await world.inventory.retry(BatchSelection(ids: failed))
                #expect(try await world.drain(files(world)) == [])
                #expect(try await rows(world) == ["1|a"])
            }
        }
    }

    @Test("What is to be done is said by the fields of the file, not by options of a command")
    func fields() async throws {
        try await withPipelineWorld { world in
            try world.write("id,Name\n1,a\n2\n", to: "raw/a.csv")
            let missing = try await world.drain(files(world, ", count: 1"))
            #expect(missing.contains { $0.contains("made ('tranche load --create-table')") })
            try await withTable(world) {
                let failed = try await world.batches("raw/store").map(\.id)
                _ = try await world.inventory.retry(BatchSelection(ids: failed))
                #expect(try await world.drain(files(world, ", count: 1")) == [])
                let rejects = try world.lines(in: "bad")
                #expect(rejects.count == 1)
                #expect(rejects.allSatisfy { $0.contains("; 'fit_ragged' takes such records") })
                try world.write("id,Name,more\n3,c,x\n", to: "raw/b.csv")
                try world.write("id,Na\u{1}me\n4,d\n", to: "raw/c.csv")
                let failures = try await world.drain(files(world, ", count: 1"))
                try #require(failures.count == 2, "\(failures)")
                for words in [
                    "the step 'map'", "'drop_unknown' of the sink", "'add_columns' of the sink",
                    "say its encoding with 'encoding'", "with 'header', and pass over",
                ] {
                    #expect(failures.contains { $0.contains(words) }, "\(words): \(failures)")
                }
                let kept = try await world.batches("raw/store").compactMap(\.logging)
                #expect(kept.contains { $0.contains("'drop_unknown' of the sink") }, "\(kept)")
            }
        }
    }

    @Test("What a chain cannot be is said with its place")
    func refused() async throws {
        try await withPipelineWorld { world in
            func faults(_ settings: String) -> [String] {
                world.faults(
                    """
                    inputs: {in: {type: directory, folder: x}}
                    processes:
                      c: {type: chain, \(settings)}
                    links: [in -> c]
                    """
                )
            }
            for (settings, words) in [
                ("records: payload", "'sink' is missing"),
                ("sink: 'csv:out.csv'", "file_per_batch: true"),
                ("sink: 'tabel:x'", "tabel"),
                ("sink: none, steps: [{valdate: {}}]", "valdate"),
                ("sink: none, steps: [{validate: {schema: /no/such.json}}]", "cannot be read"),
                ("sink: none, records: files", "files"),
                ("sink: none, reading: {format: csv}", "goes with 'records: file'"),
                ("sink: none, records: file, reading: {delimitr: x}", "delimitr"),
                ("sink: none, promise: sometimes", "sometimes"),
                ("sink: none, max_rejects: -1", "max_rejects"),
            ] {
                let found = faults(settings)
                #expect(found.count == 1, "\(settings): \(found)")
                #expect(found.allSatisfy { $0.hasPrefix("p.yaml:3:") }, "\(found)")
                #expect(found.contains { $0.contains(words) }, "\(settings): \(found)")
            }
            #expect(faults("sink: none, records: file, reading: {delimiter: ';'}") == [])
        }
    }
}

/// What a log has already.
private struct Stored: Input {
    let name: String
}
