import Foundation
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheSQL

@testable import TrancheServer

@Suite(
    "What a server tells of writers that runs wait for",
    .serialized,
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct ServerWritersTests {
    @Test("The gaps of a run name the open transaction that it waits for, until that ends")
    func waiting() async throws {
        let server = try #require(TestPostgreSQL.server)
        let session = try TestSession(on: server)
        try await ServerBench.serve(.postgreSQL) { bench in
            let photo = bench.database.name("photo")
            // What is there before the writer begins is proven, and handed out.
            _ = try await succeed(try await bench.acquire(), bench)
            try await session.run(
                "SET application_name = 'nightly upload'",
                "BEGIN",
                "INSERT INTO \(photo) (uid, item) VALUES (12, 'postgresql://u:secret@h/d')"
            )
            let process = try await session.number("SELECT pg_backend_pid()")
            try await session.run(
                "INSERT INTO \(photo) (uid, item) VALUES (11, 'postgresql://u:secret@h/d')"
            )
            try await bench.database.run(
                "INSERT INTO \(bench.database.prefix)photo VALUES (13, 'p13.jpg', 1)"
            )
            let settled = try await drain(bench)
            #expect(settled.allSatisfy { $0 <= 10 }, "\(settled)")

            let answer = try await bench.get("/v1/runs/thumbs/-/gaps")
            #expect(!answer.text.contains("secret"))
            let gaps = try answer.document(GapsDocument.self)
            let waiting = try #require(gaps.waiting.first)
            #expect(waiting.job == "thumbs" && waiting.candidate == 13)
            #expect(waiting.holders.count == 1)
            let writer = try #require(gaps.writers.first)
            #expect(gaps.writers.count == 1)
            #expect(writer.name == waiting.holders.first?.name)
            #expect(writer.pid.map(Int64.init) == process)
            #expect(writer.application == "nightly upload")
            #expect(writer.state == "idle in transaction")
            #expect(writer.query.hasPrefix("INSERT INTO"))
            #expect(try #require(writer.begunAt) <= Date().addingTimeInterval(1))

            let seen = try await bench.get("/v1/overview")
            #expect(!seen.text.contains("secret"))
            let phrase = try seen.document(OverviewDocument.self).jobs.first?.phrase ?? ""
            let writing = "waits for ids of pid \(process) (nightly upload, "
            #expect(phrase.hasPrefix(writing), "\(phrase)")
            #expect(phrase.contains("idle in transaction since "), "\(phrase)")
            let run = try await bench.get("/v1/runs/thumbs/-").document(RunDetailDocument.self)
            #expect(run.reasons.first?.kind == "unsettled")
            #expect(run.reasons.first?.text == phrase)
            #expect(run.reasons.first?.at != nil)

            try await session.run("COMMIT")
            #expect(try await drain(bench) == [11, 12, 13])
            let after = try await bench.get("/v1/runs/thumbs/-/gaps").document(GapsDocument.self)
            #expect(after.writers.isEmpty && after.waiting.isEmpty)
        }
        await session.close()
    }

    /// Acquires and ends batches until there is none.
    ///
    /// - Returns: The ids of their items.
    private func drain(_ bench: ServerBench) async throws -> [Int64] {
        var ids: [Int64] = []
        while true {
            let answer = try await bench.post("/v1/jobs/thumbs/acquire")
            if answer.status == 204 { return ids }
            try #require(answer.status == 200, "\(answer.status) \(answer.text)")
            ids += try await succeed(try answer.object(), bench)
        }
    }

    /// Ends a batch well.
    ///
    /// - Returns: The ids of its items.
    private func succeed(_ acquired: [String: Any], _ bench: ServerBench) async throws -> [Int64] {
        let batch = try #require(acquired["batch"] as? [String: Any])
        let (first, last) = (batch["id_start"] as? Int, batch["id_end"] as? Int)
        let (id, token) = (batch["batch"] as? Int ?? 0, acquired["token"] as? String ?? "")
        let end = try await bench.post("/v1/batches/\(id)/succeed", #"{"token": "\#(token)"}"#)
        try #require(end.status == 200, "\(end.status) \(end.text)")
        return Array(Int64(try #require(first))...Int64(try #require(last)))
    }
}
