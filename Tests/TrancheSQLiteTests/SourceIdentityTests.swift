import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheSQLite
import TrancheTestKit

@Suite("Another table or file under the same name, on SQLite", .timeLimit(.minutes(10)))
struct SQLiteSourceIdentityTests {
    private static func fill(_ count: Int, _ word: String, _ table: String = "t") -> String {
        """
        WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < \(count))
        INSERT INTO \(table) (item) SELECT '\(word)' || x FROM c;
        """
    }
    private static let table =
        "CREATE TABLE t (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT);"

    /// What happens to the file `m.db` between two looks.
    enum Change: Sendable, CustomTestStringConvertible {
        /// A script runs on it.
        case script(String)
        /// Another file with some rows is put in its place.
        case moved(Int, String)
        /// Another file with some rows is copied over it.
        case copied(Int, String)
        /// A copy of itself is put in its place.
        case restored

        var testDescription: String {
            switch self {
            case .script(let script): script
            case .moved(let count, let word): "another with \(count) rows '\(word)' is moved there"
            case .copied(let count, let word):
                "another with \(count) rows '\(word)' is copied over it"
            case .restored: "a copy of itself is moved there"
            }
        }
    }

    static let replacements: [Change] = [
        .moved(150, "n"),
        .copied(150, "n"),
        .script("DROP TABLE t;" + table + fill(120, "n")),
        .script(
            "CREATE TABLE u (uid INTEGER PRIMARY KEY, item TEXT);" + fill(150, "u", "u")
                + "ALTER TABLE t RENAME TO o; ALTER TABLE u RENAME TO t;"
        ),
        .script("DELETE FROM t; UPDATE sqlite_sequence SET seq = 0;" + fill(130, "n")),
    ]

    @Test("Another file, or another table in it, holds the run", arguments: replacements)
    func replaced(_ change: Change) async throws {
        try await withDrained { folder, inventory in
            try await make(change, in: folder)
            let reason = try await hold(folder, inventory)
            #expect(reason.contains("other rows under the same ids"), "\(reason)")
            #expect(reason.contains("'tranche redefine --job job --meta t --restart' begins anew"))
        }
    }

    static let changes: [Change] = [
        .restored,
        .script("VACUUM;"),
        .script("CREATE INDEX t_item ON t (item); CREATE TABLE other (a);"),
        .script("ALTER TABLE t ADD COLUMN more DEFAULT 5;"),
        .script("DELETE FROM t WHERE uid < 95; VACUUM;"),
        .script("DELETE FROM t;"),
        .script("UPDATE t SET item = item || 'y' WHERE uid % 2 = 0;"),
        .script("PRAGMA journal_mode = WAL;"),
    ]

    @Test("What leaves the rows as they were holds nothing", arguments: changes)
    func changed(_ change: Change) async throws {
        try await withDrained { folder, inventory in
            try await make(change, in: folder)
            try await make(.script(Self.fill(1, "z")), in: folder)
            let batch = try await inventory.acquireBatch(from: source(folder), job: "job")
            #expect(batch?.record.idStart == 101)
        }
    }

    @Test("A hold does not end when the new rows have passed the cursor")
    func lookBetween() async throws {
        let emptying = [
            "DROP TABLE t;" + Self.table, "DELETE FROM t; UPDATE sqlite_sequence SET seq = 0;",
        ]
        for script in emptying {
            try await withDrained { folder, inventory in
                try await make(.script(script), in: folder)
                #expect(try await hold(folder, inventory).contains("was rewound"))
                try await make(.script(Self.fill(150, "n")), in: folder)
                let other = try await Inventory.open(.sqlite(folder.path("inventory.db")))
                #expect(!(try await hold(folder, other)).contains("was rewound"))
                await other.close()
            }
        }
    }

    @Test("A worker that is at work notices another file at its next look, a second later")
    func followed() async throws {
        try await withDrained { folder, _ in
            let clock = ManualClock()
            var configuration = Inventory.Configuration(clock: clock)
            configuration.auditsWhileWorking = false
            let inventory = try await Inventory.open(
                .sqlite(folder.path("inventory.db")),
                configuration: configuration
            )
            let request = BatchRequest(job: "job")
            // It has the former file open.
            guard
                case .noBatch(.complete) = try await inventory.acquire(
                    request,
                    from: source(folder)
                )
            else {
                Issue.record("not complete")
                return
            }
            try await make(.moved(150, "n"), in: folder)
            clock.advance(by: .seconds(1))
            let reason = try await hold(folder, inventory)
            #expect(reason.contains("is in another file than it was"))
            // Taken for the same, it goes on in the new file.
            let run = try #require(try await inventory.summaries().first?.run)
            try await inventory.acceptSource(of: run.key, source(folder))
            let batch = try await inventory.acquireBatch(from: source(folder), job: "job")
            #expect(batch?.record.idStart == 101)
            #expect(batch?.count == 50)
            await inventory.close()
        }
    }

    @Test("A run that begins anew hands out all of the new content, and keeps what it did")
    func restarted() async throws {
        try await withDrained { folder, inventory in
            try await make(.moved(150, "n"), in: folder)
            _ = try await hold(folder, inventory)
            let run = try #require(try await inventory.summaries().first?.run)
            let former = try await inventory.restart(run.key, from: source(folder))
            #expect(former.run == "~1")
            let batch = try await inventory.acquireBatch(from: source(folder), job: "job")
            #expect(batch?.count == 150)
            try await batch?.succeed()
            let kept = try await inventory.batches(BatchSelection(runs: RunSelection(former)))
            #expect(kept.reduce(0) { $0 + $1.count } == 100)
            let report = try await inventory.audit(run.key, from: source(folder))
            #expect(report.tiles == 1 && report.appeared.count == 0 && report.vanished.count == 0)
        }
    }

    // MARK: -

    private func source(_ folder: TemporaryFolder) -> SQLSource {
        SQLSource("t", in: .sqlite(folder.path("m.db")))
    }

    /// Runs `body` after the ids 1 to 100 were handed out.
    private func withDrained(
        _ body: (TemporaryFolder, Inventory) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await fill("m.db", in: folder, Self.table + Self.fill(100, "x"))
            let location = InventoryLocation.sqlite(folder.path("inventory.db"))
            let first = try await Inventory.open(location)
            var items = 0
            while let batch = try await first.acquireBatch(
                from: source(folder),
                job: "job",
                limit: .count(40)
            ) {
                items += batch.count
                try await batch.succeed()
            }
            #expect(items == 100)
            await first.close()
            let inventory = try await Inventory.open(location)
            try await body(folder, inventory)
            await inventory.close()
        }
    }

    private func make(_ change: Change, in folder: TemporaryFolder) async throws {
        let files = FileManager.default
        let path = folder.path("m.db")
        switch change {
        case .script(let script): try await fill("m.db", in: folder, script)
        case .moved(let count, let word):
            try await fill("n.db", in: folder, Self.table + Self.fill(count, word))
            try files.removeItem(atPath: path)
            try files.moveItem(atPath: folder.path("n.db"), toPath: path)
        case .copied(let count, let word):
            try await fill("n.db", in: folder, Self.table + Self.fill(count, word))
            try Data(contentsOf: URL(filePath: folder.path("n.db"))).write(to: URL(filePath: path))
        case .restored:
            try files.copyItem(atPath: path, toPath: folder.path("n.db"))
            try files.removeItem(atPath: path)
            try files.moveItem(atPath: folder.path("n.db"), toPath: path)
        }
    }

    /// Runs a script on a file with SQLite's own journal, as others do.
    private func fill(_ name: String, in folder: TemporaryFolder, _ script: String) async throws {
        try SQLiteScript.run(script, on: folder.path(name))
    }

    private func hold(_ folder: TemporaryFolder, _ inventory: Inventory) async throws -> String {
        let answer = try await inventory.acquire(BatchRequest(job: "job"), from: source(folder))
        guard case .noBatch(.held(let reason, nil)) = answer else {
            Issue.record("not held: \(answer)")
            return ""
        }
        return reason
    }
}
