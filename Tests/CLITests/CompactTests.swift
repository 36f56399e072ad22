import Foundation
import Testing

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10))) struct CompactTests {
    private func worked() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let work = ["work", "--job", "j", "--meta", "files", "--count", "2", "--", "true"]
        #expect(await bench.run(work).status == .done)
        return bench
    }

    @Test("What is packed is still known, and nothing of it is handed out again")
    func packs() async throws {
        let bench = try await worked()
        let young = await bench.run("compact")
        #expect(young.status == .done)
        #expect(young.output == "nothing to pack: no batch succeeded longer than 30 d ago\n")
        let dry = await bench.run("compact", "--keep", "0", "--dry-run")
        #expect(dry.output.hasPrefix("would pack 5 batches"))
        #expect(try await bench.states().count == 5)
        let packed = await bench.run("compact", "--keep", "0", "--json")
        #expect(packed.errors == "")
        try expectSnapshot(
            packed.output.replacing(#/"archived_bytes":\d+/#, with: #""archived_bytes":NUMBER"#),
            named: "compact.json"
        )
        let acquire = ["acquire", "--job", "j", "--meta", "files"]
        #expect(await bench.run(acquire).status == .nothingNow)
        let history = await bench.run("history", "--meta", "files", "--id", "3")
        #expect(history.output.contains("succeeded"))
        #expect(await bench.run("audit", "--job", "j", "--thorough").status == .done)
        let status = await bench.run("status", "--json").output
        #expect(status.contains(#""succeeded":{"batches":5,"items":10,"weight":550}"#))
    }

    @Test("Results are given up when that is wanted")
    func results() async throws {
        let bench = try await CommandLineBench()
        let work = ["work", "--job", "j", "--meta", "files", "--count", "5", "--"]
        #expect(await bench.run(work + ["sh", "-c", "echo '{}'"]).status == .done)
        let compact = ["compact", "--keep", "0"]
        let words = "packing 2 batches gives up 2 results or logs and the attempts"
        let refused = await bench.run(compact)
        #expect(refused.status == .usage)
        #expect(refused.errors.contains(words + "; say so with --yes"))
        #expect(await bench.run(compact) { _ in "no" }.status == .failed)
        #expect(try await bench.states().count == 2)
        #expect(await bench.run(compact + ["--dry-run"]).output.contains("and 2 results or logs"))
        #expect(await bench.run(compact) { _ in "yes" }.output.hasPrefix("packed 2 batches"))
        #expect(try await bench.states().isEmpty)
    }

    @Test("What a downstream run may still read stays")
    func keepsForOthers() async throws {
        let bench = try await worked()
        let downstream = ["acquire", "--job", "k", "--meta", "inventory:j", "--count", "2"]
        #expect(await bench.run(downstream).status == .done)
        let packed = await bench.run("compact", "--keep", "0", "--job", "j")
        #expect(packed.status == .done)
        #expect(packed.output.contains("batches stay for runs that may still read them"))
        #expect(await bench.run("succeed", "6", "--attempt", "1").status == .done)
        let work = ["work", "--job", "k", "--count", "none", "--", "sh", "-c", "wc -l"]
        #expect(await bench.run(work).errors.contains("] 3\n"))
    }

    @Test("A job that has several sources is named with one")
    func ambiguous() async throws {
        let bench = try await worked()
        try bench.execute(
            "CREATE TABLE more (uid INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO more VALUES (1);"
        )
        #expect(await bench.run("acquire", "--job", "j", "--meta", "more").status == .done)
        let compact = await bench.run("compact", "--job", "j")
        #expect(compact.status == .failed)
        #expect(compact.errors.contains("'files', 'more'"))
        #expect(await bench.run("compact", "--job", "j", "--meta", "more").status == .done)
    }
}
