import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Loads of several files", .timeLimit(.minutes(10)))
struct LoadFilesTests {
    /// A folder with three files of three records, one with its fields in another order, and what
    /// is no file.
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        for name in ["b", "a", "c"] {
            try bench.write("id,name\n\(name)1,1\n\(name)2,2\n\(name)3,3\n", to: "in/\(name).csv")
        }
        try bench.write("name,id\n9,z1\n", to: "in/z.csv")
        for name in ["_SUCCESS", ".hidden.csv", "notes.md", "old.error.jsonl", "sub/x.csv"] {
            try bench.write("id,name\nwrong,1\n", to: "in/\(name)")
        }
        return bench
    }

    private func ids(_ bench: CommandLineBench, _ name: String) throws -> [String] {
        let text = try String(contentsOfFile: bench.path(name), encoding: .utf8)
        return text.split(separator: "\n").map { line in
            String(line.drop { $0 != "i" }.dropFirst(5).prefix { $0 != "\"" })
        }
    }

    @Test(
        "A folder is loaded in order of names, and what is new by the same command",
        arguments: [1, 3]
    )
    func folder(workers: Int) async throws {
        let bench = try await bench()
        let words = [
            "load", bench.path("in"), "--to", "jsonl:\(bench.path("o.jsonl"))", "--workers",
            "\(workers)",
        ]
        let first = await bench.run(words)
        #expect(first.status == .done, "\(first.errors)")
        #expect(first.errors.contains("4 files, 0 of them loaded before"), "\(first.errors)")
        for name in ["_SUCCESS", ".hidden.csv", "notes.md", "old.error.jsonl", "sub"] {
            #expect(first.errors.contains(name), "\(name): \(first.errors)")
        }
        let old = ["a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3", "z1"]
        #expect(try ids(bench, "o.jsonl") == old)
        try bench.write("id,name\nbb1,1\n", to: "in/bb.csv")
        let second = await bench.run(words)
        #expect(second.status == .done, "\(second.errors)")
        #expect(second.errors.contains("5 files, 4 of them loaded before"), "\(second.errors)")
        #expect(second.errors.contains("done: 1 batch, 1 item"), "\(second.errors)")
        #expect(try ids(bench, "o.jsonl") == (old + ["bb1"]).sorted())
        let third = await bench.run(words)
        #expect(third.status == .done)
        #expect(
            third.errors.contains("nothing to do: all 11 records of 5 files"),
            "\(third.errors)"
        )
    }

    @Test("Fields of files go by their names, into a table and under one header")
    func headers() async throws {
        let bench = try await bench()
        try bench.execute("CREATE TABLE t (id TEXT, name TEXT)")
        let table = await bench.run(
            ["load", bench.path("in/z.csv"), bench.path("in/a.csv"), "--to", "table:t"]
        )
        #expect(table.status == .done, "\(table.errors)")
        #expect(
            try bench.rows("SELECT id, name FROM t ORDER BY id") == [
                "a1|1", "a2|2", "a3|3", "z1|9",
            ]
        )
        let file = await bench.run(
            ["load", bench.path("in/[az].csv"), "--to", "csv:\(bench.path("o.csv"))", "--job", "p"]
        )
        #expect(file.status == .done, "\(file.errors)")
        let text = try String(contentsOfFile: bench.path("o.csv"), encoding: .utf8)
        #expect(text == "id,name\na1,1\na2,2\na3,3\nz1,9\n")
    }

    @Test(
        "A file that is given twice is loaded once, and one that cannot be read keeps no other from it"
    )
    func mixed() async throws {
        let bench = try await bench()
        try bench.execute("CREATE TABLE t (id TEXT, name TEXT)")
        let outcome = await bench.run([
            "load", bench.path("in/a.csv"), bench.path("in"), bench.path("in/[a-b].csv"),
            bench.path("in/../in/a.csv"), "--to", "table:t",
        ])
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try bench.rows("SELECT count(*), count(DISTINCT id) FROM t") == ["10|10"])
        // Each field is named twice.
        try bench.write("id,id\n1,2\n", to: "in/bad.csv")
        let other = await bench.run([
            "load", bench.path("in"), bench.path("in/nowhere.csv"), "--to", "none", "--job", "o",
        ])
        #expect(other.status == .failed)
        #expect(other.errors.contains("nowhere.csv"), "\(other.errors)")
        let items = try bench.rows("SELECT sum(batch_count) >= 10 FROM inventory WHERE job = 'o'")
        #expect(items == ["1"])
    }

    @Test("What names no file is refused, with what was left out")
    func nothing() async throws {
        let bench = try await bench()
        let pattern = await bench.run(["load", bench.path("in/*.tsv"), "--to", "none"])
        #expect(pattern.status == .failed)
        #expect(pattern.errors.contains("no file matches"), "\(pattern.errors)")
        try bench.write("", to: "marks/_SUCCESS")
        let folder = await bench.run(["load", bench.path("marks"), "--to", "none"])
        #expect(folder.status == .failed)
        #expect(folder.errors.contains("left out: _SUCCESS (a mark)"), "\(folder.errors)")
        try bench.write("id\n1\n", to: "parts/k=a%2Fb/1.csv")
        let parts = await bench.run(["load", bench.path("parts"), "--to", "none"])
        #expect(parts.errors.contains("left out: k=a%2Fb (a folder)"), "\(parts.errors)")
        #expect(parts.errors.contains("'\(bench.path("parts"))/*/*' names"), "\(parts.errors)")
        let input = await bench.run(["load", "-", "--to", "none"])
        #expect(input.status == .usage)
        #expect(input.errors.contains("write it into a file first"), "\(input.errors)")
    }

    @Test("A load that was stopped between two files is not over, though those before are complete")
    func stoppedBetween() {
        var report = LoadReport()
        report.add(left: 0)
        #expect(report.isOver && report.isFinished)
        report.add(left: 2)
        #expect(report.left == 2 && report.reason == .complete && report.isSuccess)
        #expect(!report.isOver && !report.isFinished)
        #expect(report.nothingToDo("3 files", hasHeader: true, isBounded: false) == nil)
        // So is one of which a file cannot be read.
        var other = LoadReport()
        other.add(failure: "a.csv: it has no header")
        #expect(!other.isOver && !other.isFinished)
    }

    @Test("A pipe is refused wherever it stands: it cannot be read again")
    func pipes() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id\n1\n", to: "in/a.csv")
        #expect(mkfifo(bench.path("in/b.csv"), 0o600) == 0)
        for options in [[], ["--dry-run"], ["--format", "jsonl"]] {
            let pipe = await bench.run(["load", bench.path("in/b.csv"), "--to", "none"] + options)
            #expect(pipe.status == .usage)
            #expect(
                pipe.errors.contains("write what comes out of it into a file"),
                "\(pipe.errors)"
            )
        }
        let folder = await bench.run(["load", bench.path("in"), "--to", "none"])
        #expect(folder.status == .done, "\(folder.errors)")
        #expect(folder.errors.contains("b.csv (a pipe, socket or device)"), "\(folder.errors)")
    }

    @Test("Records outside the bounds are not said to be missing")
    func outsideBounds() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id\n1\n2\n", to: "a.csv")
        let load = await bench.run(
            ["load", bench.path("a.csv"), "--to", "none", "--run", "r", "--from", "999"]
        )
        #expect(load.status == .done, "\(load.errors)")
        #expect(load.errors.contains("has no records within the bounds"), "\(load.errors)")
    }

    @Test("A dry run of very many batches says that more follow")
    func manyBatches() async throws {
        let bench = try await CommandLineBench()
        let lines = (1...10_100).map { "\($0)\n" }.joined()
        try bench.write("id\n" + lines, to: "a.csv")
        let words = ["load", bench.path("a.csv"), "--to", "none", "--dry-run", "--count"]
        let trial = await bench.run(words + ["1"])
        #expect(
            trial.output.contains(
                "in 10,000 batches and more behind them, which are not counted\n"
            ),
            "\(trial.output.prefix(300)) \(trial.errors)"
        )
        #expect(!(await bench.run(words + ["100"])).output.contains("behind them"))
    }

    @Test("A file without records ends well, with the reason")
    func empty() async throws {
        let bench = try await CommandLineBench()
        try bench.write("", to: "empty.csv")
        try bench.write("id,name\n", to: "header.csv")
        try bench.write("", to: "empty.jsonl")
        try bench.write("\u{FEFF}", to: "mark.csv")
        try bench.write("\r\n\n", to: "lines.csv")
        try bench.write("", to: "packed.csv")
        let packed = try await Executable("/usr/bin/gzip").run([bench.path("packed.csv")])
        #expect(packed.code == 0)
        let reasons = [
            ("empty.csv", "is empty: nothing to load"), ("mark.csv", "is empty: nothing to load"),
            ("lines.csv", "is empty: nothing to load"),
            ("packed.csv.gz", "is empty: nothing to load"),
            ("header.csv", "has a header and no records"), ("empty.jsonl", "has no records"),
        ]
        for (name, reason) in reasons {
            let outcome = await bench.run(["load", bench.path(name), "--to", "none"])
            #expect(outcome.status == .done, "\(name): \(outcome.errors)")
            #expect(outcome.errors.contains(reason), "\(name): \(outcome.errors)")
        }
    }
}

@Suite("Patterns of files", .timeLimit(.minutes(10)))
struct FilePatternTests {
    @Test("A pattern of very many folders is refused", arguments: [300, 20_000])
    func deep(_ folders: Int) async throws {
        let bench = try await CommandLineBench()
        let pattern = "?" + String(repeating: "a/", count: folders) + "*.csv"
        let outcome = await bench.run("load", pattern, "--to", "none")
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains("is too long for a pattern"))
    }

    @Test("A file whose fields the table lacks is named, and the files behind it are loaded")
    func unknownColumn() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        try bench.write("id,v\n1,a\n", to: "in/a.csv")
        try bench.write("id,v,w\n5,e,f\n", to: "in/b.csv")
        try bench.write("id,v\n6,g\n", to: "in/c.csv")
        let words = ["load", bench.path("in"), "--to", "table:t"]
        for more in [["--dry-run"], [], []] {
            let outcome = await bench.run(words + more)
            #expect(outcome.status == .failed, "\(outcome.errors)")
            #expect(outcome.errors.contains("b.csv: table 't' has no column 'w'"))
        }
        #expect(try bench.rows("SELECT id FROM t ORDER BY id") == ["1", "6"])
    }

    @Test("Where a file cannot be loaded and no batch failed, nothing is said of retry")
    func nothingToRetry() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,v\n1,a\n", to: "in/a.csv")
        try bench.write("x\n1,\"open\n", to: "in/b.csv")
        let outcome = await bench.run("load", bench.path("in"), "--to", "none")
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("1 file was not loaded, as said above"))
        #expect(!outcome.errors.contains("retry"), "\(outcome.errors)")
        #expect(outcome.output.contains(#/records_written +1\n/#), "\(outcome.output)")
    }
}
