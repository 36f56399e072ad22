import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheSQLite

@Suite("SQLite files", .timeLimit(.minutes(10)))
struct SQLiteFileTests {
    /// Opens a file for writing, in whatever journal mode it has.
    func writable(_ path: String) async throws -> SQLiteDatabase {
        try await SQLiteDatabase.open(
            path: path,
            for: .inventory(creates: true),
            lockTimeout: .seconds(30)
        )
    }

    /// Makes a source file that no connection has open, in a journal mode of its own.
    func makeSource(_ path: String, journal: String = "DELETE") async throws {
        let database = try await writable(path)
        try await database.run(
            """
            CREATE TABLE item (uid INTEGER PRIMARY KEY, item TEXT, weight INTEGER);
            INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1), (4, 'd', 1);
            """
        )
        await database.close()
        // A journal mode cannot change within a transaction.
        try runAlone("PRAGMA journal_mode = \(journal)", in: path)
        try FileManager.default.removeItem(atPath: path + "-turn")
    }

    /// Runs a statement outside transactions, in a process of its own.
    func runAlone(_ statement: String, in path: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2])",
            path, statement,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    /// Writes the bytes of a file's header that say how it is written and read.
    private func setFormat(of path: String, write: UInt8, read: UInt8) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: 18)
        try file.write(contentsOf: Data([write, read]))
        try file.close()
    }

    // A process that releases its locks has others take themselves for the last one: what closes
    // last removes the log, and what is committed to it afterwards is lost.
    @Test("What is read of a file beside its connections leaves their locks alone")
    func locks() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("items.db")
            let database = try await writable(path)
            try await database.run("CREATE TABLE item (uid INTEGER PRIMARY KEY)")
            _ = try await database.mark(of: SQLTableName(verbatim: "item"), uid: "uid")
            #expect(try await database.writeCount() == nil)
            try runAlone("SELECT count(*) FROM item", in: path)
            #expect(FileManager.default.fileExists(atPath: path + "-wal"))
            try await database.run("INSERT INTO item VALUES (1)")
            await database.close()
            let again = try await writable(path)
            var row = try await again.read("SELECT count(*) FROM item")[0].first
            #expect(try row?.integer() == 1)
            await again.close()
        }
    }

    @Test("A file in the format of an engine with several writers at once is refused, and says so")
    func foreignFormat() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("items.db")
            try await makeSource(path)
            try setFormat(of: path, write: 255, read: 255)
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            let source = SQLSource("item", in: .sqlite(path))
            let error = await #expect(throws: TrancheError.self) {
                _ = try await inventory.acquireBatch(from: source, job: "job")
            }
            #expect(error?.code == .invalidSource)
            #expect(error?.message.contains("format 255") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("PRAGMA journal_mode = 'wal'") == true)
            await inventory.close()
            let refused = await openError(path)
            #expect(refused?.message.contains("format 255") == true, "\(refused?.message ?? "")")
        }
    }

    @Test("A file that another engine alone can write to is handed out, and the risk named")
    func foreignWriters() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("items.db")
            try await makeSource(path)
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            let source = SQLSource("item", in: .sqlite(path))
            #expect(
                try await inventory.source(source).risks.map(\.name).contains("concurrent-writers")
                    == false
            )
            await inventory.close()
            try setFormat(of: path, write: 3, read: 1)
            let again = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            #expect(
                try await again.source(source).risks.map(\.name).contains("concurrent-writers")
            )
            let batch = try await again.acquireBatch(from: source, job: "job")
            #expect(try await batch?.items.count == 4)
            await again.close()
        }
    }

    func pragma(_ name: String, of database: SQLiteDatabase) async throws -> String? {
        try await database.withConnection { connection in
            var row = try await connection.run(["PRAGMA \(unsafeRaw: name)"])[0].first
            return row?.optionalText()
        }
    }

    func openError(_ path: String, creates: Bool = true) async -> TrancheError? {
        await #expect(throws: TrancheError.self) {
            let configuration = StoreConfiguration(missingSchema: creates ? .create : .refuse)
            _ = try await InventoryLocation.sqlite(path).open(configuration)
        }
    }

    // MARK: Inventories

    @Test("An inventory's file is in WAL mode, and each commit is synced")
    func journal() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("inventory.db")
            let store = try await InventoryLocation.sqlite(path).open(StoreConfiguration())
            let database = try await writable(path)
            #expect(try await pragma("journal_mode", of: database) == "wal")
            // 2 is FULL.
            #expect(try await pragma("synchronous", of: database) == "2")
            #expect(try await pragma("foreign_keys", of: database) == "1")
            await database.close()
            await store.close()
        }
    }

    @Test("A file that is no database is refused, and left as it is")
    func noDatabase() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("notes.txt")
            let text = Data(String(repeating: "no database at all\n", count: 500).utf8)
            try text.write(to: URL(filePath: path))
            let error = await openError(path)
            #expect(error?.code == .storeFailed)
            #expect(error?.message.contains("notes.txt") == true)
            let words = "the file is not a SQLite database; it is a text"
            #expect(error?.message.contains(words) == true)
            #expect(try Data(contentsOf: URL(filePath: path)) == text)
        }
    }

    @Test(
        "A file of another kind is named for what it looks like",
        arguments: [
            ("id,name\n1,a\n2,b\n", "it looks like CSV; to read items from it, name it as the"),
            ("id;name\n", "it looks like CSV"), ("{\"id\": 1}\n", "it looks like JSON;"),
            (" [1]", "source: jsonl:PATH"), ("Grüße\n", "it is a text"),
            ("-- a dump\nCREATE TABLE t (id int);", "it looks like SQL text; make a database"),
            ("PGDMP\u{1}\u{e}", "which pg_restore reads"), ("PAR1\u{0}", "it is a Parquet file"),
            ("PK\u{3}\u{4}\u{14}\u{0}", "it is a ZIP archive"),
            ("01234567DUCK\u{40}\u{0}", "it is a database of DuckDB"),
            ("{\"tranche\":{\"format\":1}}", "a file of 'tranche export', which 'tranche import'"),
            ("\u{1}\u{2}\u{3}", "it may be damaged, encrypted or of another program"),
        ]
    )
    func otherKind(content: String, words: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("other.db")
            // Long enough for a file whose bytes end before a page does, and for one that goes on.
            for padding in [0, 4096] {
                let bytes = Data(content.utf8) + Data(repeating: 0, count: padding)
                try bytes.write(to: URL(filePath: path))
                let message = await openError(path)?.message ?? ""
                #expect(message.contains("the file is not a SQLite database; "), "\(message)")
                #expect(message.contains(words), "\(message)")
                #expect(!message.contains("mvcc"))
            }
        }
    }

    @Test(
        "A file of one byte is refused and left as it is, for writing and for reading",
        arguments: ["\n", "x", "\0"]
    )
    func oneByte(content: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("one.db")
            let bytes = Data(content.utf8)
            try bytes.write(to: URL(filePath: path))
            let words = ", and has one byte"
            let writing = await openError(path)
            #expect(writing?.message.contains(words) == true, "\(writing?.message ?? "")")
            let reading = await #expect(throws: (any Error).self) {
                let database = try await SQLiteDatabase.open(
                    path: path,
                    for: .source,
                    lockTimeout: .seconds(30)
                )
                await database.close()
            }
            #expect("\(reading.map { "\($0)" } ?? "")".contains(words))
            #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path(""))
            #expect(left == ["one.db"])
        }
    }

    @Test("A file without a byte becomes a database")
    func noByte() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("none.db")
            try Data().write(to: URL(filePath: path))
            let store = try await InventoryLocation.sqlite(path).open(
                StoreConfiguration(missingSchema: .create)
            )
            await store.close()
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            #expect(size ?? 0 > 0)
        }
    }

    @Test("A compressed file is not taken for one of another engine")
    func compressed() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("inventory.db.gz")
            try Data([0x1f, 0x8b, 8, 0] + [UInt8](repeating: 0x55, count: 600)).write(
                to: URL(filePath: path)
            )
            let message = await openError(path)?.message ?? ""
            #expect(message.contains("it is compressed by gzip"), "\(message)")
        }
    }

    @Test("A path at which no file can be is refused")
    func noPath() async throws {
        try await withTemporaryFolder { folder in
            try Data().write(to: URL(filePath: folder.path("plain")))
            let paths = [
                folder.path("missing/inventory.db"), folder.path("plain/inventory.db"),
                folder.url.path, "/proc/inventory.db",
            ]
            for path in paths {
                let error = await openError(path)
                #expect(error?.code == .storeFailed)
                #expect(error?.message.contains(path) == true, "\(error?.message ?? "")")
            }
        }
    }

    @Test("A missing file is not made where that is refused, and the command is told")
    func missing() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("inventory.db")
            let error = await openError(path, creates: false)
            #expect(error?.code == .schemaNotMigrated)
            #expect(error?.message.contains("tranche migrate up") == true)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    // MARK: Turns

    @Test("A writer that has just written lets the one that waits go first")
    func turns() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("turns.db")
            let first = try await writable(path)
            try await first.run(
                "CREATE TABLE turn (place INTEGER PRIMARY KEY AUTOINCREMENT, writer INTEGER);"
            )
            let second = try await writable(path)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (writer, database) in [(1, first), (2, second)] {
                    group.addTask {
                        for _ in 0..<200 {
                            _ = try await database.write([
                                "INSERT INTO turn (writer) VALUES (\(writer))"
                            ])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let turns = try await first.read("SELECT writer FROM turn ORDER BY place")[0]
                .map { try $0.integer() }
            #expect(turns.count == 400)
            // While both were at work: from the later first turn to the earlier last one.
            let begin = try #require([1, 2].compactMap { turns.firstIndex(of: $0) }.max())
            let end = try #require([1, 2].compactMap { turns.lastIndex(of: $0) }.min())
            let both = begin < end ? Array(turns[begin...end]) : []
            var longest = 0
            var streak = 0
            for index in both.indices {
                streak = index > 0 && both[index] == both[index - 1] ? streak + 1 : 1
                longest = max(longest, streak)
            }
            #expect(both.count > 50)
            #expect(longest < 20)
            await first.close()
            await second.close()
        }
    }

    @Test("A lock that is not had in time is transient, and says so")
    func lockTimeout() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("inventory.db")
            let holder = try await writable(path)
            let store = try await InventoryLocation.sqlite(path).open(
                StoreConfiguration(lockTimeout: .milliseconds(50))
            )
            try await holder.withTransaction([]) { connection, _ in
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await store.retry(BatchSelection())
                }
                #expect(error?.code == .storeBusy)
                #expect(error?.category == .transient)
                // Readers wait for nobody.
                #expect(try await store.batches(BatchSelection()).isEmpty)
                try await connection.rollback()
            }
            #expect(try await store.retry(BatchSelection()).isEmpty)
            await store.close()
            await holder.close()
        }
    }

    // MARK: Cancelling

    @Test("Cancelling interrupts an endless query, and the connection stays usable")
    func cancelled() async throws {
        try await withTemporaryFolder { folder in
            let database = try await writable(folder.path("endless.db"))
            let (started, startedSays) = AsyncStream<Void>.makeStream()
            let task = Task {
                try await database.withConnection { connection in
                    startedSays.finish()
                    return try await connection.run([
                        """
                        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                        SELECT count(*) FROM n
                        """
                    ])
                }
            }
            for await _ in started {}
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            #expect(try await database.write(["SELECT 1"])[0].count == 1)
            await database.close()
        }
    }

    @Test("A cancel just before a query begins ends it too")
    func cancelledEarly() async throws {
        try await withTemporaryFolder { folder in
            let database = try await writable(folder.path("endless.db"))
            for round in 0..<100 {
                let task = Task {
                    try await database.read(
                        """
                        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                        SELECT count(*) FROM n
                        """
                    )
                }
                for _ in 0..<round { await Task.yield() }
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
            }
            #expect(try await database.read("SELECT 1")[0].count == 1)
            await database.close()
        }
    }

    @Test("A cancelled writer that waits for a lock stops waiting")
    func cancelledWait() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("held.db")
            let holder = try await writable(path)
            let waiter = try await writable(path)
            try await holder.withTransaction([]) { connection, _ in
                let task = Task { try await waiter.write(["CREATE TABLE t (i INTEGER)"]) }
                await Task.yield()
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
                try await connection.rollback()
            }
            _ = try await waiter.write(["CREATE TABLE t (i INTEGER)"])
            await waiter.close()
            await holder.close()
        }
    }

    // MARK: Sources

    @Test(
        "A source's file is read and not changed, in any journal mode",
        arguments: ["DELETE", "WAL"]
    )
    func untouched(journal: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("meta.db")
            try await makeSource(path, journal: journal)
            let before = try Data(contentsOf: URL(filePath: path))
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            let source = SQLSource("item", in: .sqlite(path))
            for _ in 0..<2 {
                let batch = try await inventory.acquireBatch(
                    from: source,
                    job: "job",
                    limit: .weight(2)
                )
                #expect(try await batch?.items.count == 2)
                try await batch?.succeed()
            }
            await inventory.close()
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
            #expect(!FileManager.default.fileExists(atPath: path + "-turn"))
        }
    }

    @Test("A source's connection cannot write")
    func readOnlySource() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path("meta.db")
            try await makeSource(path)
            let database = try await SQLiteDatabase.open(
                path: path,
                for: .source,
                lockTimeout: .seconds(1)
            )
            await #expect(throws: SQLiteError.self) {
                _ = try await database.write(["DELETE FROM item"])
            }
            let error = await #expect(throws: SQLiteError.self) {
                _ = try await database.read("DELETE FROM item")
            }
            // 8 is SQLITE_READONLY.
            #expect(error.map { $0.code & 0xff } == 8)
            await database.close()
        }
    }

    @Test("A source's file that is missing, or no database, is refused and not made")
    func noSource() async throws {
        try await withTemporaryFolder { folder in
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            try Data("no database".utf8).write(to: URL(filePath: folder.path("notes.txt")))
            for name in ["missing.db", "notes.txt"] {
                let error = await #expect(throws: TrancheError.self) {
                    let source = SQLSource("item", in: .sqlite(folder.path(name)))
                    _ = try await inventory.acquireBatch(from: source, job: "job")
                }
                #expect(error?.code == .invalidSource)
                #expect(error?.message.contains(name) == true)
            }
            #expect(!FileManager.default.fileExists(atPath: folder.path("missing.db")))
            await inventory.close()
        }
    }
}
