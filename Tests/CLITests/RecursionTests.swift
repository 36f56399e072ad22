import Foundation
import Testing

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10))) struct RecursionTests {
    private func work(_ bench: CommandLineBench, _ job: String, _ meta: String, _ more: String...)
        async -> CommandLineBench.Outcome
    {
        let script = "cat >> \(bench.path("seen-" + job))"
        let command = ["work", "--job", job, "--meta", meta] + more + ["--", "sh", "-c", script]
        return await bench.run(command)
    }

    /// The ids of the items that a job's programs were given, in order.
    private func seen(_ bench: CommandLineBench, by job: String) throws -> [Int] {
        let text = try String(contentsOfFile: bench.path("seen-" + job), encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let item = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return item?["id"] as? Int ?? 0
        }
    }

    @Test("What succeeds upstream is an item downstream, to any depth")
    func chain() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, "a", "files", "--count", "4").status == .done)
        let planned = await bench.run("plan", "--job", "b", "--meta", "inventory:a", "--json")
        #expect(planned.output.contains(#""ranges":[{"id_start":1,"id_end":3,"count":3"#))
        #expect(await work(bench, "b", "inventory:a", "--count", "2").status == .done)
        #expect(await work(bench, "c", "inventory:b").status == .done)
        #expect(try seen(bench, by: "b") == [1, 2, 3])
        #expect(try seen(bench, by: "c") == [1, 2])
        let item = try String(contentsOfFile: bench.path("seen-b"), encoding: .utf8)
        #expect(item.contains(#"{"id":2,"item":{"attempt":1,"batch":2,"count":4,"#))
        #expect(item.contains(#""weight":260}"#))
        // What is done again comes downstream by itself.
        let backfill = [
            "backfill", "--job", "a", "--meta", "files", "--run", "fix", "--from", "2", "--to", "3",
            "--", "true",
        ]
        #expect(await bench.run(backfill).status == .done)
        #expect(await work(bench, "b", "inventory:a").status == .done)
        #expect(await work(bench, "c", "inventory:b").status == .done)
        #expect(try seen(bench, by: "b") == [1, 2, 3, 4])
        #expect(try seen(bench, by: "c") == [1, 2, 3])
    }

    @Test("history tells who retried a batch of the item and paused its run, when and why")
    func acts() async throws {
        let bench = try await CommandLineBench()
        let failing = await bench.run(
            ["work", "--job", "a", "--meta", "files", "--count", "3", "--max-attempts", "1"]
                + ["--", "/bin/sh", "-c", "cat > /dev/null; exit 1"]
        )
        #expect(failing.status == .failed)
        _ = await bench.run("pause", "--job", "a", "--reason", "disk")
        _ = await bench.run("resume", "--job", "a", "--reason", "larger disk")
        _ = await bench.run("retry", "--batch", "1", "--reason", "mended")
        func lines(_ id: String) async -> [Substring] {
            await bench.run("history", "--meta", "files", "--id", id).output
                .split(separator: "\n", omittingEmptySubsequences: false)
        }
        let all = await lines("1")
        let table = all.drop { !$0.isEmpty }.dropFirst()
        #expect(table.first?.hasPrefix("WHEN") == true, "\(all)")
        #expect(table.dropFirst().count { $0.contains("retry") && $0.contains("mended") } == 1)
        #expect(table.count { $0.contains("pause") && $0.contains("disk") } == 2, "\(all)")
        // That batch had failed for good before the pause, and the retry was another's.
        let other = await lines("7")
        #expect(other.allSatisfy { !$0.contains("mended") && !$0.contains("pause") }, "\(other)")
    }

    @Test("history follows an item down, and a completion up")
    func history() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, "a", "files", "--count", "4").status == .done)
        #expect(await work(bench, "b", "inventory:a", "--count", "2").status == .done)
        #expect(await work(bench, "c", "inventory:b").status == .done)
        #expect(await work(bench, "d", "inventory:a").status == .done)
        #expect(await work(bench, "e", "inventory:c").status == .done)
        func jobs(_ meta: String, _ id: String) async -> [String] {
            let lines = await bench.run("history", "--meta", meta, "--id", id).output
                .split(separator: "\n").dropFirst()
            return lines.map { line in
                let indent = line.prefix { $0 == " " }
                return String(indent + line.dropFirst(indent.count).prefix { $0 != " " })
            }
        }
        #expect(await jobs("files", "7") == ["a", "  b", "    c", "      e", "  d"])
        #expect(await jobs("inventory:a", "2") == ["a", "  b", "    c", "      e", "  d"])
        // Completion 1 of b was made of two batches of a.
        #expect(await jobs("inventory:b", "1") == ["a", "a", "  b", "    c", "      e"])
        #expect(
            await jobs("inventory:c", "1") == ["a", "a", "a", "  b", "  b", "    c", "      e"]
        )
        // What nobody takes has no number.
        #expect(await jobs("inventory:d", "1") == [])
        #expect(await jobs("inventory:nosuch", "1") == [])
        let document = await bench.run("history", "--meta", "inventory:b", "--id", "1", "--json")
        #expect(document.errors == "")
        try expectSnapshot(
            normalized(document.output, folder: bench.folder),
            named: "history-levels.json"
        )
    }

    @Test("history ends where jobs lead back to themselves")
    func historyLoop() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, "a", "files").status == .done)
        #expect(await work(bench, "b", "inventory:a").status == .done)
        #expect(await work(bench, "c", "inventory:b").status == .done)
        // Nobody can begin such jobs; rows that were changed by hand could be so.
        try bench.execute(
            """
            UPDATE inventory SET meta_table = 'inventory:b', batch_id_end = 1, batch_count = 1,
                item_ids = NULL
            WHERE job = 'a';
            UPDATE inventory_run
            SET meta_table = 'inventory:b',
                definition = replace(
                    replace(definition, '"files"', '"inventory:b"'),
                    '.db"', '.db, job ' || char(39) || 'b' || char(39) || ' of '
                        || char(39) || 'inventory:a' || char(39) || '"'
                )
            WHERE job = 'a';
            UPDATE inventory_run
            SET definition = replace(definition, char(39) || 'files', char(39) || 'inventory:b')
            WHERE job = 'b';
            """
        )
        let history = await bench.run("history", "--meta", "inventory:a", "--id", "1", "--json")
        #expect(history.status == .done, "\(history.errors)")
        let levels = history.output.matches(of: #/"level":(-?\d+)/#).map { String($0.output.1) }
        // Round once, for which job the completion is of is not known at the start.
        #expect(levels == ["-2", "-1", "0", "1", "2", "1"])
    }

    @Test("A downstream backfill takes completions, ids at the root, or one upstream run")
    func backfills() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, "a", "files", "--count", "4").status == .done)
        let fix = ["--run", "fix", "--from", "1", "--to", "2"]
        let upstream = ["backfill", "--job", "a", "--meta", "files"] + fix + ["--", "true"]
        #expect(await bench.run(upstream).status == .done)
        func backfill(_ options: String...) async throws -> [Int] {
            let command = ["backfill", "--job", "b", "--meta", "inventory:a"] + options
            let file = bench.path("seen-b")
            try? FileManager.default.removeItem(atPath: file)
            let outcome = await bench.run(command + ["--", "sh", "-c", "cat >> \(file)"])
            #expect(outcome.status == .done, "\(outcome.errors)")
            return FileManager.default.fileExists(atPath: file) ? try seen(bench, by: "b") : []
        }
        #expect(try await backfill("--run", "two", "--from", "2", "--to", "3") == [2, 3])
        #expect(try await backfill("--run", "root", "--root-ids", "5..8") == [2])
        #expect(try await backfill("--run", "root", "--root-ids", "5..8") == [])
        #expect(try await backfill("--run", "first", "--root-ids", "..2", "--from", "2") == [4])
        let other = await bench.run(
            "plan",
            "--job",
            "b",
            "--meta",
            "inventory:a",
            "--run",
            "root",
            "--root-ids",
            "5..9"
        )
        #expect(other.status == .failed)
        #expect(other.errors.contains("known with the root ids 5...8, asked for were 5...9"))
        let one = ["acquire", "--job", "c", "--meta", "inventory:a", "--upstream-run"]
        #expect(
            await bench.run(one + ["fix", "--json"]).output.contains(#""id_start":4,"id_end":4"#)
        )
        #expect(await bench.run(one + ["other"]).errors.contains("known with another definition"))
        let status = await bench.run("status", "--job", "b", "--json").output
        #expect(status.contains(#""root_ids":{"from":5,"to":8}"#))
    }

    @Test("A source that leads back to its own job is refused")
    func loop() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, "a", "files").status == .done)
        #expect(await work(bench, "b", "inventory:a").status == .done)
        for (job, words) in [("b", "b from b"), ("a", "a from b from a")] {
            for command in [["acquire"], ["plan"], ["work"]] {
                let program = command == ["work"] ? ["--", "true"] : []
                let outcome = await bench.run(
                    command + ["--job", job, "--meta", "inventory:b"] + program
                )
                #expect(outcome.status == .failed)
                #expect(
                    outcome.errors.contains("the source leads back to its own job: \(words);"),
                    "\(outcome.errors)"
                )
            }
        }
    }

    @Test("An upstream job with several sources is named with its table")
    func severalSources() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            "CREATE TABLE more (uid INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO more VALUES (1);"
        )
        for table in ["files", "more"] {
            #expect(await work(bench, "a", table).status == .done)
        }
        let acquire = ["acquire", "--job", "b", "--meta", "inventory:a"]
        let ambiguous = await bench.run(acquire)
        #expect(ambiguous.status == .failed)
        #expect(ambiguous.errors.contains("job 'a' has several sources (files, more)"))
        let named = await bench.run(acquire + ["--upstream-meta", "more"])
        #expect(named.status == .done, "\(named.errors)")
        #expect(await bench.run("succeed", "3", "--attempt", "1").status == .done)
        // Completion 1 of the other job of the name is another batch.
        let history = await bench.run("history", "--meta", "files", "--id", "1").output
        #expect(history.split(separator: "\n").count == 2)
    }

    @Test("Runs over an inventory are looked at and changed under their recorded name")
    func recordedName() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, "a", "files", "--count", "4").status == .done)
        let acquire = ["acquire", "--job", "b", "--meta", "inventory:a", "--count", "2"]
        #expect(await bench.run(acquire + ["--max-attempts", "1"]).status == .done)
        let run = ["--job", "b", "--meta", "inventory:a"]
        #expect(await bench.run(["pause"] + run).output == "job 'b' on 'inventory:a' is paused\n")
        #expect(await bench.run(["resume"] + run).status == .done)
        #expect(await bench.run(["status"] + run).output.contains("inventory:a"))
        #expect(await bench.run(["gaps"] + run).status == .done)
        #expect(await bench.run(["audit"] + run).output.contains("nothing differs"))
        let columns = await bench.run(["redefine", "--uid", "x"] + run)
        #expect(columns.status == .usage)
        #expect(columns.errors.contains("--uid goes with a table"))
        #expect(await bench.run(["redefine", "--database"] + run).output.contains("already"))
        #expect(await bench.run("fail", "4", "--attempt", "1", "--error", "no").status == .done)
        let split = await bench.run("split", "4")
        #expect(split.errors == "")
        #expect(split.output.contains("ids 1...1, 1 item, weight 100"))
    }
}
