import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TrancheSQL
import TrancheSQLite
import TrancheTestKit

@Suite("Folders registered in a table", .timeLimit(.minutes(5)))
struct FolderListingTests {
    private func withFolder(
        _ backend: TestDatabase.Backend,
        _ body: (Inventory, FolderListing, TestDatabase, TemporaryFolder) async throws -> Void
    ) async throws {
        try await withTestDatabase(backend) { database in
            try await withTemporaryFolder { folder in
                try await database.migrateUp()
                let inventory = try await database.open()
                try write("one", folder, "files/a.csv")
                var listing = FolderListing(
                    folder.path("files"),
                    table: database.prefix + "photo"
                )
                listing.quiet = .zero
                try await body(inventory, listing, database, folder)
                await inventory.close()
            }
        }
    }

    /// Writes a file in place, its folder made where there is none.
    private func write(_ text: String, _ folder: TemporaryFolder, _ name: String) throws {
        let url = URL(filePath: folder.path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: url, options: [])
    }

    private func rows(_ database: TestDatabase) async throws -> [[String]] {
        try await database.read(
            "SELECT uid, item, weight FROM \(database.name("photo")) ORDER BY uid"
        )
    }

    @Test(
        "Each file is registered once, and again when it has changed",
        arguments: TestDatabase.Backend.available
    )
    func once(backend: TestDatabase.Backend) async throws {
        try await withFolder(backend) { inventory, listing, database, folder in
            let first = try await listing.register(beside: inventory)
            #expect(first.found == 1 && first.added == 1 && first.changed == 0)
            let second = try await listing.register(beside: inventory)
            #expect(second.found == 1 && second.added == 0)
            try write("two more", folder, "files/a.csv")
            try write("x", folder, "files/deep/b.txt")
            let third = try await listing.register(beside: inventory)
            #expect(third.found == 2 && third.added == 2 && third.changed == 1)
            let rows = try await rows(database)
            let path = ResolvedPath(folder.path("files")).text
            #expect(rows.count == 3)
            #expect(rows[0] == ["1", path + "/a.csv", "3"])
            #expect(rows.dropFirst().contains { $0[1] == path + "/a.csv" && $0[2] == "8" })
            #expect(rows.dropFirst().contains { $0[1] == path + "/deep/b.txt" && $0[2] == "1" })
            let times = try await database.read(
                "SELECT count(modified) FROM \(database.name("photo"))"
            )
            #expect(times == [["3"]])
        }
    }

    @Test("What is registered is an item of a job", arguments: TestDatabase.Backend.available)
    func items(backend: TestDatabase.Backend) async throws {
        try await withFolder(backend) { inventory, listing, database, folder in
            try write("two", folder, "files/b.csv")
            try await listing.register(beside: inventory)
            let source = SQLSource(database.prefix + "photo")
            let batch = try #require(try await inventory.acquireBatch(from: source, job: "thumbs"))
            #expect(batch.count == 2)
            #expect(batch.weight == 6)
        }
    }

    private func add(
        _ items: [String],
        to table: String,
        of inventory: Inventory
    ) async throws -> Int {
        let registry = try await ItemRegistry(table, in: nil, beside: inventory.store)
        let entries = items.map { ItemRegistry.Entry(item: $0, weight: 1, version: "1") }
        let outcome = try await registry.register(entries)
        await registry.close()
        return outcome.added
    }

    @Test(
        "The number of a deleted row is not given again, also where it was the newest",
        arguments: TestDatabase.Backend.available
    )
    func deletedRows(backend: TestDatabase.Backend) async throws {
        try await withFolder(backend) { inventory, _, database, _ in
            let (table, name) = (database.prefix + "photo", database.name("photo"))
            #expect(try await add(["c", "a", "b"], to: table, of: inventory) == 3)
            try await database.run("DELETE FROM \(name.quoted) WHERE uid = 3")
            #expect(try await add(["d"], to: table, of: inventory) == 1)
            try await database.run("DELETE FROM \(name.quoted)")
            #expect(try await add(["f", "e"], to: table, of: inventory) == 2)
            let rows = try await database.read("SELECT uid, item FROM \(name) ORDER BY uid")
            #expect(rows == [["5", "f"], ["6", "e"]])
            // Whoever inserts may give an id, and the next is above it.
            try await database.run(
                "INSERT INTO \(name.quoted) (uid, item, weight, version) VALUES (9, 'g', 1, '1')"
            )
            #expect(try await add(["g", "h"], to: table, of: inventory) == 1)
            let last = try await database.column("SELECT max(uid) FROM \(name)")
            #expect(last == ["10"])
        }
    }

    @Test(
        "A table made before its ids had a sequence is given one that begins above them",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func formerTable() async throws {
        try await withFolder(.postgreSQL) { inventory, _, database, _ in
            let (table, name) = (database.prefix + "photo", database.name("photo"))
            try await database.run(
                """
                CREATE TABLE \(name.quoted) (
                    uid bigint NOT NULL PRIMARY KEY, item text NOT NULL, weight bigint NOT NULL,
                    version text NOT NULL, modified timestamptz,
                    CONSTRAINT version_registered_once UNIQUE (item, version)
                );
                INSERT INTO \(name.quoted) VALUES (1, 'a', 1, '1'), (2, 'b', 1, '1')
                """
            )
            #expect(try await add(["a", "c"], to: table, of: inventory) == 1)
            try await database.run("DELETE FROM \(name.quoted) WHERE uid = 3")
            #expect(try await add(["d"], to: table, of: inventory) == 1)
            let rows = try await database.column("SELECT uid FROM \(name) ORDER BY uid")
            #expect(rows == ["1", "2", "4"])
        }
    }

    @Test(
        "Files are registered in several tables of a schema, under long names and long paths",
        arguments: TestDatabase.Backend.available
    )
    func severalTables(backend: TestDatabase.Backend) async throws {
        try await withFolder(backend) { inventory, _, database, _ in
            let long = String(repeating: "t", count: 60)
            // As a path may be, and nothing that a database makes short.
            var state: UInt64 = 1
            let path = String(
                (0..<4000).map { _ -> Character in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return Character(UnicodeScalar(UInt8(65 + (state >> 33) % 58)))
                }
            )
            for suffix in ["photo", "other", long + "_1", long + "_2"] {
                let table = database.prefix + suffix
                let first = try await add(["a", path], to: table, of: inventory)
                let second = try await add(["b", path], to: table, of: inventory)
                #expect(first == 2)
                #expect(second == 1)
            }
        }
    }

    @Test("A trial counts, and makes no table", arguments: TestDatabase.Backend.available)
    func tries(backend: TestDatabase.Backend) async throws {
        try await withFolder(backend) { inventory, listing, database, folder in
            #expect(try await listing.register(beside: inventory, isTrial: true).added == 1)
            #expect(try await database.database.table(database.name("photo")) == nil)
            try await listing.register(beside: inventory)
            try write("other", folder, "files/a.csv")
            let trial = try await listing.register(beside: inventory, isTrial: true)
            #expect(trial.added == 1 && trial.changed == 1)
            #expect(try await rows(database).count == 1)
        }
    }

    @Test("Files are chosen by the ends of their names and by depth, and a table by its columns")
    func choice() async throws {
        try await withFolder(.sqlite) { inventory, listing, database, folder in
            for name in ["b.txt", ".c.csv", "deep/d.csv"] {
                try write("x", folder, "files/\(name)")
            }
            var flat = listing
            flat.isRecursive = false
            flat.suffixes = [".csv"]
            #expect(try await flat.register(beside: inventory).added == 1)
            flat.isRecursive = true
            #expect(try await flat.register(beside: inventory).added == 1)
            #expect(try await listing.register(beside: inventory).added == 1)
            var wrong = listing
            wrong.table = "inventory"
            await #expect(throws: TrancheError.self) {
                try await wrong.register(beside: inventory)
            }
        }
    }

    @Test("A file that is still written to is waited for once, and left for the next time")
    func unfinished() async throws {
        try await withTemporaryFolder { folder in
            try write("x", folder, "files/a")
            let clock = SkippingClock()
            var configuration = Inventory.Configuration()
            configuration.clock = clock
            let path = folder.path("inventory.db")
            try await Inventory.with(.sqlite(path), configuration: configuration) { inventory in
                var listing = FolderListing(folder.path("files"), table: "photo")
                listing.quiet = .seconds(3600)
                let done = try await listing.register(beside: inventory)
                #expect(done.found == 1 && done.added == 0 && done.unfinished == 1)
                #expect(clock.waits.contains(.seconds(3600)))
                listing.quiet = .zero
                #expect(try await listing.register(beside: inventory).added == 1)
            }
        }
    }

    @Test("A watch registers what comes, once each, whatever the kernel and the clock say")
    func watches() async throws {
        try await withTemporaryFolder { folder in
            try write("x", folder, "files/first")
            var configuration = Inventory.Configuration()
            // It stands still: what is found is what the kernel tells.
            configuration.clock = ManualClock()
            let path = folder.path("inventory.db")
            try await Inventory.with(.sqlite(path), configuration: configuration) { inventory in
                var listing = FolderListing(folder.path("files"), table: "photo")
                listing.quiet = .zero
                let watched = listing
                let (told, teller) = AsyncStream.makeStream(of: FolderListing.Registration.self)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await watched.watch(
                            beside: inventory,
                            onRegistered: { teller.yield($0) }
                        )
                    }
                    var looks = told.makeAsyncIterator()
                    let first = await looks.next()
                    #expect(first?.found == 1 && first?.added == 1)
                    try write("y", folder, "files/second")
                    let second = await looks.next()
                    #expect(second?.added == 1)
                    try write("changed", folder, "files/first")
                    let changed = await looks.next()
                    #expect(changed?.added == 1 && changed?.changed == 1)
                    group.cancelAll()
                    await #expect(throws: CancellationError.self) { try await group.next() }
                }
                #expect(try await listing.register(beside: inventory).added == 0)
            }
        }
    }

    @Test("A folder that is not there is refused")
    func missing() async throws {
        try await withFolder(.sqlite) { inventory, listing, _, folder in
            var missing = listing
            missing.folder = folder.path("none")
            do {
                try await missing.register(beside: inventory)
                Issue.record("there is no such folder")
            } catch let error as TrancheError {
                #expect(error.code == .invalidArgument)
                #expect(error.message.contains("none' does not exist; name a folder"))
            }
        }
    }
}
