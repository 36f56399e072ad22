import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

@Suite("Names of files", .timeLimit(.minutes(10)))
struct FileNameTests {
    private func write(_ bench: CommandLineBench, _ name: String, from first: Int = 1) throws {
        let path = bench.path(name)
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var text = "id,name\n"
        for row in first..<first + 10 { text += "\(row),a\n" }
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    private func load(
        _ bench: CommandLineBench,
        _ path: String,
        _ more: String...
    ) async -> CommandLineBench.Outcome {
        await bench.run(["load", path, "--to", "table:t"] + more)
    }

    @Test("However a file is spelt, it is loaded once")
    func spellings() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        try write(bench, "a/data.csv")
        try FileManager.default.createSymbolicLink(
            atPath: bench.path("link.csv"),
            withDestinationPath: bench.path("a/data.csv")
        )
        let spellings = [
            "a/data.csv", "a/./data.csv", "a/../a/data.csv", "a//data.csv", "link.csv",
        ]
        for spelling in spellings {
            let outcome = await load(bench, bench.path(spelling))
            #expect(outcome.status == .done, "\(spelling): \(outcome.errors)")
            #expect(try bench.rows("SELECT count(*) FROM t") == ["10"], "\(spelling)")
        }
        let status = await bench.run(
            ["status", "--job", "load", "--meta", "csv:\(bench.path("a/../link.csv"))", "--json"]
        )
        #expect(status.output.contains("\"items\":10"), "\(status.output)\(status.errors)")
    }

    @Test("Files of one name in two folders are two, even with the same size and time")
    func folders() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        try write(bench, "a/data.csv", from: 10)
        try write(bench, "b/data.csv", from: 20)
        let time = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)]
        for folder in ["a", "b"] {
            let path = bench.path("\(folder)/data.csv")
            try FileManager.default.setAttributes(time, ofItemAtPath: path)
            // The two as programs started in their folders name them.
            let outcome = try await Executable("/bin/sh").run(
                [
                    "-c", "cd \"$1\" && exec \"$0\" load data.csv --to table:t",
                    Executable.tranche.path, bench.path(folder),
                ],
                environment: bench.environment
            )
            #expect(outcome.code == 0, "\(outcome.errors)")
        }
        #expect(try bench.rows("SELECT count(*), count(DISTINCT id) FROM t") == ["20|20"])
    }

    @Test("Files whose names differ in their Unicode form alone are two", arguments: ["d", "d/*"])
    func forms(_ operand: String) async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        try write(bench, "d/e\u{301}.csv", from: 10)
        let first = await load(bench, bench.path(operand))
        #expect(first.status == .done, "\(first.errors)")
        try write(bench, "d/\u{E9}.csv", from: 20)
        let outcome = await load(bench, bench.path(operand))
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try bench.rows("SELECT count(*), count(DISTINCT id) FROM t") == ["20|20"])
    }

    @Test("A job that is known under an earlier spelling goes on under it")
    func earlier() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        try write(bench, "data.csv")
        let path = bench.path("data.csv")
        let resolved = path.replacing("/private/", with: "/")
        #expect(await load(bench, path, "--weight", "20").status == .done)
        // As it was kept when names were taken as spelt, by a program in the file's folder.
        try bench.execute(
            """
            UPDATE inventory_run SET meta_table = 'csv:data.csv', definition = json_remove(
                replace(definition, '\(resolved)', 'data.csv'), '$.identity', '$.target'
            );
            UPDATE inventory SET meta_table = 'csv:data.csv';
            """
        )
        let again = await load(bench, path)
        #expect(again.status == .done, "\(again.errors)")
        #expect(try bench.rows("SELECT count(*) FROM t") == ["10"])
        #expect(try bench.rows("SELECT meta_table FROM inventory_run") == ["csv:data.csv"])
        // Another file of that name is none of it.
        try write(bench, "b/data.csv", from: 100)
        #expect(await load(bench, bench.path("b/data.csv")).status == .done)
        #expect(try bench.rows("SELECT count(*) FROM t") == ["20"])
    }

    @Test("A file with other content is refused, though its size, its time and its number stay")
    func overwritten() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        let path = bench.path("data.csv")
        let time = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)]
        try write(bench, "data.csv", from: 10)
        try FileManager.default.setAttributes(time, ofItemAtPath: path)
        #expect(await load(bench, path).status == .done)
        // Only its mode differs: it is the same.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(await load(bench, path).status == .done)
        #expect(try bench.rows("SELECT count(*) FROM t") == ["10"])
        try write(bench, "data.csv", from: 20)
        try FileManager.default.setAttributes(time, ofItemAtPath: path)
        let other = await load(bench, path)
        #expect(other.status == .failed, "\(other.errors)")
        #expect(other.errors.contains("its content differs"), "\(other.errors)")
        #expect(try bench.rows("SELECT count(*) FROM t") == ["10"])
    }

    @Test("A file that was touched or copied to its place again is the same")
    func touched() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        try write(bench, "data.csv")
        let path = bench.path("data.csv")
        #expect(await load(bench, path).status == .done)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)],
            ofItemAtPath: path
        )
        #expect(await load(bench, path).status == .done)
        let bytes = try Data(contentsOf: URL(filePath: path))
        try FileManager.default.removeItem(atPath: path)
        try bytes.write(to: URL(filePath: path))
        let copied = await load(bench, path)
        #expect(copied.status == .done, "\(copied.errors)")
        #expect(try bench.rows("SELECT count(*) FROM t") == ["10"])
        // One byte that differs makes it another.
        try write(bench, "data.csv", from: 2)
        let other = await load(bench, path)
        #expect(other.status == .failed)
        #expect(other.errors.contains("another definition"), "\(other.errors)")
        #expect(try bench.rows("SELECT count(*) FROM t") == ["10"])
    }
}
