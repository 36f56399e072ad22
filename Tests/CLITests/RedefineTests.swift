import Foundation
import Testing

@testable import TrancheCLI

@Suite struct RedefineTests {
    @Test("A known run keeps its policy, and says so")
    func policy() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1", "--lease"]
        #expect(await bench.run(acquire + ["90s"]).errors == "")
        #expect(await bench.run(acquire + ["90s"]).errors == "")
        #expect(
            await bench.run(acquire + ["2m"]).errors
                == "tranche: job 'j' on 'files' keeps lease 1 min 30 s, not 2 min; 'tranche redefine' changes it\n"
        )
        let redefined = await bench.run(
            "redefine",
            "--job",
            "j",
            "--lease",
            "2m",
            "--max-attempts",
            "5"
        )
        #expect(
            redefined.output
                == "job 'j' on 'files' changed:\n  lease: 1 min 30 s -> 2 min\n  max-attempts: 3 -> 5\n"
        )
        #expect(await bench.run(acquire + ["2m"]).errors == "")
    }

    @Test("Another filter is refused until the job is redefined; the rest stays as it is")
    func redefine() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1"]
        #expect(await bench.run(acquire).status == .done)
        let other = await bench.run(acquire + ["--where", "weight > 50"])
        #expect(other.status == .failed)
        #expect(other.errors.contains("redefine"))
        let dry = await bench.run("redefine", "--job", "j", "--where", "weight > 50", "--dry-run")
        #expect(dry.output == "job 'j' on 'files' would change:\n  where: none -> weight > 50\n")
        #expect(await bench.run(acquire + ["--where", "weight > 50"]).status == .failed)
        #expect(await bench.run("redefine", "--job", "j", "--where", "weight > 50").status == .done)
        #expect(
            await bench.run(acquire + ["--where", "weight > 50", "--json"]).output.contains(
                #""id_start":6"#
            )
        )
        #expect(
            await bench.run("redefine", "--job", "j", "--where", "").output.contains(
                "weight > 50 -> none"
            )
        )
        #expect(
            await bench.run("redefine", "--job", "j", "--where", "").output.contains(
                "as asked for already"
            )
        )
    }

    @Test("Bounds of a named run can be changed, one end at a time")
    func redefineBounds() async throws {
        let bench = try await CommandLineBench()
        let run = ["--job", "j", "--meta", "files", "--run", "r"]
        #expect(await bench.run(["acquire", "--from", "2", "--to", "3"] + run).status == .done)
        #expect(
            await bench.run(["redefine", "--to", "4"] + run).output.contains(
                "bounds: 2...3 -> 2...4"
            )
        )
        #expect(
            await bench.run(["redefine", "--from", ""] + run).output.contains(
                "bounds: 2...4 -> ...4"
            )
        )
        #expect(await bench.run(["redefine", "--from", "9"] + run).status == .usage)
        #expect(await bench.run("acquire", "--job", "k", "--meta", "files").status == .done)
        #expect(await bench.run("redefine", "--job", "k", "--from", "9").status == .usage)
    }
}
