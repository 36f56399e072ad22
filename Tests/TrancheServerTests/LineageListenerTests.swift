import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheHTTP
import TrancheSQL
import TrancheSQLite
import TrancheServer

@Suite("Events of OpenLineage at a listener", .timeLimit(.minutes(5)))
struct LineageListenerTests {
    /// What came, by kept connections.
    private final class Received: Sendable {
        private let kept = Mutex<[String]>([])
        var bodies: [String] { kept.withLock { $0 } }
        func add(_ body: String) { kept.withLock { $0.append(body) } }
    }

    @Test("All events of a run on SQLite arrive over kept connections, those of a batch in order")
    func arriving() async throws {
        let received = Received()
        let listener = HTTPListener(.init(try ListenAddress("127.0.0.1:0"))) { request in
            received.add(String(decoding: request.body, as: UTF8.self))
            return .json(201, "{}")
        }
        try await withTemporaryFolder { folder in
            let (addresses, ready) = AsyncStream<ListenAddress>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await listener.run { ready.yield($0) } }
                var addressIterator = addresses.makeAsyncIterator()
                let address = try #require(await addressIterator.next())
                let lineage = try Lineage(to: .address("http://\(address)"))
                try await lineage.whileEmitting { try await work(folder, lineage) }
                #expect(lineage.counts.delivered == 400)
                #expect(lineage.counts.dropped == 0)
                group.cancelAll()
            }
            let file = folder.path("l.jsonl")
            try Data((received.bodies.joined(separator: "\n") + "\n").utf8)
                .write(to: URL(filePath: file))
            if let summary = try OpenLineage.check(file) {
                #expect(summary.types == ["START": 200, "COMPLETE": 200])
            }
        }
    }

    private func work(_ folder: TemporaryFolder, _ lineage: Lineage) async throws {
        let path = folder.path("i.db")
        var configuration = Inventory.Configuration()
        configuration.observers = [lineage.observer]
        try await Inventory.with(.sqlite(path), configuration: configuration) { inventory in
            await lineage.identify(inventory)
            let database = try await SQLiteDatabase.open(
                path: path,
                for: .inventory(creates: false),
                lockTimeout: .seconds(30)
            )
            _ = try await database.write([
                "CREATE TABLE item (uid INTEGER PRIMARY KEY AUTOINCREMENT)",
                """
                INSERT INTO item
                WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 400)
                SELECT i FROM n
                """,
            ])
            await database.close()
            while let batch = try await inventory.acquireBatch(
                from: SQLSource("item"),
                job: "job",
                limit: .count(2)
            ) {
                try await batch.succeed()
            }
        }
    }
}
