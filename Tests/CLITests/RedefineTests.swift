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

    @Test("What becomes of exhausted batches, and for whom a run waits, is its policy")
    func settling() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1"]
        #expect(await bench.run(acquire).status == .done)
        let options = [
            "--on-exhausted", "split", "--settle-wait", "2m", "--settle-lag", "30s", "--watch",
            "2d",
        ]
        #expect(
            await bench.run(acquire + options).errors
                == "tranche: job 'j' on 'files' keeps on-exhausted fail, not split, settle-wait 1 min, "
                + "not 2 min, settle-lag 0 ms, not 30 s, watch 1 d, not 2 d; 'tranche redefine' "
                + "changes it\n"
        )
        #expect(
            await bench.run(["redefine", "--job", "j"] + options).output == """
                job 'j' on 'files' changed:
                  on-exhausted: fail -> split
                  settle-wait: 1 min -> 2 min
                  settle-lag: 0 ms -> 30 s
                  watch: 1 d -> 2 d

                """
        )
        #expect(
            await bench.run("status", "--json").output.contains(
                #""on_exhausted":"split","settle_wait_s":120,"settle_lag_s":30,"watch_s":172800"#
            )
        )
        for batch in ["1", "2"] {
            #expect(await bench.run("succeed", batch, "--attempt", "1").status == .done)
        }
        #expect(await bench.run(acquire + options).errors.hasPrefix("tranche: unsettled: "))
    }

    @Test("With a column that says when an item was made, only what is older than the lag comes")
    func settleColumn() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE aged (uid INTEGER PRIMARY KEY AUTOINCREMENT, made INTEGER);
            INSERT INTO aged (made) VALUES (unixepoch() - 7200), (unixepoch() - 7200), (unixepoch());
            """
        )
        let aged = ["--job", "j", "--meta", "aged"]
        let lag = ["--settle-column", "made", "--settle-lag", "1h", "--max-attempts", "1"]
        let batch = await bench.run(["acquire", "--json"] + aged + lag)
        #expect(batch.output.contains(#""id_start":1,"id_end":2,"count":2"#), "\(batch.errors)")
        #expect(await bench.run("fail", "1", "--attempt", "1", "--error", "no").status == .done)
        #expect(await bench.run(["acquire"] + aged + lag).status == .nothingNow)
        #expect(await bench.run("split", "1", "--dry-run").status == .done)
        #expect(
            await bench.run(["acquire"] + aged).errors.contains("known with another definition")
        )
        let redefine = ["redefine", "--job", "j", "--settle-column", "", "--settle-lag", "0"]
        let redefined = await bench.run(redefine)
        #expect(redefined.output.contains("  settle-column: made -> none\n"), "\(redefined.errors)")
        let rest = await bench.run(["acquire", "--json"] + aged)
        #expect(rest.output.contains(#""id_start":3,"id_end":3,"count":1"#), "\(rest.errors)")
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
