import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Folders registered from the command line", .timeLimit(.minutes(5)))
struct RegisterTests {
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.write("one", to: "photos/a.jpg")
        try bench.write("three", to: "photos/deep/b.jpg")
        try bench.write("x", to: "photos/notes.txt")
        return bench
    }

    @Test("The files of a folder are registered, and worked on with no further option")
    func worksOnFiles() async throws {
        let bench = try await bench()
        let words = ["register", bench.path("photos"), "--table", "photo", "--quiet", "0"]
        let trial = await bench.run(words + ["--dry-run"])
        #expect(trial.output == "would register 3 new files of 3 in photo\n", "\(trial.errors)")
        let first = await bench.run(words)
        #expect(first.status == .done)
        #expect(first.output == "registered 3 new files of 3 in photo\n", "\(first.errors)")
        try bench.write("changed", to: "photos/a.jpg")
        let second = await bench.run(words)
        #expect(second.output == "registered 1 new file of 3 in photo, 1 of them changed ones\n")
        let acquire = await bench.run("acquire", "--job", "thumbs", "--meta", "photo", "--json")
        #expect(acquire.status == .done, "\(acquire.errors)")
        #expect(acquire.output.contains("\"count\":4"))
        #expect(acquire.output.contains("\"weight\":16"))
        #expect(acquire.output.contains("photos/deep/b.jpg"))
    }

    @Test("Only what is asked for is registered, and told as JSON")
    func chooses() async throws {
        let bench = try await bench()
        let words = ["register", bench.path("photos"), "--table", "photo", "--quiet", "0"]
        let flat = await bench.run(words + ["--flat", "--suffix", ".jpg", "--json"])
        let expected =
            #"{"prefix":"\#(bench.path("photos"))","table":"photo","found":1,"new":1,"changed":0}"#
        #expect(flat.output.replacing("\\/", with: "/") == expected + "\n")
        let both = await bench.run(words + ["--suffix", ".jpg", "--suffix", ".txt"])
        #expect(both.output == "registered 2 new files of 3 in photo\n")
    }

    @Test("A watch tells what it registers, and ends well by a signal")
    func watches() async throws {
        let bench = try await bench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let output = ToldWriter()
        async let watching = bench.run(
            ["register", bench.path("photos"), "--table", "photo", "--quiet", "0", "--watch"],
            output: output,
            signals: signals
        )
        var lines = output.lines.makeAsyncIterator()
        let first = await lines.next()
        #expect(first == "registered 3 new files of 3 in photo\n")
        try bench.write("new", to: "photos/c.jpg")
        let second = await lines.next()
        #expect(second == "registered 1 new file of 1 in photo\n")
        sender.yield(15)
        let ended = await watching
        #expect(ended.status == .done, "\(ended.errors)")
        #expect(try bench.rows("SELECT count(*) FROM photo") == ["4"])
    }

    /// Expects that a table in a schema that is not there is refused with a remedy.
    private func expectMissingSchema(
        _ bench: CommandLineBench,
        _ settings: [String: String],
        _ remedy: String
    ) async throws {
        let words = ["register", bench.path("photos"), "--table", "nosuchschema.reg"]
        let reason = "there is no schema 'nosuchschema' for the table 'nosuchschema.reg'; "
        for options in [[], ["--dry-run"]] {
            let register = await bench.run(words + options, environment: settings)
            #expect(register.status == .usage)
            #expect(register.errors.contains(reason + remedy), "\(register)")
        }
    }

    @Test("A table in a schema is refused in a SQLite file, which has none")
    func missingSchema() async throws {
        try await expectMissingSchema(try await bench(), [:], "a SQLite file has none")
    }

    @Test(
        "A table in a schema that is not there is named with it, and with what to do",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func missingSchemaOfServer() async throws {
        let server = try #require(TestPostgreSQL.server)
        let bench = try await bench()
        try await withTestSchema(server) { schema in
            let settings = ["TRANCHE_INVENTORY": server.url, "TRANCHE_SCHEMA": schema]
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let remedy = "make it first (CREATE SCHEMA \"nosuchschema\")"
            try await expectMissingSchema(bench, settings, remedy)
        }
    }

    @Test(
        "What makes no sense is refused before anything is opened",
        arguments: [
            (["--watch", "--dry-run"], "--dry-run counts once"),
            (["--every", "5s"], "--every goes with --watch"),
            (["--watch", "--every", "0"], "--every 0: give a time above 0"),
            (["--quiet", "soon"], "--quiet 'soon'"),
        ]
    )
    func refuses(options: [String], reason: String) async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let run = await bench.run(["register", bench.folder.path, "--table", "photo"] + options)
        #expect(run.status == .usage)
        #expect(run.errors.contains(reason), "\(run.errors)")
    }

    @Test("Names that are not UTF-8 are told one by one, and hold up no other file")
    func strangeNames() async throws {
        let bench = try await bench()
        let folder = Array(bench.path("photos").utf8)
        for name in [[0x78, 0xFF, 0x1B, 0x2E, 0x6A], [0xC3, 0xA9, 0xFE, 0x2E, 0x6A]] as [[UInt8]] {
            let path = (folder + [0x2F] + name + [0]).map { CChar(bitPattern: $0) }
            let file = try #require(fopen(path, "w"))
            fclose(file)
        }
        let path = (folder + [0x2F, 0x64, 0xFF, 0]).map { CChar(bitPattern: $0) }
        #expect(mkdir(path, 0o755) == 0)
        let words = ["register", bench.path("photos"), "--table", "photo", "--quiet", "0"]
        let run = await bench.run(words)
        #expect(run.output == "registered 3 new files of 3 in photo\n")
        #expect(run.status == .failed)
        for name in [#"'x\xFF\u{1B}.j'"#, #"'é\xFE.j'"#, #"'d\xFF'"#] {
            #expect(run.errors.contains("the name \(name) in the folder"), "\(run.errors)")
        }
        #expect(run.errors.contains("3 files or folders were not registered; all others are"))
        // Names that are not meant are not told of; a folder may hold files that are.
        let chosen = await bench.run(words + ["--suffix", ".txt"])
        #expect(chosen.errors.contains(#"'d\xFF'"#))
        #expect(chosen.errors.contains("1 file or folder was not registered"))
        let flat = await bench.run(words + ["--suffix", ".txt", "--flat"])
        #expect(flat.status == .done, "\(flat.errors)")
    }

    @Test("A place that is no folder is an error, and options of folders are none of buckets")
    func places() async throws {
        let bench = try await CommandLineBench()
        let missing = await bench.run("register", bench.path("none"), "--table", "photo")
        #expect(missing.status == .usage)
        #expect(missing.errors.contains("none' does not exist; name a folder"))
        try bench.write("x", to: "file")
        let file = await bench.run("register", bench.path("file"), "--table", "photo")
        #expect(file.status == .usage)
        #expect(file.errors.contains("file' is not a folder; name a folder"))
        let bucket = await bench.run("register", "gs://b/in/", "--table", "t", "--watch")
        #expect(bucket.status == .usage)
        #expect(bucket.errors.contains("--watch goes with a folder"))
        let other = await bench.run("register", "ftp://b/in/", "--table", "t")
        #expect(other.status == .usage)
        #expect(other.errors.contains("is not an object; give gs://bucket/name"))
    }
}

/// An output that tells of each line.
private final class ToldWriter: Writer, CustomStringConvertible {
    let lines: AsyncStream<String>
    private let teller: AsyncStream<String>.Continuation

    init() { (lines, teller) = AsyncStream.makeStream() }

    var description: String { "" }

    var isTerminal: Bool { false }
    var width: Int { 79 }

    func write(_ bytes: [UInt8]) throws { teller.yield(String(decoding: bytes, as: UTF8.self)) }
}
