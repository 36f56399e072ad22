import Foundation
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheSQL

@testable import TrancheServer

@Suite("An audit over REST", .serialized, .timeLimit(.minutes(5)))
struct ServerAuditTests {
    @Test(
        "What differs is told as an audit finds it, and nothing is changed",
        arguments: TestDatabase.Backend.available
    )
    func differences(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            for _ in 0..<4 {
                let batch = try await bench.acquire()
                let id = try #require((batch["batch"] as? [String: Any])?["batch"] as? Int)
                let token = try #require(batch["token"] as? String)
                let body = #"{"token": "\#(token)"}"#
                #expect(try await bench.post("/v1/batches/\(id)/succeed", body).status == 200)
            }
            let path = "/v1/runs/thumbs/-/audit"
            let clean = try await bench.get(path).document(AuditDocument.self)
            #expect(clean.tiles == 4 && clean.ids == 10)
            #expect(clean.finished && clean.nextID == nil)
            #expect(clean.appeared.count == 0 && clean.vanished.count == 0)

            // One that came does not hide one that went.
            let photo = bench.database.prefix + "photo"
            try await bench.database.run("DELETE FROM \(photo) WHERE uid = 5")
            try await bench.database.run("INSERT INTO \(photo) VALUES (-4, 'late.jpg', 1)")
            let before = try await bench.inventory.run(RunSelection(job: "thumbs"))
            let audit = try await bench.get(path).document(AuditDocument.self)
            #expect(audit.job == "thumbs" && audit.meta == photo && audit.run == "")
            #expect(audit.appeared.ids == "-4" && audit.vanished.ids == "5")
            #expect(audit.queued == 0)
            let source = try await ServerBench.connectors.source(
                of: before,
                in: bench.inventory,
                ConnectorContext()
            )
            #expect(try await bench.inventory.run(RunSelection(job: "thumbs")) == before)
            let report = try await bench.inventory.audit(before.key, from: source)
            #expect(report.appeared.packed == "-4" && report.vanished.packed == "5")
            #expect(report.queued == 0)

            let part = try await bench.get(path + "?from=6&to=10&thorough=true")
                .document(AuditDocument.self)
            #expect(part.tiles == 3 && part.compared == 3)
            #expect(part.appeared.count == 0 && part.vanished.count == 0)
        }
    }

    @Test(
        "A part goes on behind the mark of the one before, and no other audit notices",
        arguments: TestDatabase.Backend.available
    )
    func parts(_ backend: TestDatabase.Backend) async throws {
        try await ServerBench.serve(backend) { bench in
            let photo = bench.database.prefix + "photo"
            try await bench.database.run(
                """
                WITH RECURSIVE s (g) AS (SELECT 11 UNION ALL SELECT g + 1 FROM s WHERE g < 300)
                INSERT INTO \(photo) SELECT g, 'p.jpg', 1 FROM s
                """
            )
            let taken = try await bench.inventory.acquireBatches(
                count: 300,
                from: SQLSource(photo),
                job: "many",
                limit: .count(1)
            )
            try #require(taken.count == 300)
            let path = "/v1/runs/many/-/audit?seconds=0"
            let first = try await bench.get(path).document(AuditDocument.self)
            #expect(first.tiles == 256 && first.ids == 256)
            #expect(!first.finished && first.nextID == 256)
            let again = try await bench.get(path).document(AuditDocument.self)
            #expect(again.nextID == 256)
            let second = try await bench.get(path + "&after=256").document(AuditDocument.self)
            #expect(second.tiles == 44 && second.ids == 44)
            #expect(second.finished && second.nextID == nil)
            let whole = try await bench.get("/v1/runs/many/-/audit").document(AuditDocument.self)
            #expect(whole.tiles == 300 && whole.finished)
            let known = try await bench.inventory.run(RunSelection(job: "many"))
            #expect(known.auditPosition == nil)
        }
    }

    @Test("What cannot be audited so is refused, and the parameter named")
    func refusals() async throws {
        try await ServerBench.serve(.sqlite) { bench in
            _ = try await bench.acquire()
            for (query, field) in [
                ("from=5&to=4", "from"), ("after=x", "after"), ("seconds=21", "seconds"),
                ("thorough=yes", "thorough"), ("repair=true", "repair"),
            ] {
                let answer = try await bench.get("/v1/runs/thumbs/-/audit?\(query)")
                #expect(answer.status == 400, "\(query): \(answer.text)")
                #expect(try answer.document(RefusalDocument.self).field == field)
            }
            #expect(try await bench.get("/v1/runs/nothing/-/audit").status == 404)
        }
    }

    @Test("No more audits go on at once than a server bears")
    func slots() async throws {
        let slots = AuditSlots()
        let none = HTTPServerResponse(204)
        #expect(AuditSlots.most == 2)
        _ = try await slots.withOne {
            try await slots.withOne {
                await #expect(throws: Refusal.self) { _ = try await slots.withOne { none } }
                return none
            }
        }
        #expect(try await slots.withOne { none }.status == 204)
    }
}
