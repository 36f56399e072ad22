import Foundation
import Testing

@testable import TrancheCLI

@Suite("Forgetting a job", .timeLimit(.minutes(10))) struct ForgetTests {
    private func worked() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let work = ["work", "--meta", "files", "--count", "5", "--", "sh", "-c", "cat > /dev/null"]
        #expect(await bench.run(["work", "--job", "j"] + work.dropFirst()).status == .done)
        #expect(await bench.run(["work", "--job", "k"] + work.dropFirst()).status == .done)
        return bench
    }

    @Test("It says what is lost, asks, and needs --yes without a terminal")
    func asks() async throws {
        let bench = try await worked()
        let words = "job 'j' on 'files': 2 batches with 10 items, 2 attempts, 1 gap"
        let refused = await bench.run("forget", "--job", "j")
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("this forgets \(words), for good: say so with --yes"))
        let no = await bench.run(["forget", "--job", "j"]) { question in
            #expect(question.contains(words))
            return "no"
        }
        #expect(no.status == .failed)
        #expect(no.errors.contains("nothing was changed"))
        let dry = await bench.run("forget", "--job", "j", "--dry-run")
        #expect(dry.output == "would forget \(words)\n")
        #expect(try await bench.batches("--job", "j").count == 2)
        let done = await bench.run("forget", "--job", "j", "--yes", "--json")
        #expect(
            done.output == #"{"dry_run":false,"runs":[{"job":"j","meta":"files","run":""}],"#
                + #""batches":2,"items":10,"attempts":2,"gaps":1,"held":0,"probes":0}"# + "\n"
        )
        #expect(try await bench.batches().count == 2)
        let counts = ["inventory_run": "1", "inventory_attempt": "2", "inventory_gap": "1"]
        for (table, count) in counts {
            #expect(try bench.rows("SELECT count(*) FROM \(table)") == [count], "\(table)")
        }
        let again = await bench.run("acquire", "--job", "j", "--meta", "files", "--json")
        #expect(again.output.contains(#""id_start":1,"id_end":10"#))
    }

    @Test("One run of several goes alone, and what is held stays")
    func run() async throws {
        let bench = try await worked()
        let backfill = ["--job", "j", "--meta", "files", "--run", "again", "--from", "3"]
        #expect(await bench.run(["acquire"] + backfill).status == .done)
        let held = await bench.run("forget", "--job", "j", "--yes")
        #expect(held.status == .usage)
        #expect(held.errors.contains("1 batch is held by workers"))
        #expect(await bench.run("release", "--job", "j", "--run", "again", "--yes").status == .done)
        let one = await bench.run("forget", "--job", "j", "--run", "again", "--yes")
        #expect(one.output.hasPrefix("forgot run 'again' of job 'j'"), "\(one.output)")
        #expect(try await bench.batches("--job", "j").count == 2)
    }

    @Test("A job that another takes from is not forgotten before that")
    func downstream() async throws {
        let bench = try await worked()
        let taken = await bench.run("work", "--job", "l", "--meta", "inventory:j", "--", "cat")
        #expect(taken.status == .done)
        let refused = await bench.run("forget", "--job", "j", "--yes")
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("job 'l' on 'inventory:j' takes the batches as its items"))
        #expect(await bench.run("forget", "--job", "l", "--yes").status == .done)
        #expect(await bench.run("forget", "--job", "j", "--yes").status == .done)
    }
}
