import Foundation
import Testing
import Tranche
import TrancheSQL

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10))) struct AuditTests {
    static let job = ["--job", "j", "--meta", "files"]

    private func worked() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let work = ["work"] + Self.job + ["--count", "4", "--", "true"]
        #expect(await bench.run(work).status == .done)
        return bench
    }

    @Test("An audit tells what appeared and what vanished, and queues the former when asked")
    func repair() async throws {
        let bench = try await worked()
        let clean = await bench.run("audit", "--job", "j")
        #expect(clean.status == .done)
        #expect(clean.errors == "")
        #expect(clean.output.hasPrefix("job 'j' on 'files': looked at 3 batches with 10 ids, "))
        #expect(clean.output.hasSuffix("nothing differs\n"))
        // One that came does not hide one that went.
        try bench.execute("DELETE FROM files WHERE uid = 2; INSERT INTO files VALUES (-7, 'x', 1)")
        let differs = await bench.run("audit", "--job", "j")
        #expect(differs.status == .failed)
        #expect(differs.output.contains("appeared: 1 id: -7\nvanished: 1 id: 2\n"))
        #expect(differs.output.contains("'tranche audit --repair' hands out what appeared"))
        let repaired = await bench.run("audit", "--job", "j", "--repair", "--json")
        #expect(repaired.errors == "")
        try expectSnapshot(repaired.output, named: "audit.json")
        let late = await bench.run(["acquire", "--json"] + Self.job)
        #expect(late.output.contains(#""kind":"late","exact":true,"id_start":-7,"id_end":-7"#))
        #expect(await bench.run("succeed", "4", "--attempt", "1").status == .done)
        let again = await bench.run("audit", "--job", "j", "--thorough")
        #expect(again.output.contains("compared 3 of them id by id"))
        #expect(!again.output.contains("appeared"))
        #expect(again.status == .failed)
    }

    @Test("With everything that differs queued, the exit status is 0")
    func repairsAll() async throws {
        let bench = try await worked()
        try bench.execute("INSERT INTO files VALUES (0, 'x', 1), (-5, 'y', 1)")
        #expect(await bench.run("audit", "--job", "j").status == .failed)
        let repaired = await bench.run("audit", "--job", "j", "--repair")
        #expect(repaired.status == .done)
        #expect(repaired.output.contains("appeared: 2 ids: -5,0\nqueued: 2 ids, handed out next\n"))
        #expect(!repaired.output.contains("nothing differs"))
    }

    @Test("A part of the ids is audited by itself, and handed out again when asked")
    func bounds() async throws {
        let bench = try await worked()
        try bench.execute("DELETE FROM files WHERE uid = 9")
        let part = ["audit", "--job", "j", "--from", "2", "--to", "5"]
        let clean = await bench.run(part)
        #expect(clean.status == .done)
        #expect(clean.output.contains("looked at 2 batches with 4 ids"))
        let redone = await bench.run(part + ["--repair", "--redo-range"])
        #expect(redone.status == .done)
        #expect(redone.output.contains("queued: 4 ids, handed out next"))
        let batch = await bench.run(["acquire", "--json"] + Self.job)
        #expect(batch.output.contains(#""kind":"late""#))
        #expect(batch.output.contains(#""count":4,"weight":140"#))
        #expect(await bench.run("audit", "--job", "j", "--from", "9").status == .failed)
    }

    @Test("A budget ends an audit, and the next one goes on there")
    func budget() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY AUTOINCREMENT);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
            INSERT INTO many SELECT i FROM n;
            """
        )
        let location = try bench.inventoryLocation
        let inventory = try await Inventory.open(location)
        let request = BatchRequest(job: "j", limit: BatchLimit(count: 1))
        let source = SQLSource("many")
        #expect(try await inventory.acquireBatches(count: 300, request, from: source).count == 300)
        await inventory.close()
        let first = await bench.run("audit", "--job", "j", "--budget", "1ms")
        #expect(first.status == .done)
        #expect(first.output.contains("looked at 256 batches with 256 ids"))
        #expect(
            first.output.contains(
                "the budget is used up\nthe next audit with a budget goes on behind id 256"
            )
        )
        let next = await bench.run("audit", "--job", "j", "--budget", "1h", "--json")
        #expect(next.output.contains(#""tiles":44,"ids":44,"#))
        #expect(next.output.contains(#""finished":true,"next_id":null"#))
    }

    @Test("A terminal is shown how an audit goes on")
    func liveLine() async throws {
        let bench = try await worked()
        let errors = TextWriter(isTerminal: true)
        let outcome = await bench.run(["audit", "--job", "j"], errors: errors)
        #expect(outcome.errors.contains("\r\u{1B}[K3 batches, 10 ids, "))
        #expect(outcome.errors.hasSuffix("0 appeared, 0 vanished, 0 more than once\r\u{1B}[K"))
    }

    @Test("The ids that a run passed over are listed as gaps")
    func gaps() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run("gaps").errors == "tranche: no run has begun yet\n")
        try bench.execute("DELETE FROM files WHERE uid IN (4, 5)")
        #expect(await bench.run(["acquire"] + Self.job).status == .done)
        let listed = await bench.run("gaps", "--job", "j")
        #expect(listed.errors == "")
        let lines = listed.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].contains("files  -    ...0   exact"))
        #expect(lines[2].contains("files  -    4...5  exact"))
        #expect(lines[2].hasSuffix("closed, last look in 1 d"))
        let document = await bench.run("gaps", "--json")
        try expectSnapshot(normalized(document.output, folder: bench.folder), named: "gaps.json")
        #expect(
            await bench.run("gaps", "--job", "nosuch").errors.contains("there is no job 'nosuch'")
        )
        // An id that appears in a gap is handed out late.
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        try bench.execute("INSERT INTO files VALUES (5, 'late', 5)")
        let late = await bench.run(["acquire", "--json"] + Self.job)
        #expect(late.output.contains(#""kind":"late","exact":true,"id_start":5,"id_end":5"#))
    }

    @Test("A source with a risk says so where a run begins, and where one looks")
    func risks() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            "CREATE TABLE plain (uid INTEGER PRIMARY KEY); INSERT INTO plain VALUES (1)"
        )
        let plain = ["--job", "j", "--meta", "plain"]
        let risk = "'plain' was made without AUTOINCREMENT"
        #expect(await bench.run(["plan"] + plain).output.contains("risk: \(risk)"))
        let first = await bench.run(["acquire", "--json"] + plain)
        #expect(first.errors.hasPrefix("tranche: note: \(risk)"))
        #expect(first.output.hasPrefix(#"{"batch":1,"#))
        #expect(await bench.run("release", "1", "--attempt", "1").status == .done)
        #expect(await bench.run(["acquire", "--json"] + plain).errors == "")
        #expect(await bench.run("release", "1", "--attempt", "2").status == .done)
        let work = await bench.run(["work"] + plain + ["--", "true"])
        #expect(work.errors.hasPrefix("tranche: note: \(risk)"))
        #expect(await bench.run("status").output.contains("\nrisk: \(risk)"))
        #expect(await bench.run("audit", "--job", "j").output.contains("\nrisk: \(risk)"))
        let document = await bench.run("status", "--json").output
        #expect(document.contains(#""risks":[{"name":""#))
        // Of several jobs it is told once, and whose it is.
        _ = await bench.run("work", "--job", "k", "--meta", "plain", "--", "true")
        let several = await bench.run("status").output
        #expect(several.components(separatedBy: risk).count == 2, "\(several)")
        let line = try #require(several.split(separator: "\n").first { $0.contains(risk) })
        #expect(line.hasPrefix("risk of "), "\(line)")
        #expect(line.contains("'j'") && line.contains("'k'"), "\(line)")
    }

    @Test("What cannot be opened does not keep the status from being shown")
    func unreachable() async throws {
        let bench = try await worked()
        let elsewhere = ["TRANCHE_META_DB": "sqlite:\(bench.path("nosuch.db"))"]
        let status = await bench.run(["status", "--json"], environment: elsewhere)
        #expect(status.status == .done)
        #expect(status.errors.hasPrefix("tranche: cannot look at 'files': "))
        #expect(status.errors.split(separator: "\n").count == 1)
        #expect(status.output.contains(#""risks":null"#))
    }
}

@Suite("Audits of ids that stand more than once", .timeLimit(.minutes(10)))
struct DoubledAuditTests {
    /// Ways in which an id that was handed out comes to stand twice.
    static let scripts: [(made: String, doubled: String)] = [
        ("CREATE TABLE t (uid INTEGER, item TEXT)", "INSERT INTO t VALUES (7, 'again')"),
        (
            """
            CREATE TABLE a (uid INTEGER PRIMARY KEY, item TEXT);
            CREATE TABLE b (uid INTEGER PRIMARY KEY, item TEXT);
            CREATE VIEW t AS SELECT uid, item FROM a UNION ALL SELECT uid, item FROM b;
            CREATE TRIGGER t_insert INSTEAD OF INSERT ON t
            BEGIN INSERT INTO a VALUES (NEW.uid, NEW.item); END
            """, "INSERT INTO b VALUES (7, 'again')"
        ),
    ]

    @Test("They are told, the audit goes on, and the risk is named", arguments: 0..<2)
    func told(_ place: Int) async throws {
        let bench = try await CommandLineBench()
        let script = Self.scripts[place]
        let fill = "INSERT INTO t SELECT uid, item FROM files"
        try bench.execute("\(script.made); \(fill)")
        let work = ["work", "--job", "j", "--meta", "t", "--count", "4", "--", "true"]
        #expect(await bench.run(work).status == .done)
        try bench.execute("\(script.doubled); DELETE FROM \(place == 0 ? "t" : "a") WHERE uid = 10")
        for options in [[], ["--thorough"], ["--repair"], ["--from", "5", "--to", "9"]] {
            let audit = await bench.run(["audit", "--job", "j"] + options)
            #expect(audit.status == .failed)
            #expect(audit.output.contains("more than once: 1 id: 7\n"))
            #expect(audit.output.contains("vanished: 1 id: 10\n") == !options.contains("--from"))
            #expect(!audit.output.contains("nothing differs"))
        }
        let json = await bench.run("audit", "--job", "j", "--json")
        #expect(json.output.contains(#""doubled":{"count":1,"ids":"7"}"#))
        #expect(await bench.run("status", "--json").output.contains(#""name":"no-unique-index""#))
    }
}
