import Foundation
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TrancheTestKit

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10))) struct ApplyTests {
    /// A pipeline whose process notes what it sees.
    private static func pipeline(
        _ folder: String,
        _ more: String = "",
        link: String = ""
    ) -> String {
        """
        inputs: {files: {type: directory, folder: "\(folder)/in", quiet: 0s, interval: 100ms}}
        processes: {p: {type: program, command: [sh, -c, 'cat >> "\(folder)/seen"']}}
        links: [{from: files, to: p, count: 10\(link)}]
        \(more)
        """
    }

    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.write(Self.pipeline(bench.folder.path), to: "p.yaml")
        try bench.write("x", to: "in/a")
        return bench
    }

    @Test("A file is applied once, and shown with what differs")
    func apply() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        let dry = await bench.run("apply", file, "--dry-run")
        #expect(dry.status == .done)
        #expect(dry.output.contains("+ input files\n"), "\(dry.output)")
        #expect(dry.output.contains("nothing is applied yet"))
        #expect(await bench.run("pipeline", "list").errors.contains("no pipeline is applied yet"))
        let first = await bench.run("apply", file, "--reason", "the first")
        #expect(first.status == .done, "\(first.errors)")
        #expect(first.output.hasSuffix("generation 1 of pipeline 'p' is applied\n"))
        let same = await bench.run("apply", file)
        #expect(same.status == .done)
        #expect(same.output == "generation 1 of pipeline 'p' is as \(file) says\n")
        #expect(await bench.run("apply", file, "--dry-run").status == .nothingNow)
        let text = Self.pipeline(bench.folder.path, link: ", lease: 9s")
        try bench.write("# new\n" + text, to: "p.yaml")
        let second = await bench.run("apply", file, "--json")
        #expect(
            second.output.contains(
                #""changes":[{"kind":"changed","part":"link","name":"files/p","fields":[{"name":"lease","old":null,"new":"9s"}]}]"#
            ),
            "\(second.output)"
        )
        let list = await bench.run("pipeline", "list", "--json")
        #expect(list.output.contains(#""pipeline":"p","generation":2"#), "\(list.output)")
        let history = await bench.run("pipeline", "history", "p")
        #expect(history.output.contains("the first"), "\(history.output)")
        #expect(history.output.split(separator: "\n").count == 3)
        let show = await bench.run("pipeline", "show", "p")
        #expect(show.output.contains(#"link files/p: {"count":10,"lease":"9s"}"#), "\(show.output)")
    }

    @Test("A generation that is not the expected one is refused")
    func expected() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        let early = await bench.run("apply", file, "--expect-generation", "1")
        #expect(early.status == .failed)
        #expect(early.errors.contains("none is applied"), "\(early.errors)")
        #expect(await bench.run("apply", file, "--expect-generation", "0").status == .done)
        let late = await bench.run("apply", file, "--expect-generation", "0")
        #expect(late.status == .failed)
        #expect(late.errors.contains("generation 1"), "\(late.errors)")
        #expect(await bench.run("apply", file, "--expect-generation", "1").status == .done)
        #expect(await bench.run("apply", file, "--expect-generation", "x").status == .usage)
    }

    @Test("What is run is what is applied")
    func run() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        let first = await bench.run("run", file, "--drain")
        #expect(first.status == .done, "\(first.errors)")
        #expect(first.errors.contains("is applied as generation 1 of pipeline 'p'"))
        let again = await bench.run("run", file, "--drain")
        #expect(!again.errors.contains("is applied"), "\(again.errors)")
        try bench.write(Self.pipeline(bench.folder.path, link: ", lease: 9s"), to: "p.yaml")
        let refused = await bench.run("run", file, "--drain")
        #expect(refused.status == .superseded)
        #expect(refused.errors.contains("~ link files/p: lease (none) -> \"9s\""))
        #expect(refused.errors.contains("'tranche apply \(file)' applies it"))
        let applied = await bench.run("run", file, "--drain", "--apply")
        #expect(applied.status == .done, "\(applied.errors)")
        #expect(applied.errors.contains("as generation 2"))
        // Under another name it is another pipeline, which has no link of the first.
        try bench.write("name: other\n" + Self.pipeline(bench.folder.path), to: "p.yaml")
        let clash = await bench.run("run", file, "--drain")
        #expect(clash.status == .usage)
        #expect(clash.errors.contains("link 'files/p' belongs to pipeline 'p'"), "\(clash.errors)")
        #expect(await bench.run("pipeline", "remove", "p").status == .done)
        let other = await bench.run("run", file, "--drain")
        #expect(other.errors.contains("pipeline 'other'"), "\(other.errors)")
    }

    @Test("A link's run follows what is applied, and one that is held or cancelled is told")
    func following() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        func write(_ link: String) throws {
            try bench.write(Self.pipeline(bench.folder.path, link: link), to: "p.yaml")
        }
        try write(", parallelism: 1, max_attempts: 4")
        #expect(await bench.run("run", file, "--drain").status == .done)
        try write(", parallelism: 4, max_attempts: 2, budgets: [nosuch]")
        let refused = await bench.run("apply", file)
        #expect(refused.status == .usage || refused.status == .failed)
        #expect(refused.errors.contains("'nosuch', which there is not"), "\(refused.errors)")
        // Nothing of it was applied.
        #expect(await bench.run("apply", file, "--dry-run").status == .done)
        let show = await bench.run("pipeline", "show", "p").output
        #expect(show.contains(#""parallelism":1"#), "\(show)")
        try write(", parallelism: 4, max_attempts: 2")
        #expect(await bench.run("apply", file).status == .done)
        #expect(await bench.run("run", file, "--drain").status == .done)
        let status = await bench.run("status", "--json").output
        #expect(status.contains(/"max_attempts" ?: ?2\b/), "\(status)")
        let changes = await bench.run("changes", "--job", "files/p").output
        #expect(changes.contains("the pipeline's file was applied"), "\(changes)")
        #expect(await bench.run("pause", "--job", "files/p").status == .done)
        let paused = await bench.run("run", file, "--drain")
        #expect(paused.status == .tryAgain)
        #expect(paused.errors.contains("files/p: paused"), "\(paused.errors)")
        #expect(await bench.run("cancel", "--job", "files/p").status == .done)
        #expect(await bench.run("run", file, "--drain").status == .cancelled)
        try write(", lease: 9s")
        let applied = await bench.run("apply", file)
        #expect(applied.errors.contains("tranche resume --job files/p"), "\(applied.errors)")
    }

    @Test("A link that is added again goes on under the limits that the file says then")
    func addedAgain() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        func apply(parallelism: Int) async throws -> String {
            let text = Self.pipeline(bench.folder.path, link: ", parallelism: \(parallelism)")
            try bench.write(text, to: "p.yaml")
            let applied = await bench.run("apply", file)
            #expect(applied.status == .done, "\(applied.errors)")
            return applied.errors
        }
        _ = try await apply(parallelism: 1)
        #expect(await bench.run("run", file, "--drain").status == .done)
        let words = "files/p goes on with the run that it had"
        #expect(await bench.run("pipeline", "remove", "p").status == .done)
        #expect(try await apply(parallelism: 4).contains(words))
        let changes = await bench.run("changes", "--job", "files/p").output
        #expect(changes.contains("the pipeline's file was applied"), "\(changes)")
        // What is as it was is not told.
        #expect(await bench.run("pipeline", "remove", "p").status == .done)
        #expect(try await !apply(parallelism: 4).contains(words))
    }

    @Test("A pipeline that was removed is not run until it is applied again")
    func removed() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        #expect(await bench.run("pipeline", "remove", "p").status == .usage)
        #expect(await bench.run("run", file, "--drain").status == .done)
        let removed = await bench.run("pipeline", "remove", "p", "--reason", "no more")
        #expect(removed.output == "pipeline 'p' is removed; it was generation 1\n")
        let refused = await bench.run("run", file, "--drain")
        #expect(refused.status == .superseded)
        #expect(refused.errors.contains("was removed"), "\(refused.errors)")
        #expect(await bench.run("pipeline", "show", "p").status == .usage)
        #expect(await bench.run("pipeline", "history", "p").output.contains("no more"))
        let applied = await bench.run("apply", file)
        #expect(applied.output.contains("generation 3"), "\(applied.output)")
        #expect(await bench.run("run", file, "--drain").status == .done)
    }

    @Test("Who runs an earlier one ends when another is applied")
    func superseded() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        let running = try Executable.tranche.start(["run", file], environment: bench.environment)
        _ = await eventually { (try? bench.rows("SELECT 1 FROM inventory_pipeline").count) == 1 }
        try bench.write(Self.pipeline(bench.folder.path, link: ", lease: 9s"), to: "p.yaml")
        #expect(await bench.run("apply", file).status == .done)
        let outcome = await running.outcome()
        #expect(outcome.code == 6, "\(outcome.errors)")
        #expect(
            outcome.errors.contains("generation 1 of pipeline 'p' is superseded by generation 2"),
            "\(outcome.errors)"
        )
    }

    @Test("Budgets of a file are set, and what was set by hand is not overwritten in silence")
    func budgets() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        func write(_ batches: Int) throws {
            let more = "budgets: {disk: {batches: \(batches), rate: 10/s}}"
            try bench.write(
                Self.pipeline(bench.folder.path, more, link: ", budgets: [disk]"),
                to: "p.yaml"
            )
        }
        try write(4)
        let first = await bench.run("run", file, "--drain")
        #expect(first.status == .done, "\(first.errors)")
        let changes = await bench.run("changes", "--budget", "disk")
        #expect(changes.output.contains("batches 4 rate 10/s burst 10"), "\(changes.output)")
        #expect(changes.output.contains("pipeline p"), "\(changes.output)")
        #expect(await bench.run("budget", "set", "disk", "--batches", "6").status == .done)
        let kept = await bench.run("apply", file)
        #expect(kept.status == .done)
        #expect(kept.output.contains("and stays"), "\(kept.output)")
        try write(8)
        let refused = await bench.run("apply", file)
        #expect(refused.status == .failed)
        #expect(refused.errors.contains("nothing was applied"), "\(refused.errors)")
        #expect(refused.errors.contains("worker-1"), "\(refused.errors)")
        let applied = await bench.run("apply", file, "--overwrite-budgets")
        #expect(applied.status == .done, "\(applied.errors)")
        let budget = await bench.run("budget", "show", "disk", "--json")
        #expect(budget.output.contains(#""batches":8"#), "\(budget.output)")
        try bench.write(Self.pipeline(bench.folder.path), to: "p.yaml")
        let last = await bench.run("apply", file)
        #expect(last.errors.contains("'tranche budget remove disk'"), "\(last.errors)")
    }

    @Test("What becomes of links that were removed is told")
    func removedLinks() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        #expect(await bench.run("run", file, "--drain").status == .done)
        let text = Self.pipeline(bench.folder.path).replacing("to: p,", with: "to: q,")
        try bench.write(text.replacing("{p:", with: "{q:"), to: "p.yaml")
        let outcome = await bench.run("apply", file)
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(outcome.errors.contains("'tranche cancel --job files/p'"), "\(outcome.errors)")
    }

    @Test("A file's inventory is taken where nothing else names one")
    func inventory() async throws {
        let bench = try await bench()
        let file = bench.path("p.yaml")
        let more = "inventory: here\ndatabases: {here: {env: HERE}}"
        try bench.write(Self.pipeline(bench.folder.path, more), to: "p.yaml")
        let nowhere = ["TRANCHE_INVENTORY": ""]
        let unset = await bench.run(["run", file, "--drain"], environment: nowhere)
        #expect(unset.status == .usage)
        #expect(unset.errors.contains("the variable HERE is not set"), "\(unset.errors)")
        let place = ["TRANCHE_INVENTORY": "", "HERE": "sqlite:\(bench.path("tranche.db"))"]
        let outcome = await bench.run(["run", file, "--drain"], environment: place)
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try bench.rows("SELECT name FROM inventory_pipeline") == ["p"])
        // Looking at it needs no variable.
        #expect(await bench.run(["check", file], environment: nowhere).status == .done)
    }

    @Test("Jobs of a file are worked on beside its links, and a bounded one is done once")
    func jobs() async throws {
        let bench = try await CommandLineBench()
        let text = """
            budgets: {few: {batches: 1}}
            jobs:
              load:
                source: files
                count: 4
                command: [sh, -c, 'cat >> "\(bench.path("loaded"))"']
                budgets: [few]
              past:
                job: load
                run: past
                ids: {lower: 1, upper: 3}
                source: files
                count: 10
                command: [sh, -c, 'cat >> "\(bench.path("past"))"']
            """
        try bench.write(text, to: "j.yaml")
        let check = await bench.run("check", bench.path("j.yaml"))
        #expect(check.output.contains("2 jobs, 1 budget; it can be run"), "\(check.output)")
        let outcome = await bench.run("run", bench.path("j.yaml"), "--drain")
        #expect(outcome.status == .done, "\(outcome.errors)")
        func lines(_ name: String) throws -> Int {
            try String(contentsOfFile: bench.path(name), encoding: .utf8)
                .split(separator: "\n").count
        }
        #expect(try lines("loaded") == 10)
        #expect(try lines("past") == 3)
        #expect(await bench.run("run", bench.path("j.yaml"), "--drain").status == .done)
        #expect(try lines("past") == 3)
        let jobs = try bench.rows("SELECT DISTINCT job || '/' || run FROM inventory ORDER BY 1")
        #expect(jobs == ["load/", "load/past"])
        let wrong = text.replacing("count: 10", with: "cuont: 10")
        try bench.write(wrong, to: "j.yaml")
        let faults = await bench.run("check", bench.path("j.yaml"))
        #expect(faults.output.contains("j.yaml:13:"), "\(faults.output)")
    }

    @Test("A program is told what is wrong, and what is right again")
    func alertProgram() async throws {
        let bench = try await CommandLineBench()
        func write(_ command: String) throws {
            try bench.write(
                """
                jobs: {load: {source: files, count: 10, command: [sh, -c, "\(command)"], policy: {max_attempts: 1}}}
                alerts: {me: {program: [sh, -c, 'cat >> "\(bench.path("told"))"'], when: [failed]}}
                """,
                to: "j.yaml"
            )
        }
        try write("exit 3")
        let file = bench.path("j.yaml")
        #expect(await bench.run("run", file, "--drain").status == .failed)
        func told() throws -> String {
            try String(contentsOfFile: bench.path("told"), encoding: .utf8)
        }
        #expect(try told().hasPrefix(#"{"pipeline":"j","alert":"me","event":"began","job":"load""#))
        let text = try told()
        #expect(text.contains("exit code 3"), "\(text)")
        #expect(await bench.run("run", file, "--drain").status == .failed)
        #expect(try told().split(separator: "\n").count == 1)
        try write("cat > /dev/null")
        #expect(await bench.run("retry", "--job", "load").status == .done)
        let outcome = await bench.run("run", file, "--drain", "--apply")
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try told().split(separator: "\n").last?.contains(#""event":"over""#) == true)
    }

    @Test("The nightly load of the examples loads, backfills under a budget, and tells of an error")
    func nightly() async throws {
        let bench = try await CommandLineBench()
        let examples = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../examples/pipelines/nightly").standardizedFileURL
        for name in ["pipeline.yaml", "load.py", "report.py", "page.py"] {
            let text = try String(contentsOf: examples.appending(path: name), encoding: .utf8)
            try bench.write(text, to: name)
        }
        func orders(_ ids: Range<Int>) -> String {
            "id,amount\n" + ids.map { "o\($0),\($0)\n" }.joined()
        }
        try bench.write(orders(0..<30), to: "before.csv")
        try bench.write(orders(30..<40) + "bad,-1\n", to: "orders.csv")
        func run() async throws -> Executable.Outcome {
            let program = "'\(Executable.tranche.path)' run pipeline.yaml --drain"
            return try await Executable("/bin/sh").run(
                ["-c", "cd '\(bench.folder.path)' && exec \(program)"],
                environment: bench.environment
            )
        }
        let outcome = try await run()
        #expect(outcome.code == 1, "\(outcome.errors)")
        let runs = try bench.rows(
            """
            SELECT job || ':' || run, status, sum(batch_count) FROM inventory
            GROUP BY 1, 2 ORDER BY 1, 2
            """
        )
        #expect(runs.contains("load:before|succeeded|30"), "\(runs)")
        #expect(runs.contains { $0.hasPrefix("load:|failed|") }, "\(runs)")
        let told = try String(contentsOfFile: bench.path("alerts.jsonl"), encoding: .utf8)
        #expect(told.split(separator: "\n").count == 1, "\(told)")
        #expect(told.contains("order bad has an amount below 0"), "\(told)")
        let most = try bench.rows("SELECT batches FROM inventory_budget WHERE name = 'loaders'")
        #expect(most == ["2"])
        // Another time what was appended is loaded, nothing again, and nobody is told again.
        try bench.write(orders(30..<40) + "bad,-1\no40,40\no41,41\n", to: "orders.csv")
        #expect(try await run().code == 1)
        #expect(try String(contentsOfFile: bench.path("alerts.jsonl"), encoding: .utf8) == told)
        let loaded = try bench.rows(
            "SELECT sum(batch_count) FROM inventory WHERE job = 'load' AND run = '' "
                + "AND status = 'succeeded'"
        )
        // The order before the bad one is in its batch.
        #expect(loaded == ["11"])
    }
}
