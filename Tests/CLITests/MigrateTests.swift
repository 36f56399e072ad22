import Foundation
import Testing

@testable import TrancheCLI

@Suite struct MigrateTests {
    @Test("Migrations go up and down, and a dry run only prints")
    func migrate() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let fresh = ["TRANCHE_INVENTORY": "sqlite:\(bench.path("new.db"))"]
        let dry = await bench.run(["migrate", "up", "--dry-run"], environment: fresh)
        #expect(dry.status == .done)
        #expect(dry.output.contains("CREATE TABLE \"inventory\""))
        #expect(!FileManager.default.fileExists(atPath: bench.path("new.db")))
        #expect(
            await bench.run(["migrate", "up", "--to", "1"], environment: fresh).output.contains(
                "0001_"
            )
        )
        let old = await bench.run(["status"], environment: fresh)
        #expect(old.status == .failed)
        #expect(old.errors.contains("'tranche migrate up'"))
        #expect(
            await bench.run(["migrate", "up"], environment: fresh).output.contains("applied 0002_")
        )
        #expect(
            await bench.run(["migrate", "up"], environment: fresh).output.contains("nothing to do")
        )
        let down = await bench.run(["migrate", "down"], environment: fresh).output
        #expect(down.hasPrefix("reverted 00"))
        #expect(down.split(separator: "\n").count == 1)
        #expect(
            await bench.run(["migrate", "down", "--to", "0"], environment: fresh).status == .done
        )
        #expect(await bench.run(["migrate", "status"], environment: fresh).output.contains("no"))
    }

    @Test("Down says what it removes of which jobs, and does it when that is wanted")
    func removal() async throws {
        let bench = try await CommandLineBench()
        let work = ["work", "--job", "j", "--meta", "files", "--count", "5", "--", "true"]
        #expect(await bench.run(work).status == .done)
        let down = ["migrate", "down", "--to", "0"]
        let words = "2 attempts, 2 batches, 1 gap and 1 run of job 'j'"
        let refused = await bench.run(down)
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("removing the inventory sqlite:"), "\(refused.errors)")
        #expect(refused.errors.contains(words), "\(refused.errors)")
        let remedy = "say so with --yes, or look with --dry-run; 'tranche export"
        #expect(refused.errors.contains(remedy), "\(refused.errors)")
        let many = await bench.run("migrate", "down", "--to", "3")
        #expect(many.errors.contains(" back to 0004_number_completions, in sqlite:"))
        let asked = TextWriter()
        for answer in ["n", "", "maybe"] {
            let declined = await bench.run(down) { question in
                try? asked.write(question)
                return answer
            }
            #expect(declined.status == .failed)
            #expect(declined.errors == "tranche: nothing was changed\n")
        }
        #expect(asked.text.contains("\(words). Go on? [y/N] "))
        #expect(try await bench.states() == ["succeeded", "succeeded"])
        let dry = await bench.run(down + ["--dry-run"])
        #expect(dry.output.hasPrefix("-- removes \(words)\n"))
        let json = await bench.run(down + ["--dry-run", "--json"])
        #expect(json.output.contains(#"{"job":"j","what":"batches","count":2}"#))
        let one = await bench.run(["migrate", "down", "--to", "5"]) { _ in "y" }
        #expect(one.status == .done)
        let removed = "columns of 2 attempts, 2 batches and 1 run of job 'j'"
        #expect(one.output.contains("removed \(removed)\n"), "\(one.output)")
        let all = await bench.run(down + ["--yes"])
        #expect(all.status == .done)
        #expect(all.output.contains("reverted 0001_create_inventory\n"))
        #expect(try bench.rows("SELECT name FROM sqlite_master WHERE name = 'inventory'") == [])
        #expect(await bench.run("migrate", "status", "--yes").status == .usage)
    }

    @Test("Down names the table of rows that have no name of their own")
    func removalOfOthers() async throws {
        let bench = try await CommandLineBench()
        let work = ["work", "--job", "j", "--meta", "files", "--count", "5", "--", "true"]
        #expect(await bench.run(work).status == .done)
        #expect(await bench.run("pause", "--job", "j", "--reason", "night").status == .done)
        let down = ["migrate", "down", "--to", "8", "--dry-run"]
        let dry = await bench.run(down)
        #expect(dry.output.contains("1 row of inventory_change"), "\(dry.output)")
        let json = await bench.run(down + ["--json"])
        let removed = #"{"job":"","what":"rows of inventory_change","count":1}"#
        #expect(json.output.contains(removed), "\(json.output)")
    }

    @Test("Down names who is at work with what it reverts, and does it when that is wanted")
    func besideWorkers() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            INSERT INTO inventory_worker (name, program, knows, seen_at) VALUES
                ('etl-1:7', '0.2.0', 1000, strftime('%s', 'now') * 1000 + 3600000),
                ('old-1:7', '0.1.0', 5, strftime('%s', 'now') * 1000 + 3600000)
            """
        )
        let refused = await bench.run("migrate", "down")
        #expect(refused.status == .failed)
        #expect(refused.errors.contains(" is etl-1:7 (tranche 0.2.0, seen "), "\(refused.errors)")
        #expect(refused.errors.contains("with what is to be reverted; stop them"))
        #expect(!refused.errors.contains("old-1"))
        let asked = TextWriter()
        let declined = await bench.run(["migrate", "down"]) { question in
            try? asked.write(question)
            return "n"
        }
        #expect(declined.errors == "tranche: nothing was changed\n")
        #expect(asked.text.contains("etl-1:7"))
        let wanted = await bench.run(["migrate", "down"]) { _ in "y" }
        #expect(wanted.output.hasPrefix("reverted 00"), "\(wanted.errors)")
        let sure = await bench.run("migrate", "down", "--yes")
        #expect(sure.output.hasPrefix("reverted 00"), "\(sure.errors)")
    }

    @Test("A table of pybatchintory's is taken over, with its bounded jobs")
    func adoption() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try bench.execute(
            """
            CREATE TABLE inventory (
                id INTEGER NOT NULL PRIMARY KEY, meta_table VARCHAR NOT NULL, job VARCHAR NOT NULL,
                job_identifier VARCHAR, job_result_item JSON, processing_start DATETIME NOT NULL,
                processing_end DATETIME, batch_id_start INTEGER NOT NULL, batch_id_end INTEGER NOT NULL,
                batch_weight INTEGER, batch_count INTEGER, attempt INTEGER NOT NULL, status VARCHAR(9),
                logging VARCHAR, config JSON
            );
            INSERT INTO inventory VALUES
                (1, 'files', 'load', NULL, NULL, '2024-05-01 10:00:00', '2024-05-01 10:00:05', 1, 3, 60, 3,
                    1, 'succeeded', NULL, '{}'),
                (2, 'files', 'load', NULL, NULL, '2024-05-01 10:01:00', NULL, 3, 5, 90, 2,
                    1, 'failed', 'oops', '{}'),
                (3, 'files', 'fix', NULL, NULL, '2024-05-01 10:02:00', NULL, 2, 4, 90, 3,
                    1, 'succeeded', NULL, '{}');
            """
        )
        let adopted = await bench.run("migrate", "up", "--bounded", "fix=2..6", "--zone", "UTC")
        #expect(adopted.errors == "")
        #expect(adopted.output.contains("took over 3 rows of pybatchintory's\n"))
        #expect(adopted.output.contains("fix   files  fix (2...6)"))
        #expect(adopted.output.contains("both hold ids 3...3; both are kept"))
        let next = await bench.run("acquire", "--job", "load", "--meta", "files", "--json")
        #expect(next.output.contains(#""id_start":6,"id_end":10"#))
        #expect(await bench.run("retry", "--batch", "2").output == "batch 2 is offered again\n")
        let fix = ["--job", "fix", "--meta", "files", "--run", "fix", "--from", "2", "--to", "6"]
        #expect(
            await bench.run(["acquire", "--json"] + fix).output.contains(
                #""id_start":5,"id_end":6"#
            )
        )
    }
}
