import Foundation
import Testing

@testable import TrancheCLI

@Suite struct RoundTripTests {
    @Test("An acquired batch is one document with ordered keys and whole numbers")
    func acquire() async throws {
        let bench = try await CommandLineBench()
        let first = await bench.run(
            "acquire",
            "--job",
            "j",
            "--meta",
            "files",
            "--weight",
            "60",
            "--json"
        )
        #expect(first.status == .done)
        #expect(first.errors == "")
        #expect(
            first.output
                == #"{"batch":1,"attempt":1,"job":"j","run":"","kind":"incremental","exact":true,"#
                + #""id_start":1,"id_end":3,"count":3,"weight":60,"key":null,"#
                + #""from":null,"to":null,"lease_s":60,"items":["#
                + #"{"id":1,"item":"/data/1","weight":10},{"id":2,"item":"/data/2","weight":20},"#
                + #"{"id":3,"item":"/data/3","weight":30}]}"# + "\n"
        )
        let second = await bench.run("acquire", "--job", "j", "--meta", "files", "--count", "1")
        #expect(
            second.output == """
                batch 2, attempt 1, incremental, ids 4...4, 1 item, weight 40, held for 1 min
                ID  WEIGHT  ITEM
                 4      40  /data/4

                """
        )
    }

    @Test("Nothing to hand out is null and exit 3, with the reason on standard error")
    func nothing() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        let waiting = await bench.run("acquire", "--job", "j", "--meta", "files", "--json")
        #expect(waiting.status == .nothingNow)
        #expect(waiting.output == "null\n")
        #expect(waiting.errors.hasPrefix("tranche: waiting: the next batch is due at "))
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        let complete = await bench.run("acquire", "--job", "j", "--meta", "files")
        #expect(complete.status == .nothingNow)
        #expect(complete.output == "")
        #expect(complete.errors == "tranche: complete: every item is in a batch that has ended\n")
    }

    @Test("Negative ids, other columns, filters and bounds are understood")
    func columns() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE "odd.na:me" (n INTEGER PRIMARY KEY AUTOINCREMENT, "the size" REAL, kind TEXT);
            INSERT INTO "odd.na:me" VALUES (-7, 1.5, 'a'), (-5, 2, 'b'), (-4, 3, 'a'), (9, 1, 'a');
            """
        )
        let arguments = [
            "acquire", "--json", "--job", "j", "--run", "r", "--meta", "table:odd.na:me", "--uid",
            "n",
            "--weight-column", "the size", "--where", "kind = 'a'", "--from", "-5", "--to=5",
        ]
        let batch = await bench.run(arguments)
        #expect(batch.errors == "")
        #expect(
            batch.output.contains(#""kind":"backfill","exact":true,"id_start":-4,"id_end":-4,"#)
        )
        #expect(batch.output.hasSuffix(#""items":[{"id":-4,"item":null,"weight":3}]}"# + "\n"))
    }

    @Test("A repeated request gives the same batch")
    func token() async throws {
        let bench = try await CommandLineBench()
        let arguments = [
            "acquire", "--job", "j", "--meta", "files", "--count", "2", "--request", "t", "--json",
        ]
        let first = await bench.run(arguments)
        #expect(first.status == .done)
        #expect(await bench.run(arguments).output == first.output)
    }

    @Test("A batch is ended under its attempt only")
    func ends() async throws {
        let bench = try await CommandLineBench()
        for _ in 1...3 {
            #expect(
                await bench.run("acquire", "--job", "j", "--meta", "files", "--count", "2").status
                    == .done
            )
        }
        #expect(await bench.run("heartbeat", "1", "--attempt", "1").output.contains("held until"))
        let succeeded = await bench.run("succeed", "1", "--attempt", "1", "--result", #"{"n": 1}"#)
        #expect(succeeded.output == "batch 1, attempt 1: succeeded\n")
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        for command in [
            ["fail", "1", "--attempt", "1", "--error", "late"],
            ["heartbeat", "1", "--attempt", "1"],
            ["release", "1", "--attempt", "1"], ["succeed", "2", "--attempt", "2"],
        ] {
            let lost = await bench.run(command)
            #expect(lost.status == .batchLost, "\(command)")
            #expect(lost.errors.split(separator: "\n").count == 1)
            #expect(lost.output == "")
        }
        let failed = await bench.run("fail", "2", "--attempt", "1", "--error", "no luck")
        #expect(failed.output.hasPrefix("batch 2, attempt 1: failed, tried again in "))
        #expect(
            await bench.run("release", "3", "--attempt", "1").output
                == "batch 3, attempt 1: released\n"
        )
        #expect(try await bench.states() == ["succeeded", "failed", "released"])
        let again = await bench.run("acquire", "--job", "j", "--meta", "files", "--json")
        #expect(again.output.hasPrefix(#"{"batch":3,"attempt":2,"#))
    }

    @Test("The documents are as stored")
    func documents() async throws {
        let bench = try await CommandLineBench()
        func snapshot(_ arguments: String..., name: String) async throws {
            let outcome = await bench.run(arguments + ["--json"])
            #expect(outcome.errors == "")
            try expectSnapshot(normalized(outcome.output, folder: bench.folder), named: name)
        }
        for _ in 1...3 {
            #expect(
                await bench.run("acquire", "--job", "j", "--meta", "files", "--count", "2").status
                    == .done
            )
        }
        try await snapshot(
            "succeed",
            "1",
            "--attempt",
            "1",
            "--result",
            #"{"n":1}"#,
            name: "succeed.json"
        )
        try await snapshot(
            "fail",
            "2",
            "--attempt",
            "1",
            "--error",
            "no \"luck\"",
            name: "fail.json"
        )
        try await snapshot("heartbeat", "3", "--attempt", "1", name: "heartbeat.json")
        try await snapshot("release", "3", "--attempt", "1", name: "release.json")
        try await snapshot("batches", "--limit", "2", name: "batches.json")
        try await snapshot("history", "--meta", "files", "--id", "3", name: "history.json")
        try await snapshot(
            "plan",
            "--job",
            "j",
            "--meta",
            "files",
            "--weight",
            "150",
            name: "plan.json"
        )
        try await snapshot("pause", "--job", "j", "--reason", "lunch", name: "pause.json")
        try await snapshot("status", name: "status.json")
        try await snapshot("resume", "--job", "j", name: "resume.json")
        try await snapshot("migrate", "status", name: "migrate-status.json")
        try await snapshot("migrate", "up", name: "migrate-up.json")
        try await snapshot(
            "redefine",
            "--job",
            "j",
            "--lease",
            "2m",
            "--dry-run",
            name: "redefine.json"
        )
    }

    @Test("Finally failed batches are offered again by retry")
    func retry() async throws {
        let bench = try await CommandLineBench()
        let acquire = [
            "acquire", "--job", "j", "--meta", "files", "--count", "5", "--max-attempts", "1",
        ]
        for _ in 1...2 { #expect(await bench.run(acquire).status == .done) }
        for batch in ["1", "2"] {
            let failed = await bench.run("fail", batch, "--attempt", "1", "--error", "no")
            #expect(failed.output.contains("failed for good"))
        }
        #expect(await bench.run("retry", "--batch", "1").output == "batch 1 is offered again\n")
        let twice = await bench.run("retry", "--batch", "1", "--batch", "2")
        #expect(twice.status == .failed)
        #expect(twice.errors.contains("batch 1 of job 'j' on 'files' is "))
        #expect(
            await bench.run("retry", "--job", "j", "--json").output
                == #"{"batches":[2],"dry_run":false}"# + "\n"
        )
        #expect(await bench.run("retry", "--job", "j").status == .nothingNow)
        #expect(await bench.run("retry", "--batch", "99").errors.contains("no batch 99"))
    }

    @Test("A paused run hands out nothing until it is resumed")
    func pause() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1"]
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("pause", "--job", "j", "--reason", "lunch").status == .done)
        let paused = await bench.run(acquire)
        #expect(paused.status == .nothingNow)
        #expect(paused.errors == "tranche: paused (lunch); 'tranche resume' lets it go on\n")
        #expect(await bench.run("status").output.contains("paused: lunch"))
        #expect(await bench.run("resume", "--job", "j").status == .done)
        #expect(await bench.run(acquire).status == .done)
    }

    @Test("A job with several sources is asked for by name and source")
    func ambiguous() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            "CREATE TABLE more (uid INTEGER PRIMARY KEY); INSERT INTO more VALUES (1);"
        )
        for table in ["files", "more"] {
            #expect(await bench.run("acquire", "--job", "j", "--meta", table).status == .done)
        }
        let pause = await bench.run("pause", "--job", "j")
        #expect(pause.status == .failed)
        #expect(pause.errors.contains("'files', 'more'"))
        #expect(pause.errors.contains("--meta"))
        #expect(await bench.run("pause", "--job", "j", "--meta", "more").status == .done)
        #expect(await bench.run("acquire", "--job", "j", "--meta", "more").status == .nothingNow)
    }

    @Test("Items may be in another file than the inventory")
    func twoDatabases() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let settings = [
            "TRANCHE_INVENTORY": "sqlite:\(bench.path("other.db"))",
            "TRANCHE_META_DB": "sqlite:\(bench.path("tranche.db"))",
        ]
        #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--json"]
        let batch = await bench.run(acquire, environment: settings)
        #expect(batch.output.contains(#""count":10,"weight":550,"#))
    }

    @Test("Colours are for terminals without NO_COLOR")
    func colours() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        #expect(await bench.run("batches").output.contains("\u{1B}") == false)
        let terminal = await bench.run(["batches"], output: TextWriter(isTerminal: true))
        #expect(terminal.output.contains("\u{1B}[34mrunning\u{1B}[0m"))
        let plain = await bench.run(
            ["batches"],
            environment: ["NO_COLOR": "1"],
            output: TextWriter(isTerminal: true)
        )
        #expect(plain.output.contains("\u{1B}") == false)
    }

    @Test("A batch that cannot be printed is given back")
    func brokenOutput() async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(
            ["acquire", "--job", "j", "--meta", "files", "--json"],
            output: FullWriter()
        )
        #expect(outcome.status == .failed)
        #expect(try await bench.states() == ["released"])
    }

    @Test("A batch that cannot be printed, and can be asked for again, stays held until it is")
    func brokenOutputOfRequest() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--request", "t", "--json"]
        #expect(await bench.run(acquire, output: FullWriter()).status == .failed)
        // Nobody else is given it: the one who repeats the request works on it.
        #expect(try await bench.states() == ["running"])
        let again = await bench.run(acquire)
        #expect(again.status == .done)
        #expect(again.output.contains(#""attempt":1,"#), "\(again.output)")
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
    }
}

/// A disk without room.
private struct FullWriter: Writer, CustomStringConvertible {
    let isTerminal = false
    let width = 79
    let description = ""

    func write(_ bytes: [UInt8]) throws {
        throw WriteError(description: "cannot write the output: no space left on device")
    }
}
