import Foundation
import Testing

@testable import TrancheCLI

@Suite("Loads that are checked, and what they leave", .timeLimit(.minutes(10)))
struct LoadCheckTests {
    private static let schema = """
        {"properties": {"id": {"type": "integer"}, "qty": {"type": "integer"}}, "required": ["id"]}
        """

    /// A bench with a file of records, of which some have no number; texts have line ends.
    private func bench(rows: Int, badEvery: Int, lineEnd: String = "\n") async throws
        -> CommandLineBench
    {
        let bench = try await CommandLineBench()
        var text = "id,note,qty\(lineEnd)"
        for row in 1...rows {
            let note = row % 3 == 0 ? "\"two\(lineEnd)lines\"" : "one"
            text += "\(row),\(note),\(row % badEvery == 0 ? "n/a" : "\(row)")\(lineEnd)"
        }
        try bench.write(text, to: "c.csv")
        try bench.write(Self.schema, to: "c.json")
        return bench
    }

    private struct Reject: Decodable {
        var offset: Int
        var line: Int?
        var row: [String: String]
    }

    /// The lines of rejects in a file, each with the one that an editor would show.
    private func lines(_ bench: CommandLineBench, _ name: String) throws -> [(Reject, shown: Int)] {
        let bytes = Array(try Data(contentsOf: URL(filePath: bench.path("c.csv"))))
        let text = try String(contentsOfFile: bench.path(name), encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let reject = try JSONDecoder().decode(Reject.self, from: Data(line.utf8))
            return (reject, 1 + bytes[..<reject.offset].count { $0 == 0x0A })
        }
    }

    private func pack(_ bench: CommandLineBench, _ program: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program, "-k", bench.path("c.csv")]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    // MARK: - Checking

    @Test("A dry run checks all records, and counts those that would be refused")
    func counts() async throws {
        let bench = try await bench(rows: 300, badEvery: 10)
        try bench.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT, qty INTEGER)")
        let words = [
            "load", bench.path("c.csv"), "--to", "table:item", "--key", "id", "--schema",
            bench.path("c.json"), "--dry-run",
        ]
        let trial = await bench.run(words)
        #expect(trial.status == .done, "\(trial.errors)")
        #expect(trial.output.contains("checked: 300 records, of which 30 would be refused\n"))
        // The tenth record is behind three texts of two lines.
        #expect(trial.output.contains("\n  line 14, offset "), "\(trial.output)")
        #expect(trial.output.components(separatedBy: "qty is not a whole number").count == 11)
        let document = await bench.run(words + ["--json"])
        #expect(document.output.contains("\"checked\":300,\"rejected\":30,\"first_rejects\":["))
        #expect(document.output.contains("\"create_table\":null"))
        #expect(
            trial.output.contains("such as CHECK and UNIQUE, are looked at by the load alone\n")
        )
        #expect(try bench.rows("SELECT count(*) FROM item") == ["0"])
        #expect(!FileManager.default.fileExists(atPath: bench.path("c.error.jsonl")))
        let load = await bench.run(words.dropLast())
        #expect(load.output.contains(#/records_rejected +30\n/#), "\(load.output)")
        let after = await bench.run(words)
        #expect(after.output.contains("would load 0 records"))
        #expect(!after.output.contains("checked"))
    }

    @Test("A dry run counts what cannot be read at all, without a schema, too")
    func countsUnreadable() async throws {
        let bench = try await CommandLineBench()
        try bench.write("a,b\n1,2\n3\n4,5\n", to: "c.csv")
        let trial = await bench.run("load", bench.path("c.csv"), "--to", "none", "--dry-run")
        #expect(trial.output.contains("checked: 3 records, of which 1 would be refused\n"))
        #expect(trial.output.contains("  line 3, offset 8: has 1 fields instead of 2"))
        #expect(!trial.output.contains("CHECK"))
    }

    // MARK: - Lines

    @Test(
        "Rejects have the lines that an editor shows",
        arguments: ["\n", "\r\n"],
        [["1", "c.csv"], ["3", "c.csv"], ["3", "c.csv.gz"], ["2", "c.csv.xz"]]
    )
    func rejectLines(lineEnd: String, way: [String]) async throws {
        let bench = try await bench(rows: 2000, badEvery: 7, lineEnd: lineEnd)
        if way[1] != "c.csv" { try pack(bench, way[1] == "c.csv.gz" ? "gzip" : "xz") }
        let load = await bench.run(
            "load",
            bench.path(way[1]),
            "--to",
            "none",
            "--schema",
            bench.path("c.json"),
            "--rejects",
            bench.path("bad.jsonl"),
            "--weight",
            "2KiB",
            "--workers",
            way[0]
        )
        #expect(load.status == .done, "\(load.errors)")
        let found = try lines(bench, "bad.jsonl")
        #expect(found.count == 2000 / 7)
        #expect(found.allSatisfy { $0.0.line == $0.shown })
        #expect(found.allSatisfy { $0.0.row["qty"] == "n/a" })
    }

    @Test("What is quarantined, and a quote that is never closed, tell their line")
    func errorLines() async throws {
        let bench = try await CommandLineBench()
        try bench.write("a,b\n1,\"x\ny\"\n3\n", to: "c.csv")
        let short = await bench.run("load", bench.path("c.csv"), "--to", "none")
        #expect(short.errors.contains("record 12: line 4: has 1 fields"), "\(short.errors)")
        try bench.write("a,b\n1,\"x\ny\"\n3,\"open\n4,5\n", to: "open.csv")
        let open = await bench.run("load", bench.path("open.csv"), "--to", "none", "--job", "o")
        #expect(open.errors.contains("open.csv' (line 4) has a quote"), "\(open.errors)")
    }

    // MARK: - Delimiters

    @Test("A wrong delimiter is named in the error, and noted where there is none")
    func delimiters() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id;name\n1;a\n", to: "c.csv")
        try bench.execute("CREATE TABLE ten (id INTEGER PRIMARY KEY, name TEXT)")
        let wrong = ["load", bench.path("c.csv"), "--delimiter", ","]
        let failed = await bench.run(wrong + ["--to", "table:ten", "--key", "id"])
        #expect(failed.status != .done)
        let hint = "its only field is 'id;name'; try --delimiter ';'"
        #expect(failed.errors.contains("which is the key of table 'ten'"), "\(failed.errors)")
        #expect(failed.errors.components(separatedBy: hint).count == 3, "\(failed.errors)")
        let noted = await bench.run(wrong + ["--to", "none", "--job", "n"])
        #expect(noted.status == .done)
        #expect(noted.errors.contains("note: '\(bench.path("c.csv"))': \(hint)"))
        let right = await bench.run(
            "load",
            bench.path("c.csv"),
            "--delimiter",
            ";",
            "--to",
            "table:ten",
            "--key",
            "id"
        )
        #expect(right.status == .done, "\(right.errors)")
        #expect(!right.errors.contains("try --delimiter"))
        try bench.write("id\tname\n1\ta\n", to: "t.csv")
        let tabs = await bench.run("load", bench.path("t.csv"), "--delimiter", ",", "--to", "none")
        #expect(tabs.errors.contains(#"its only field is 'id\tname'; try --delimiter '\t'"#))
    }

    // MARK: - What is left

    /// What stands in the bench's folder and is no database.
    private func files(_ bench: CommandLineBench) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: bench.folder.path)
            .filter { !$0.hasPrefix("tranche.db") }.sorted()
    }

    @Test("A finished load leaves its output and its rejects, and nothing else")
    func leavesNothing() async throws {
        let bench = try await bench(rows: 500, badEvery: 50)
        let words = [
            "load", bench.path("c.csv"), "--to", "csv:\(bench.path("out.csv"))", "--schema",
            bench.path("c.json"), "--weight", "1KiB", "--workers", "3",
        ]
        let first = await bench.run(words)
        #expect(first.status == .done, "\(first.errors)")
        let left = ["c.csv", "c.error.jsonl", "c.json", "out.csv"]
        #expect(try files(bench) == left)
        let texts = try ["out.csv", "c.error.jsonl"].map {
            try String(contentsOfFile: bench.path($0), encoding: .utf8)
        }
        #expect(texts[1].split(separator: "\n").count == 10)
        // Again there is nothing to do, and what there is stays.
        let second = await bench.run(words)
        #expect(second.status == .done)
        #expect(second.errors.contains("nothing to do"), "\(second.errors)")
        #expect(try files(bench) == left)
        for (name, text) in zip(["out.csv", "c.error.jsonl"], texts) {
            #expect(try String(contentsOfFile: bench.path(name), encoding: .utf8) == text)
        }
        // It is still known whose it is.
        try bench.write("id,note,qty\n1,a,1\n", to: "other.csv")
        let other = await bench.run(
            ["load", bench.path("other.csv"), "--job", "other"] + words[2...]
        )
        #expect(other.status != .done)
        #expect(other.errors.contains("holds what job 'load' wrote of"), "\(other.errors)")
    }

    @Test("What follows a load that was finished is added to its output and its rejects")
    func goesOn() async throws {
        let bench = try await CommandLineBench()
        try bench.write(Self.schema, to: "c.json")
        try bench.write("id,qty\n1,1\nx,2\n3,3\n", to: "c.csv")
        for form in ["jsonl", "csv"] {
            try bench.write("id,qty\n1,1\nx,2\n3,3\n", to: "c.csv")
            let words = [
                "load", bench.path("c.csv"), "--to", "\(form):\(bench.path("out.\(form)"))",
                "--schema", bench.path("c.json"), "--rejects", bench.path("\(form).bad"),
                "--job", form,
            ]
            #expect(await bench.run(words).status == .done)
            try bench.write("id,qty\n1,1\nx,2\n3,3\ny,9\n7,7\n", to: "c.csv")
            let meta = "csv:\(bench.path("c.csv"))"
            let same = await bench.run("redefine", "--job", form, "--meta", meta, "--same")
            #expect(same.status == .done, "\(same.errors)")
            let more = await bench.run(words)
            #expect(more.status == .done, "\(more.errors)")
            let output = try String(contentsOfFile: bench.path("out.\(form)"), encoding: .utf8)
            let expected =
                form == "csv"
                ? "id,qty\n1,1\n3,3\n7,7\n"
                : "{\"id\":1,\"qty\":1}\n{\"id\":3,\"qty\":3}\n{\"id\":7,\"qty\":7}\n"
            #expect(output == expected)
            let found = try lines(bench, "\(form).bad")
            #expect(found.map(\.0.line) == [3, 5])
        }
        let left = ["c.csv", "c.json", "csv.bad", "jsonl.bad", "out.csv", "out.jsonl"]
        #expect(try files(bench) == left)
    }

    @Test("Where nothing is refused there is neither a file of rejects nor a folder for it")
    func noRejects() async throws {
        let bench = try await bench(rows: 50, badEvery: 1000)
        let load = await bench.run(
            "load",
            bench.path("c.csv"),
            "--to",
            "none",
            "--schema",
            bench.path("c.json")
        )
        #expect(load.status == .done, "\(load.errors)")
        #expect(try files(bench) == ["c.csv", "c.json"])
    }

    @Test("While something has failed, parts stay")
    func keepsParts() async throws {
        let bench = try await bench(rows: 200, badEvery: 20)
        let words = [
            "load", bench.path("c.csv"), "--to", "jsonl:\(bench.path("out.jsonl"))", "--schema",
            bench.path("c.json"), "--weight", "1KiB", "--max-rejects", "1", "--max-attempts", "1",
        ]
        let failed = await bench.run(words)
        #expect(failed.status == .failed)
        #expect(try files(bench).contains("out.jsonl.parts"))
        let mended = await bench.run(
            "load",
            bench.path("c.csv"),
            "--to",
            "jsonl:\(bench.path("out.jsonl"))",
            "--again",
            "mended",
            "--schema",
            bench.path("c.json")
        )
        #expect(mended.status == .done, "\(mended.errors)")
        #expect(try files(bench).contains("out.mended.jsonl"))
    }

    @Test("A file that ends badly is counted up to there, with what was refused, and so checked")
    func endsBadly() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,s\n1,a\nx,b\n3,c\n4,\"open\n5,e\n", to: "c.csv")
        try bench.write(Self.schema, to: "c.json")
        let words = [
            "load", bench.path("c.csv"), "--to", "none", "--schema", bench.path("c.json"),
        ]
        let trial = await bench.run(words + ["--dry-run"])
        #expect(trial.status == .failed)
        #expect(
            trial.output.hasPrefix("up to the fault, checked: 3 records, of which 1 would be"),
            "\(trial.output)"
        )
        let load = await bench.run(words)
        #expect(load.status == .failed)
        #expect(load.output.contains(#/records_rejected +1\n/#), "\(load.output)")
        #expect(load.output.contains(#/records_written +2\n/#), "\(load.output)")
        #expect(load.errors.contains("1 record was refused; see "), "\(load.errors)")
        for outcome in [trial, load] {
            #expect(outcome.errors.contains("'tranche redefine --job load --meta "))
        }
    }

    @Test("What is wrong behind all batches that are planned is told by --dry-run as well")
    func endsBadlyBehindThePlan() async throws {
        let bench = try await CommandLineBench()
        let rows = (1...10_001).map { "\($0),a\n" }.joined()
        try bench.write("id,s\n\(rows)0,\"open\n", to: "c.csv")
        let trial = await bench.run(
            "load",
            bench.path("c.csv"),
            "--to",
            "none",
            "--count",
            "1",
            "--dry-run"
        )
        #expect(trial.status == .failed, "\(trial.output)")
        #expect(trial.output.hasPrefix("up to the fault, checked: 10"), "\(trial.output)")
        #expect(trial.errors.contains("'tranche redefine --job load --meta "), "\(trial.errors)")
    }

    @Test("What another job has refused or written stays, also where it may be replaced and fails")
    func othersStay() async throws {
        let bench = try await bench(rows: 20, badEvery: 10)
        let schema = ["--schema", bench.path("c.json")]
        let load = ["load", bench.path("c.csv")] + schema
        let to = ["--to", "csv:\(bench.path("out.csv"))"]
        #expect(await bench.run(load + to).status == .done)
        let names = try files(bench)
        func texts() throws -> [String] {
            try names.map { try String(contentsOfFile: bench.path($0), encoding: .utf8) }
        }
        let former = try texts()
        let second = load + ["--job", "second"]
        let refused = await bench.run(second + ["--to", "none", "--max-rejects", "1"])
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("holds what job 'load' wrote"), "\(refused.errors)")
        let third = ["load", bench.path("c.csv"), "--job", "third"] + to
        #expect(await bench.run(third).status == .usage)
        let failed = await bench.run(
            second + ["--to", "none", "--max-rejects", "1", "--overwrite", "--max-attempts", "1"]
        )
        #expect(failed.status == .failed, "\(failed.errors)")
        #expect(names == ["c.csv", "c.error.jsonl", "c.json", "out.csv"])
        #expect(try texts() == former)
        #expect(await bench.run(load + to).status == .done)
    }
}
