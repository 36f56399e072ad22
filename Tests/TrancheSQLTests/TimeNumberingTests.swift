import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Numbers of the rows of a time", .timeLimit(.minutes(5)))
struct TimeNumberingTests {
    @Test(
        "They are given a portion at a time, and a look that finds none takes no lock",
        arguments: TestDatabase.Backend.available
    )
    func portions(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend) { test in
            try await test.migrateUp()
            let type = backend == .sqlite ? "text" : "timestamptz"
            try await test.run(
                """
                CREATE TABLE \(test.prefix)document (
                    key varchar(40) NOT NULL PRIMARY KEY, at \(type) NOT NULL
                );
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
                INSERT INTO \(test.prefix)document
                SELECT 'k' || i, CAST('2026-01-01T09:00:00Z' AS \(type)) FROM n;
                """
            )
            let late = "INSERT INTO \(test.prefix)document VALUES ('a', '2026-01-01T09:00:00Z')"
            var looks = [try await look(in: test), try await look(in: test)]
            // One that stands before all others.
            try await test.run(late)
            looks.append(try await look(in: test))
            #expect(looks.map(\.locks) == [2, 0, 1])
            #expect(looks.map(\.ids) == [1...10_000, 1...10_000, 1...10_001])
        }
    }

    @Test("A uid that is not UTF-8, which gets no number, is told", arguments: [false, true])
    func noText(isAlone: Bool) async throws {
        try await withTestDatabase(.sqlite) { test in
            try await test.migrateUp()
            let others = isAlone ? "" : ", ('a', '2026-01-01T09:00:00Z')"
            try await test.run(
                """
                CREATE TABLE \(test.prefix)document (key text NOT NULL PRIMARY KEY, at text);
                INSERT INTO \(test.prefix)document
                VALUES (CAST(x'6BE9' AS text), '2026-01-01T09:00:00Z')\(others);
                """
            )
            let error = await #expect(throws: TrancheError.self) { try await look(in: test) }
            #expect(error?.code == .invalidItem)
            #expect(error?.message.contains("is not a text in UTF-8") == true)
        }
    }

    @Test(
        "What others number between the look and the lock is sound, time and again",
        arguments: TestDatabase.Backend.available
    )
    func overtaken(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend) { test in
            try await test.migrateUp()
            let type = backend == .sqlite ? "text" : "timestamptz"
            try await test.run(
                """
                CREATE TABLE \(test.prefix)document (
                    key varchar(40) NOT NULL PRIMARY KEY, at \(type) NOT NULL
                );
                INSERT INTO \(test.prefix)document VALUES ('a', '2026-01-01T09:00:00Z');
                """
            )
            // Two whose bytes differ, though Swift takes them for the same text.
            let late = LateKeys(["e\u{301}", "\u{E9}"])
            let found = try await look(in: test, late)
            #expect(late.next() == nil)
            #expect(found.ids == 1...3)
        }
    }

    /// Keys of rows that come while uids are numbered, one after each look for uids.
    private final class LateKeys: Sendable {
        private let keys: Mutex<[String]>

        init(_ keys: [String] = []) { self.keys = Mutex(keys) }

        func next() -> String? { keys.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    private static let time = SourceTime(
        "at",
        from: Date(timeIntervalSince1970: 1_767_258_000),
        to: Date(timeIntervalSince1970: 1_767_261_600)
    )

    private typealias Look = (locks: Int, ids: ClosedRange<Int64>?)

    /// Looks for the ids of the time, and counts the transactions in which numbers are given.
    private func look(in test: TestDatabase, _ late: LateKeys = LateKeys()) async throws -> Look {
        try await look(in: test, on: test.database, late)
    }

    private func look(
        in test: TestDatabase,
        on base: some SQLDatabase,
        _ late: LateKeys
    ) async throws -> Look {
        try await base.writers.withConnection { writer in
            try await look(in: test, on: base, through: writer, late)
        }
    }

    private func look<Base: SQLDatabase>(
        in test: TestDatabase,
        on base: Base,
        through writer: Base.Connection,
        _ late: LateKeys
    ) async throws -> Look {
        try await base.readers.withConnection { reader in
            let log = StatementLog { statements in
                guard statements.contains(where: { $0.text.contains("SELECT tranche_text") }),
                    let key = late.next()
                else { return }
                try await numberAll(in: test)
                let insert: SQLStatement = """
                    INSERT INTO \(test.name("document")) VALUES (\(key), '2026-01-01T09:00:00Z')
                    """
                _ = try await writer.atomically([insert], isWriting: true)
            }
            let database = RecordedDatabase(base, writer, reader, log)
            let configuration = Inventory.Configuration(store: test.configuration())
            let location = InventoryLocation(name: "recorded") {
                SQLInventoryStore(database, configuration: $0)
            }
            let inventory = try await Inventory.open(location, configuration: configuration)
            let source = try await inventory.source(
                SQLSource(test.prefix + "document", uid: "key", time: Self.time)
            )
            let found = try await inventory.timedIDs(in: source, waiting: .zero)
            await inventory.close()
            let locks = log.take().count { trip in
                trip.statements.contains { $0.text.contains("column1 AS tranche_key") }
            }
            return (locks: locks, ids: found?.ids)
        }
    }

    /// Numbers the rows of the time as another worker does.
    private func numberAll(in test: TestDatabase) async throws {
        let inventory = try await test.open()
        let source = try await inventory.source(
            SQLSource(test.prefix + "document", uid: "key", time: Self.time)
        )
        _ = try await inventory.timedIDs(in: source, waiting: .zero)
        await inventory.close()
    }
}
