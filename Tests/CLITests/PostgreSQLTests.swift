import Foundation
import TestSupport
import Testing
import TranchePostgreSQL
import TrancheSQL

@testable import TrancheCLI

@Suite(.serialized, .enabled(if: TestPostgreSQL.server != nil), .timeLimit(.minutes(10)))
struct PostgreSQLTests {
    /// Lends a bench, and the settings of a server's schema with a table `files` of ten items.
    private func withServer(
        _ body: (CommandLineBench, _ settings: [String: String], _ table: String) async throws ->
            Void
    ) async throws {
        try await withServer(try #require(TestPostgreSQL.server), body)
    }

    private func withServer(
        _ server: TestPostgreSQL,
        _ body: (CommandLineBench, _ settings: [String: String], _ table: String) async throws ->
            Void
    ) async throws {
        try await withTestSchema(server) { schema in
            let database = try server.database(maxConnections: 1)
            try await database.run(
                """
                CREATE TABLE \(schema).files (uid bigserial PRIMARY KEY, item text, weight float8);
                INSERT INTO \(schema).files (item, weight)
                SELECT '/data/' || i, i * 10 FROM generate_series(1, 10) AS i;
                """
            )
            await database.close()
            let bench = try await CommandLineBench()
            try await body(
                bench,
                ["TRANCHE_INVENTORY": server.url, "TRANCHE_SCHEMA": schema],
                "\(schema).files"
            )
        }
    }

    @Test("A weight that is no number leaves the weight of what waits unknown, and is a finding")
    func noNumber() async throws {
        try await withServer { bench, settings, table in
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let job = ["--job", "j", "--meta", table, "--count", "2"]
            #expect(await bench.run(["acquire"] + job, environment: settings).status == .done)
            let succeed = ["succeed", "1", "--attempt", "1"]
            #expect(await bench.run(succeed, environment: settings).status == .done)
            let database = try #require(TestPostgreSQL.server).database(maxConnections: 1)
            try await database.run("UPDATE \(table) SET weight = 'NaN' WHERE uid = 4")
            await database.close()
            let json = await bench.run(["status", "--json"], environment: settings).output
            #expect(json.contains(#""backlog":{"items":8,"weight":null,"#), "\(json)")
            let check = await bench.run(["status", "--check"], environment: settings)
            #expect(check.status == .failed)
            #expect(check.output.contains("has a weight that is not a number"), "\(check.output)")
        }
    }

    @Test("On a server, a run goes from migration to completion")
    func completes() async throws {
        try await withServer { bench, settings, table in
            let missing = await bench.run(["status"], environment: settings)
            #expect(missing.status == .failed)
            #expect(missing.errors.contains("run 'tranche migrate up'"))
            let dry = await bench.run(["migrate", "up", "--dry-run"], environment: settings)
            #expect(dry.output.contains("CREATE TABLE"))
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let job = ["--job", "j", "--meta", table, "--weight", "60"]
            let batch = await bench.run(["acquire", "--json"] + job, environment: settings)
            #expect(batch.errors == "")
            #expect(
                batch.output.contains(#""id_start":1,"id_end":3,"count":3,"weight":60,"key":null"#)
            )
            let succeed = ["succeed", "1", "--attempt", "1", "--result", "{\"n\":\n1}"]
            #expect(await bench.run(succeed, environment: settings).status == .done)
            let work = ["work"] + job + ["--workers", "3", "--", "sh", "-c", "wc -l"]
            #expect(await bench.run(work, environment: settings).status == .done)
            let batches = await bench.run(["batches", "--json"], environment: settings)
            #expect(batches.output.split(separator: "\n").count == 1)
            #expect(batches.output.contains(#""result":{"n":"#))
            let status = await bench.run(["status", "--json"], environment: settings)
            #expect(status.output.contains(#""succeeded":{"batches":8,"items":10,"weight":550}"#))
            #expect(
                await bench.run(["migrate", "down", "--to", "0"], environment: settings).status
                    == .usage
            )
            let down = ["migrate", "down", "--to", "0", "--yes"]
            #expect(await bench.run(down, environment: settings).status == .done)
            #expect(
                await bench.run(["migrate", "status"], environment: settings).output.contains("no")
            )
        }
    }

    @Test("A table with its schema and without it is one table to a job")
    func schemaInName() async throws {
        try await withServer { bench, settings, table in
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let url = try #require(settings["TRANCHE_INVENTORY"])
            let schema = table.split(separator: ".")[0]
            var near = settings
            near["TRANCHE_INVENTORY"] =
                url + (url.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)"
            for (job, names) in [("a", [table, "files"]), ("b", ["files", table])] {
                let first = ["acquire", "--job", job, "--meta", names[0], "--weight", "60"]
                let batch = await bench.run(first, environment: near)
                #expect(batch.status == .done, "\(batch.errors)")
                let second = ["acquire", "--job", job, "--meta", names[1], "--weight", "60"]
                let refused = await bench.run(second, environment: near)
                #expect(refused.status == .failed)
                #expect(
                    refused.errors.contains("is known on '\(names[0])', which is the table that"),
                    "\(refused.errors)"
                )
            }
        }
    }

    @Test(
        "A table that was renamed is refused under its new name, until a view has the old one",
        arguments: [("files", "moved"), ("Old-Files", "New-Files")]
    )
    func renamed(old: String, new: String) async throws {
        try await withServer { bench, settings, table in
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let schema = String(table.split(separator: ".")[0])
            let (before, after) = ("\(schema).\(old)", "\(schema).\(new)")
            let database = try #require(TestPostgreSQL.server).database(maxConnections: 1)
            func acquire(_ job: String, _ meta: String) async -> CommandLineBench.Outcome {
                let words = ["acquire", "--job", job, "--meta", meta, "--count", "1", "--json"]
                return await bench.run(words, environment: settings)
            }
            if table != before {
                try await database.run("ALTER TABLE \(table) RENAME TO \(old.quotedAsName)")
            }
            let first = await acquire("j", before)
            #expect(first.output.contains(#"{"id":1,"item":"/data/1","weight":10}"#), "\(first)")
            let (oldName, newName) = (old.quotedAsName, new.quotedAsName)
            try await database.run("ALTER TABLE \(schema).\(oldName) RENAME TO \(newName)")
            let refused = await acquire("j", after)
            #expect(refused.status == .failed)
            let words = "'\(after)' is what job 'j' knows as '\(before)', which is gone"
            #expect(refused.errors.contains(words), "\(refused.errors)")
            let other = await acquire("other", after)
            #expect(other.status == .done, "\(other.errors)")
            // Under its old name it goes on where it was.
            try await database.run(
                "CREATE VIEW \(schema).\(oldName) AS SELECT * FROM \(schema).\(newName)"
            )
            let next = await acquire("j", before)
            #expect(next.output.contains(#"{"id":2,"item":"/data/2","weight":20}"#), "\(next)")
            // Another table may come for one that was dropped.
            try await database.run(
                """
                DROP TABLE \(schema).\(newName) CASCADE;
                CREATE TABLE \(schema).anew (uid bigserial PRIMARY KEY, item text, weight float8);
                INSERT INTO \(schema).anew (item, weight) VALUES ('a', 1);
                """
            )
            let anew = await acquire("j", "\(schema).anew")
            #expect(anew.status == .done, "\(anew.errors)")
            await database.close()
        }
    }

    @Test("The log of an outbox is looked at where the pipeline that was applied says that it is")
    func outboxElsewhere() async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withOwnDatabase(on: server) { own in
            try await outboxElsewhere(on: own)
        }
    }

    private func outboxElsewhere(on server: TestPostgreSQL) async throws {
        try await withServer(server) { bench, settings, table in
            let input = "o" + UUID().uuidString.lowercased().replacing("-", with: "")
            try bench.write(
                """
                databases: {shop: {env: SHOP_URL}}
                inputs: {\(input): {type: postgresql, url: shop, tables: [\(table)]}}
                processes: {p: {type: program, command: [cat]}}
                links: ["\(input) -> p"]
                """,
                to: "p.yaml"
            )
            // The inventory is a file of the bench's own.
            let url = try #require(settings["TRANCHE_INVENTORY"])
            let known = ["SHOP_URL": url]
            let file = bench.path("p.yaml")
            let added = await bench.run(["input", "add", file, input], environment: known)
            #expect(added.status == .done, "\(added.errors)")
            let run = await bench.run(["run", file, "--drain"], environment: known)
            #expect(run.status == .done, "\(run.errors)")
            let database = try server.database(maxConnections: 1)
            try await database.run("INSERT INTO \(table) (item) VALUES ('a'), ('b')")
            await database.close()
            let status = await bench.run(["status", "--check"], environment: known)
            #expect(status.output.hasPrefix("all is well: 1 run, 2 items waiting"), "\(status)")
            let job = ["--job", "\(input)/p"]
            let audit = await bench.run(["audit"] + job, environment: known)
            #expect(audit.status == .done, "\(audit.errors)")
            let plan = await bench.run(["plan"] + job + ["--json"], environment: known)
            #expect(plan.output.contains(#""items":2"#), "\(plan)")
            // Without the variable it is said which one is missing, and who names it.
            for command in ["plan", "acquire", "audit"] {
                let unset = await bench.run([command] + job)
                #expect(unset.status != .done, "\(command): \(unset.errors)")
                for words in [
                    "set TRANCHE_META_DB or --meta-db to it", "says where its database 'shop' is",
                    "but the variable SHOP_URL is not set; set it",
                ] {
                    #expect(unset.errors.contains(words), "\(command): \(unset.errors)")
                }
            }
            let work = await bench.run(["work"] + job + ["--", "true"], environment: known)
            #expect(work.status == .done, "\(work.errors)")
            let other = await bench.run("status", "--json")
            #expect(other.status == .done)
            #expect(other.output.hasPrefix(#"{"waiting_items":0,"is_exact":false,"#))
            #expect(
                other.errors.contains("set TRANCHE_META_DB or --meta-db to it"),
                "\(other.errors)"
            )
            let removed = await bench.run(["input", "remove", file, input], environment: known)
            #expect(removed.status == .done, "\(removed.errors)")
        }
    }

    @Test("OpenLineage names tables of a server by its address, database, schema and name")
    func lineage() async throws {
        try await withServer { bench, settings, table in
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let file = bench.path("l.jsonl")
            let words = ["work", "--meta", table, "--count", "4", "--lineage", file]
            let clean = words + ["--job", "clean", "--", "sh", "-c", "cat >/dev/null"]
            #expect(await bench.run(clean, environment: settings).status == .done)
            let next = [
                "work", "--job", "next", "--meta", "inventory:clean", "--lineage", file, "--", "sh",
                "-c", "cat >/dev/null",
            ]
            #expect(await bench.run(next, environment: settings).status == .done)
            if let summary = try OpenLineage.check(file) {
                #expect(summary.types == ["START": 4, "COMPLETE": 4])
            }
            let url = try #require(URLComponents(string: settings["TRANCHE_INVENTORY"] ?? ""))
            let server = "postgres://\(url.host ?? ""):\(url.port ?? 5432)"
            let database = url.path.dropFirst()
            let schema = settings["TRANCHE_SCHEMA"] ?? ""
            func dataset(_ name: String) -> String {
                #"{"namespace":"\#(server)","name":"\#(database).\#(name)""#
            }
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let read = text.components(separatedBy: #""inputs":["# + dataset(table))
            #expect(read.count == 7)
            // What one job leaves, the other reads.
            let passed = text.components(separatedBy: dataset("\(schema).inventory/clean"))
            #expect(passed.count == 9)
        }
    }

    /// Lends a transaction that has written a row to a table and stays open, until it is committed.
    private func withOpenWriter(
        of table: String,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let server = try #require(TestPostgreSQL.server)
        let (slow, quick) = (
            try server.database(maxConnections: 1), try server.database(maxConnections: 1)
        )
        try await slow.withTransaction([]) { connection, _ in
            // The programs between may take long on a machine that has more to do.
            try await connection.runScript("SET LOCAL idle_in_transaction_session_timeout = 0;")
            try await connection.runScript("INSERT INTO \(table) (weight) VALUES (1);")
            // Ids beyond its own are committed before it is.
            try await quick.run("INSERT INTO \(table) (weight) VALUES (2);")
            try await body()
            _ = try await connection.commit([])
        }
        await slow.close()
        await quick.close()
    }

    @Test("A transaction that stays open is told, waited for so long, and its ids come late")
    func openTransaction() async throws {
        try await withServer { bench, settings, table in
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let (job, script) = (["--job", "j", "--meta", table], ["--", "true"])
            try await withOpenWriter(of: table) {
                let first = await bench.run(["acquire", "--json"] + job, environment: settings)
                #expect(first.status == .nothingNow)
                #expect(first.output == "null\n")
                #expect(first.errors.hasPrefix("tranche: unsettled: lower ids may still be"))
                let waiting = await bench.run(["gaps"], environment: settings)
                #expect(waiting.output.contains("job 'j' on '\(table)': ids up to 12 wait for "))
                #expect(waiting.output.contains("; they are handed out in "))
                let writer = #/\d+/\d+ is pid \d+ \(.*idle in transaction since .*INSERT INTO/#
                #expect(waiting.output.contains(writer), "\(waiting.output)")
                let status = await bench.run(["status", "--json"], environment: settings)
                #expect(status.output.contains(#""state":"unsettled""#))
                let told = await bench.run(["status"], environment: settings).output
                let named = #/waits for pid \d+ \(.*idle in transaction .*: ids up to 12, until/#
                #expect(told.contains(named), "\(told)")
                let document = await bench.run(["gaps", "--json"], environment: settings).output
                #expect(document.contains(#""ceiling":null,"candidate":12,"until":""#))
                #expect(document.contains(#","state":"idle in transaction","state_since":"2"#))
                try await expectTold(bench, job, settings)
                let redefine = ["redefine", "--job", "j", "--settle-wait", "500ms"]
                #expect(await bench.run(redefine, environment: settings).status == .done)
                let work = await bench.run(["work"] + job + script, environment: settings)
                #expect(work.status == .tryAgain)
                #expect(work.errors.contains("done: 1 batch, 11 items, 552 in "))
                #expect(work.errors.contains("a transaction that writes to the items stays open"))
                #expect(work.errors.contains("'tranche gaps --job j' shows it and them"))
                #expect(work.errors.contains(#/waits for pid \d+ \(.*: ids that were passed over/#))
                let gaps = await bench.run(["gaps"], environment: settings).output
                #expect(gaps.contains(#/ 11\.\.\.11 +exact .* open: \d+/\d+/#))
                let open = await bench.run(["status", "--wide"], environment: settings).output
                #expect(open.contains("OPEN GAPS"))
                let none = await bench.run(["acquire"] + job, environment: settings)
                #expect(none.status == .nothingNow)
                #expect(none.errors.contains("waited for long enough; 'tranche gaps' shows it"))
                let again = await bench.run(["work"] + job + script, environment: settings)
                #expect(again.status == .tryAgain)
                #expect(!again.errors.contains("done:"))
            }
            let late = await bench.run(["work", "--json"] + job + script, environment: settings)
            #expect(late.status == .done)
            #expect(late.output.contains(#""kind":"late","status":"succeeded","id_start":11,"#))
        }
    }

    /// Whose transaction is waited for, and until when, is told after 2 s.
    private func expectTold(
        _ bench: CommandLineBench,
        _ job: [String],
        _ settings: [String: String]
    ) async throws {
        let errors = TextWriter()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        async let waiting = bench.run(
            ["work"] + job + ["--", "true"],
            environment: settings,
            errors: errors,
            signals: signals
        )
        #expect(await eventually { errors.text.contains("waits for pid ") })
        #expect(errors.text.contains(#/waits for pid \d+ \(.*"INSERT INTO /#), "\(errors.text)")
        let until = #/: ids up to 12, until \d\d:\d\d:\d\d UTC at the latest/#
        #expect(errors.text.contains(until), "\(errors.text)")
        sender.yield(SIGTERM)
        _ = await waiting
    }

    @Test("On a server, what went wrong is split, redriven, audited and packed")
    func recovers() async throws {
        try await withServer { bench, settings, table in
            func run(_ arguments: String...) async -> CommandLineBench.Outcome {
                await bench.run(arguments, environment: settings)
            }
            #expect(await run("migrate", "up").status == .done)
            let job = ["--job", "j", "--meta", table]
            let options = ["--on-exhausted", "split", "--max-attempts", "2", "--backoff", "0"]
            let script = ["--", "sh", "-c", "! grep -q data/7"]
            let work = await bench.run(["work"] + job + options + script, environment: settings)
            #expect(work.status == .failed)
            #expect(work.errors.contains("1 item is quarantined"))
            #expect(await run("redrive", "--job", "j").output.hasPrefix("item 7 of batch "))
            let acquired = await bench.run(["acquire", "--json"] + job, environment: settings)
            #expect(acquired.output.contains(#""kind":"redrive","exact":true,"id_start":7"#))
            let batch = try #require(acquired.output.firstMatch(of: #/"batch":(\d+)/#)?.output.1)
            #expect(await run("succeed", String(batch), "--attempt", "1").status == .done)
            let down = ["--job", "k", "--meta", "inventory:j", "--max-attempts", "1"]
            let taken = await bench.run(["acquire", "--json"] + down, environment: settings)
            #expect(taken.output.contains(#""id_start":1,"id_end":4,"count":4"#))
            let other = try #require(taken.output.firstMatch(of: #/"batch":(\d+)/#)?.output.1)
            let fail = ["fail", String(other), "--attempt", "1", "--error", "no"]
            #expect(
                await bench.run(fail + ["--bad-ids", "2"], environment: settings).output.contains(
                    "split; its other items are offered again"
                )
            )
            let history = await run("history", "--meta", table, "--id", "7").output
            #expect(history.contains("\n  k  "))
            #expect(
                await run("audit", "--job", "j", "--thorough").output.contains("nothing differs")
            )
            #expect(await run("compact", "--keep", "0", "--dry-run").status == .done)
            #expect(await run("compact", "--keep", "0", "--yes").status == .done)
            let again = await bench.run(["acquire"] + job, environment: settings)
            #expect(again.errors == "tranche: complete: every item is in a batch that has ended\n")
        }
    }

    @Test("Inventory and items may be in databases of two kinds")
    func twoKinds() async throws {
        try await withServer { bench, settings, table in
            let server = try #require(settings["TRANCHE_INVENTORY"])
            let here = "sqlite:\(bench.path("tranche.db"))"
            let itemsThere = ["TRANCHE_META_DB": server]
            let acquire = ["acquire", "--job", "j", "--json", "--meta"]
            let first = await bench.run(acquire + [table], environment: itemsThere)
            #expect(first.output.contains(#""count":10,"weight":550,"#))
            var itemsHere = settings
            itemsHere["TRANCHE_META_DB"] = here
            #expect(await bench.run(["migrate", "up"], environment: itemsHere).status == .done)
            let second = await bench.run(acquire + ["files"], environment: itemsHere)
            #expect(second.output.contains(#""count":10,"weight":550,"#))
        }
    }
}
