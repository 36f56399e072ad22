import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheCLI

@Suite("How files are read", .timeLimit(.minutes(10)))
struct FileReadingTests {
    /// A job's file in a dialect that nothing but options tells.
    struct Sample: CustomTestStringConvertible, Sendable {
        let name: String
        let content: String
        let options: [String]

        var testDescription: String { name }
    }

    static let samples = [
        Sample(
            name: "a.csv",
            content: "# made up\n1~'x~y'\n2~-\n",
            options: [
                "--delimiter", "~", "--quote", "'", "--comment", "#", "--header", "id,name",
                "--null", "-",
            ]
        ),
        Sample(name: "b.txt", content: "1\tx\\ty\n2\t\\N\n", options: ["--format", "pgcopy"]),
        Sample(
            name: "c.txt",
            content: "id,name\n1,caf\u{e9}\n2,x\n",
            options: ["--encoding", "latin1", "--format", "csv"]
        ),
        Sample(
            name: "d.json",
            content: "{\"id\": 1, \"x\": NaN}\n{\"id\": 2, \"x\": 1}\n",
            options: ["--json-nan", "null", "--json-layout", "values", "--format", "jsonl"]
        ),
    ]

    private func bench(_ sample: Sample) async throws -> (CommandLineBench, path: String) {
        let bench = try await CommandLineBench()
        let bytes = try #require(sample.content.data(using: .isoLatin1))
        let path = bench.path(sample.name)
        try bytes.write(to: URL(filePath: path))
        return (bench, path)
    }

    @Test("Commands that look at a job read its file as it was told to be read", arguments: samples)
    func recorded(sample: Sample) async throws {
        let (bench, path) = try await bench(sample)
        let load = await bench.run(["load", path, "--to", "none"] + sample.options)
        #expect(load.status == .done, "\(load.errors)")
        for command in [
            ["status"], ["audit", "--job", "load"], ["audit", "--job", "load", "--thorough"],
        ] {
            let outcome = await bench.run(command)
            #expect(outcome.status == .done, "\(command): \(outcome.output) \(outcome.errors)")
            #expect(!outcome.errors.contains("otherwise"), "\(command): \(outcome.errors)")
            #expect(!outcome.errors.contains("cannot look"), "\(command): \(outcome.errors)")
        }
    }

    @Test("A file's records are handed to a program as its options say", arguments: samples)
    func work(sample: Sample) async throws {
        let (bench, path) = try await bench(sample)
        let meta = (sample.name.hasSuffix("json") ? "jsonl:" : "csv:") + path
        let words = ["--job", "w", "--meta", meta] + sample.options
        let plan = await bench.run(["plan"] + words)
        #expect(plan.status == .done, "\(plan.errors)")
        let acquired = await bench.run(["acquire", "--json", "--backoff", "0"] + words)
        #expect(acquired.status == .done, "\(acquired.errors)")
        #expect(acquired.output.contains("\"count\":2"), "\(acquired.output)")
        let failed = await bench.run("fail", "1", "--attempt", "1", "--error", "on purpose")
        #expect(failed.status == .done, "\(failed.errors)")
        // Who splits opens the file anew, by what the inventory keeps.
        let split = await bench.run("split", "1")
        #expect(split.status == .done, "\(split.errors)")
        let rest = await bench.run(["work"] + words + ["--", "true"])
        #expect(rest.status == .done, "\(rest.errors)")
        #expect(rest.errors.contains("done: 2 batches, 2 items"), "\(rest.errors)")
    }

    @Test(
        "A blank file has as little for a program as one with a header alone",
        arguments: ["id,name\n", "", "\u{FEFF}", "\r\n\n"]
    )
    func blank(content: String) async throws {
        let bench = try await CommandLineBench()
        try bench.write(content, to: "a.csv")
        let words = ["--job", "w", "--meta", "csv:\(bench.path("a.csv"))"]
        for _ in 0..<2 {
            let outcome = await bench.run(["work"] + words + ["--", "false"])
            #expect(outcome.status == .done, "\(outcome.errors)")
            #expect(outcome.errors.contains("done: nothing new in"), "\(outcome.errors)")
        }
        for command in ["acquire", "plan"] {
            let outcome = await bench.run([command] + words)
            #expect(outcome.status == .nothingNow, "\(outcome.errors)")
        }
    }

    @Test("An option of another format is refused, and so is one for a table")
    func unused() async throws {
        let bench = try await CommandLineBench()
        try bench.write("{\"a\":1}\n", to: "a.jsonl")
        try bench.write("a\n1\n", to: "a.csv")
        let (csv, json) = (bench.path("a.csv"), bench.path("a.jsonl"))
        let wrong = [
            ["load", json, "--to", "none", "--delimiter", ";"],
            ["load", csv, "--to", "none", "--json-nan", "null"],
            ["plan", "--job", "j", "--meta", "jsonl:\(json)", "--header", "a"],
            ["plan", "--job", "j", "--meta", "csv:\(json)", "--format", "jsonl"],
            ["plan", "--job", "j", "--meta", "t", "--delimiter", ";"],
        ]
        for words in wrong {
            let outcome = await bench.run(words)
            #expect(outcome.status == .usage, "\(words): \(outcome.errors)")
        }
        // Of several files an option may mean some.
        let both = await bench.run(["load", csv, json, "--to", "none", "--delimiter", ","])
        #expect(both.status == .done, "\(both.errors)")
    }

    @Test("Rejects of several files say whose they are, those of one say the offset alone")
    func rejects() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id\n1\nx\n", to: "in/a.csv")
        try bench.write("id\ny\n2\n", to: "in/b.csv")
        try bench.write(#"{"properties": {"id": {"type": "integer"}}}"#, to: "s.json")
        let words = ["--to", "none", "--schema", bench.path("s.json"), "--rejects"]
        let several = await bench.run(["load", bench.path("in")] + words + [bench.path("r")])
        #expect(several.status == .done, "\(several.errors)")
        let lines = try String(contentsOfFile: bench.path("r"), encoding: .utf8)
            .split(separator: "\n")
        #expect(lines.count == 2)
        for (line, name) in zip(lines, ["a", "b"]) {
            #expect(line.hasPrefix("{\"source\":\"csv:/"), "\(line)")
            #expect(line.contains("/in/\(name).csv\",\"offset\":"), "\(line)")
        }
        let one = await bench.run(
            ["load", bench.path("in/a.csv"), "--job", "one"] + words + [bench.path("r1")]
        )
        #expect(one.status == .done, "\(one.errors)")
        let line = try String(contentsOfFile: bench.path("r1"), encoding: .utf8)
        #expect(line.hasPrefix("{\"offset\":"), "\(line)")
    }

    @Test(
        "What is no CSV is refused by name, whatever it is called",
        arguments: [
            ("\n <!DOCTYPE html><p>403</p>\n", "HTML"), ("\u{FEFF}<html>\n", "HTML"),
            ("<?xml version=\"1.0\"?>\n<Error/>\n", "XML"),
            ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
            ("[{\"id\":1},{\"id\":2}]", "--format jsonl"),
            ("[\n  {\"id\": 1}\n]\n", "--format jsonl"),
            ("{\"id\":1}\n{\"id\":2}\n", "--format jsonl"),
        ]
    )
    func noCSV(content: String, words: String) async throws {
        let bench = try await CommandLineBench()
        try bench.write(content, to: "x.csv")
        for more in [[], ["--format", "csv"]] {
            let outcome = await bench.run(["load", bench.path("x.csv"), "--to", "none"] + more)
            #expect(outcome.status == .failed, "\(outcome.errors)")
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
        }
    }

    @Test("Lines of JSON are values of a field that was named")
    func linesOfJSON() async throws {
        let bench = try await CommandLineBench()
        try bench.write("{\"id\":1}\n{\"id\":2}\n", to: "x.csv")
        let outcome = await bench.run([
            "load", bench.path("x.csv"), "--to", "jsonl:\(bench.path("o"))", "--header", "doc",
            "--quote", "",
        ])
        #expect(outcome.status == .done, "\(outcome.errors)")
        let lines = try String(contentsOfFile: bench.path("o"), encoding: .utf8)
        #expect(lines == "{\"doc\":\"{\\\"id\\\":1}\"}\n{\"doc\":\"{\\\"id\\\":2}\"}\n")
    }

    @Test("What is read is not written to, and rejects do not go where records go")
    func apart() async throws {
        let bench = try await CommandLineBench()
        try bench.write("{\"id\":1}\n", to: "a.jsonl")
        let (path, link) = (bench.path("a.jsonl"), bench.path("link.jsonl"))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        let (output, text) = (bench.path("o"), try String(contentsOfFile: path, encoding: .utf8))
        let wrong = [
            ["--to", "jsonl:\(path)", "--overwrite"], ["--to", "jsonl:\(link)", "--overwrite"],
            ["--to", "none", "--rejects", path, "--overwrite"],
            ["--to", "jsonl:\(output)", "--rejects", output],
        ]
        for words in wrong {
            let outcome = await bench.run(["load", path] + words)
            #expect(outcome.status == .usage, "\(words): \(outcome.errors)")
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test("A named run says which file it writes")
    func namedRun() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,v\n1,a\n", to: "a.csv")
        let words = ["load", bench.path("a.csv"), "--to", "csv:\(bench.path("o.csv"))"]
        #expect(await bench.run(words).status == .done)
        for _ in 1...2 {
            let again = await bench.run(words + ["--again", "z"])
            #expect(again.errors.contains("the output of run 'z' is '\(bench.path("o.z.csv"))'"))
        }
        #expect(FileManager.default.fileExists(atPath: bench.path("o.z.csv")))
    }

    @Test("Rejects of JSON keep what was a number")
    func typedRejects() async throws {
        let bench = try await CommandLineBench()
        try bench.write("{\"id\":2,\"v\":true,\"w\":1.50}\n{\"id\":3,\"v\":\"x\"}\n", to: "a.jsonl")
        try bench.write(#"{"properties": {"v": {"type": "string"}}}"#, to: "s.json")
        let outcome = await bench.run([
            "load", bench.path("a.jsonl"), "--to", "none", "--schema", bench.path("s.json"),
            "--strict-types", "--rejects", bench.path("r"),
        ])
        #expect(outcome.status == .done, "\(outcome.errors)")
        let line = try String(contentsOfFile: bench.path("r"), encoding: .utf8)
        #expect(line.contains("\"row\":{\"id\":2,\"v\":true,\"w\":1.50}"), "\(line)")
    }
}
