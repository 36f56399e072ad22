import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

@Suite("Targets of loads", .timeLimit(.minutes(10)))
struct LoadTargetTests {
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        try bench.write("id,name\n1,a\n2,b\n3,c\n", to: "x.csv")
        return bench
    }

    private func load(_ bench: CommandLineBench, _ more: String...) async
        -> CommandLineBench.Outcome
    {
        await bench.run(["load", bench.path("x.csv")] + more)
    }

    @Test("A device is not replaced by a file of records or of rejects, not even with --overwrite")
    func device() async throws {
        let bench = try await bench()
        let path = bench.path("full.csv")
        try FileManager.default.createSymbolicLink(
            atPath: path,
            withDestinationPath: "/dev/full"
        )
        for more in [
            ["--to", "csv:\(path)", "--overwrite"],
            ["--to", "none", "--rejects", path, "--overwrite"],
        ] {
            let outcome = await bench.run(["load", bench.path("x.csv")] + more)
            #expect(outcome.status == .usage)
            #expect(outcome.errors.contains("is a device, a pipe or a socket"), "\(outcome)")
        }
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "/dev/full")
    }

    @Test(
        "What is read is not written to, however that is said",
        arguments: ["x.csv", #"x.csv {"overwrite":true}"#, "./x.csv"]
    )
    func apart(place: String) async throws {
        let bench = try await bench()
        let target = "csv:" + bench.path(place)
        for outcome in [
            await load(bench, "--to", target, "--overwrite"),
            await bench.run(
                ["load", bench.path("x.csv"), "--overwrite"],
                environment: ["TRANCHE_SINK": target]
            ),
        ] {
            #expect(outcome.status == .usage)
            #expect(outcome.errors.contains("is read: it cannot be written to as well"))
        }
    }

    @Test("A sink that is an object's URL is refused, and no folder of that name is made")
    func object() async throws {
        let bench = try await bench()
        let outcome = await load(bench, "--to", "csv:s3://bucket/out.csv")
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains("an object cannot be written to"))
    }

    @Test("A path that looks like a password is a path")
    func path() async throws {
        let bench = try await bench()
        try FileManager.default.createDirectory(
            atPath: bench.path("password=1"),
            withIntermediateDirectories: false
        )
        let outcome = await load(bench, "--to", "csv:" + bench.path("password=1/out.csv"))
        #expect(outcome.status == .done, "\(outcome.errors)")
    }

    @Test("What is loaded into one target is refused for another, with the way out")
    func another() async throws {
        let bench = try await bench()
        #expect(await load(bench, "--to", "none").status == .done)
        let others = [
            ["--to", "table:t"], ["--to", "jsonl:\(bench.path("o"))"],
            ["--to", "none", "--clean"],
        ]
        for other in others {
            let outcome = await bench.run(["load", bench.path("x.csv")] + other)
            #expect(outcome.status == .failed, "\(other)")
            #expect(outcome.errors.contains("is loaded into none"), "\(outcome.errors)")
            #expect(outcome.errors.contains("--again NAME"), "\(outcome.errors)")
        }
        #expect(try bench.rows("SELECT count(*) FROM t") == ["0"])
        let again = await load(bench, "--to", "table:t", "--again", "second")
        #expect(again.status == .done, "\(again.errors)")
        #expect(try bench.rows("SELECT count(*) FROM t") == ["3"])
        // The one run goes on as the other does.
        for words in [["--to", "none"], ["--to", "table:t", "--again", "second"]] {
            let outcome = await bench.run(["load", bench.path("x.csv")] + words)
            #expect(outcome.status == .done)
            #expect(outcome.errors.contains("nothing to do: all 3 records"), "\(outcome.errors)")
        }
    }

    @Test("Keys and the contents of mappings and schemas belong to the target, workers do not")
    func parts() async throws {
        let bench = try await bench()
        let (map, schema) = (bench.path("map.json"), bench.path("schema.json"))
        try bench.write(#"{"rename": {"name": "name"}}"#, to: "map.json")
        try bench.write(#"{"properties": {"id": {"type": "integer"}}}"#, to: "schema.json")
        let words = ["--to", "table:t", "--map", map, "--schema", schema]
        let path = bench.path("x.csv")
        #expect(await bench.run(["load", path, "--key", "id"] + words).status == .done)
        let same = await bench.run(
            ["load", path, "--key", "id", "--workers", "2", "--weight", "5"] + words
        )
        #expect(same.status == .done, "\(same.errors)")
        #expect(await bench.run(["load", path] + words).status == .failed)
        try bench.write(#"{"rename": {"name": "name"} }"#, to: "map.json")
        let mapped = await bench.run(["load", path, "--key", "id"] + words)
        #expect(mapped.status == .failed)
        #expect(mapped.errors.contains("mapping"), "\(mapped.errors)")
    }

    @Test("A job that was begun before targets were kept takes the first one it is given")
    func adopted() async throws {
        let bench = try await bench()
        #expect(await load(bench, "--to", "table:t").status == .done)
        try bench.execute(
            "UPDATE inventory_run SET definition = json_remove(definition, '$.target')"
        )
        let first = await load(bench, "--to", "table:t", "--key", "id")
        #expect(first.status == .done, "\(first.errors)")
        #expect(first.errors.contains("nothing to do"), "\(first.errors)")
    }

    @Test("What says how records are read and checked is not written over, nor by lineage")
    func rules() async throws {
        let bench = try await bench()
        try bench.write(#"{"properties": {"id": {"type": "integer"}}}"#, to: "s.json")
        try bench.write(#"{"rename": {"name": "n"}}"#, to: "m.json")
        let (schema, map) = (bench.path("s.json"), bench.path("m.json"))
        for more in [
            ["--to", "jsonl:\(schema)", "--schema", schema],
            ["--to", "none", "--rejects", schema, "--schema", schema],
            ["--to", "csv:\(map)", "--map", map],
        ] {
            let outcome = await bench.run(["load", bench.path("x.csv"), "--overwrite"] + more)
            #expect(outcome.status == .usage, "\(outcome)")
            #expect(outcome.errors.contains("is read: it cannot be written to as well"))
        }
        for path in [bench.path("x.csv"), bench.path("out.csv"), schema] {
            let outcome = await bench.run(
                "load",
                bench.path("x.csv"),
                "--to",
                "csv:" + bench.path("out.csv"),
                "--schema",
                schema,
                "--lineage",
                path
            )
            #expect(outcome.status == .usage, "\(outcome)")
            #expect(outcome.errors.contains("is read or written otherwise"), "\(outcome.errors)")
        }
        #expect(try String(contentsOfFile: map, encoding: .utf8).contains("rename"))
        #expect(!FileManager.default.fileExists(atPath: bench.path("out.csv")))
    }

    @Test("The output of a run is not put in the place of what it reads")
    func runs() async throws {
        let bench = try await bench()
        try bench.write("id\n1\n", to: "out.january.csv")
        let outcome = await bench.run(
            "load",
            bench.path("out.january.csv"),
            "--to",
            "csv:" + bench.path("out.csv"),
            "--overwrite",
            "--again",
            "january"
        )
        #expect(outcome.status == .usage, "\(outcome)")
        #expect(outcome.errors.contains("is read: it cannot be written to as well"))
    }

    @Test("A folder in the place of the file of records is told before any is read")
    func folder() async throws {
        let bench = try await bench()
        let path = bench.path("out")
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false
        )
        let outcome = await load(bench, "--to", "csv:\(path)", "--overwrite")
        #expect(outcome.status == .usage, "\(outcome)")
        #expect(outcome.errors.contains("is a folder, and records are put together in a file"))
        #expect(try await bench.batches().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: path + ".parts"))
    }
}
