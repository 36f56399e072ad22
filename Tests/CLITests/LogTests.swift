import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Lines on standard error as a log")
struct LogTests {
    private static let job = ["--job", "j", "--meta", "files", "--count", "5"]

    private struct Line: Decodable, Equatable {
        var time: String
        var level: String
        var message: String
        var job: String?
        var run: String?
        var batch: Int64?
        var attempt: Int?
        var worker: String?
        var stream: String?
    }

    private func lines(_ text: String) throws -> [Line] {
        try text.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    @Test("Each line is an object with time, level, job, batch and worker")
    func json() async throws {
        let bench = try await CommandLineBench()
        let script = "cat > /dev/null; echo one; printf two >&2; test $TRANCHE_BATCH = 1 || exit 3"
        let options = ["--log", "json", "--max-attempts", "1"] + Self.job
        let outcome = await bench.run(["work"] + options + ["--", "sh", "-c", script])
        #expect(outcome.status == .failed)
        let lines = try lines(outcome.errors)
        #expect(lines.allSatisfy { $0.job == "j" && $0.worker == "worker-1" && $0.run == nil })
        #expect(lines.allSatisfy { $0.time.hasSuffix("Z") && $0.time.count == 24 })
        let said = lines.filter { $0.stream != nil }
        for batch in 1...2 as ClosedRange<Int64> {
            let own = said.filter { $0.batch == batch }
            #expect(own.first { $0.stream == "stdout" }?.message == "one")
            #expect(own.first { $0.stream == "stderr" }?.message == "two")
            #expect(own.allSatisfy { $0.level == "info" && $0.attempt == 1 })
        }
        let end = try #require(lines.first { $0.message.hasPrefix("batch 1 succeeded") })
        #expect(end.level == "info")
        #expect(end.batch == 1)
        let failure = try #require(lines.first { $0.message.hasPrefix("batch 2 failed") })
        #expect(failure.level == "error")
        #expect(failure.batch == 2)
        #expect(lines.last?.level == "error")
        #expect(lines.last?.message.contains("is complete, but 1 batch has failed") == true)
    }

    @Test("As text, what a line is about stands before it")
    func text() async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(
            ["work", "--log", "text"] + Self.job + ["--", "echo", "hello"],
            errors: TextWriter(isTerminal: true)
        )
        #expect(outcome.status == .done)
        #expect(!outcome.errors.contains("\u{1B}"))
        let about = "job=j batch=1 attempt=1 worker=worker-1"
        #expect(outcome.errors.contains("Z info \(about) stream=stdout: hello\n"))
        #expect(outcome.errors.contains("Z info \(about): batch 1 succeeded: ids 1...5"))
        #expect(outcome.errors.contains("Z info job=j worker=worker-1: done: 2 batches, 10 items"))
    }

    @Test("Quiet, nothing is said but warnings and errors")
    func quiet() async throws {
        let bench = try await CommandLineBench()
        let quiet = ["work", "--log", "quiet"] + Self.job
        let good = await bench.run(quiet + ["--", "echo", "hello"])
        #expect(good.status == .done)
        #expect(good.errors == "")
        let table = "INSERT INTO files (item, weight) VALUES ('/data/11', 1)"
        try bench.execute(table)
        let outcome = await bench.run(quiet + ["--max-attempts", "1", "--", "false"])
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("tranche: batch 3 failed for good"))
        #expect(!outcome.errors.contains("done:"))
    }

    @Test("An error that ends the command is a line of the log, too")
    func errors() async throws {
        let bench = try await CommandLineBench()
        let job = ["--job", "j", "--meta", "nosuch"]
        let outcome = await bench.run(["work", "--log", "json"] + job + ["--", "true"])
        #expect(outcome.status == .failed)
        let lines = try lines(outcome.errors)
        #expect(lines.count == 1)
        #expect(lines.first?.level == "error")
        #expect(lines.first?.message.contains("nosuch") == true)
        let wrong = await bench.run(["work", "--log", "xml"] + Self.job + ["--", "true"])
        #expect(wrong.status == .usage)
        #expect(wrong.errors.contains("json, text, quiet"))
    }

    @Test("Lines of a program stand behind the number of its batch")
    func marks() async throws {
        let bench = try await CommandLineBench()
        let script = "cat > /dev/null; printf 'a\\n\\nb'; printf 'c\\xff\\n' >&2"
        let outcome = await bench.run(["work"] + Self.job + ["--", "sh", "-c", script])
        #expect(outcome.status == .done)
        for batch in 1...2 {
            #expect(outcome.errors.contains("[\(batch)] a\n"))
            #expect(outcome.errors.contains("[\(batch)] \n"))
            #expect(outcome.errors.contains("[\(batch)] b\n"))
            #expect(outcome.errors.contains("[\(batch)] c"))
        }
    }
}
