import Synchronization
import TestSupport
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite
import TrancheTestKit

/// Where a subject's source tables are made.
struct SourceTables: Sendable {
    /// Runs statements in the tables' database.
    let write: @Sendable ([SQLStatement]) async throws -> Void
    /// The database as a source names it; `nil` for the inventory's own.
    let database: SourceDatabase?
    /// What stands before a table's name.
    let prefix: String
    let finish: @Sendable () async throws -> Void
    private let number = Numbers()

    init(
        _ writable: some SQLDatabase,
        as database: SourceDatabase?,
        prefix: String = "",
        finish: @escaping @Sendable () async throws -> Void
    ) {
        write = { _ = try await writable.write($0) }
        self.database = database
        self.prefix = prefix
        self.finish = {
            await writable.close()
            try await finish()
        }
    }

    func make(_ rows: [SourceRow]) async throws -> any ConformanceSource {
        let table = SQLConformanceTable(name: "items_\(number.next())", tables: self)
        try await table.create()
        try await table.insert(rows)
        return table
    }

    /// Makes tables of uids, which are numbered beside the inventory only.
    var uidMaker: @Sendable ([String]) async throws -> any ConformanceUIDSource {
        { try await self.makeUIDs($0) }
    }

    private func makeUIDs(_ uids: [String]) async throws -> any ConformanceUIDSource {
        let table = SQLUIDTable(name: "uids_\(number.next())", tables: self)
        try await table.create()
        try await table.insert(uids)
        return table
    }

    static func sqlite(in folder: TemporaryFolder) async throws -> SourceTables {
        let path = folder.path("meta.db")
        let database = try await SQLiteDatabase.open(
            path: path,
            for: .inventory(creates: true),
            lockTimeout: .seconds(30)
        )
        return SourceTables(database, as: .sqlite(path)) { try folder.remove() }
    }

    static func postgreSQL(_ server: TestPostgreSQL) async throws -> SourceTables {
        let schema = try await server.makeSchema()
        return SourceTables(
            try server.database(),
            as: .postgres(server.url),
            prefix: schema + "."
        ) {
            try await server.drop(schema: schema)
        }
    }

    private final class Numbers: Sendable {
        private let last = Mutex(0)

        func next() -> Int {
            last.withLock { last in
                last += 1
                return last
            }
        }
    }
}

/// A table with the columns `id`, `item` and `weight`.
private struct SQLConformanceTable: ConformanceSource {
    let name: String
    let tables: SourceTables

    private var quoted: String {
        tables.prefix + name
    }

    func create() async throws {
        try await tables.write([
            """
            CREATE TABLE \(unsafeRaw: quoted) (
                id bigint NOT NULL PRIMARY KEY,
                item text,
                weight double precision
            )
            """
        ])
    }

    func describe(
        hasWeights: Bool,
        filter: SourceFilter?,
        hasKeys: Bool
    ) -> any MetaSourceDescription {
        SQLSource(
            tables.prefix + name,
            uid: "id",
            weight: hasWeights ? "weight" : .none,
            filter: filter?.sql,
            key: hasKeys ? "item" : nil,
            in: tables.database
        )
    }

    func describe(by time: SourceTime) throws -> any MetaSourceDescription {
        SQLSource(
            tables.prefix + name,
            uid: "id",
            weight: .none,
            time: time,
            in: tables.database
        )
    }

    func insert(_ rows: [SourceRow]) async throws {
        if rows.isEmpty { return }
        try await tables.write(
            rows.map { row in
                """
                INSERT INTO \(unsafeRaw: quoted) (id, item, weight)
                VALUES (\(row.id), \(row.item), \(row.weight))
                """
            }
        )
    }

    func delete(_ ids: [Int64]) async throws {
        try await tables.write(
            ids.map { "DELETE FROM \(unsafeRaw: quoted) WHERE id = \($0)" }
        )
    }
}

/// A table with texts as uids.
private struct SQLUIDTable: ConformanceUIDSource {
    let name: String
    let tables: SourceTables

    private var quoted: String { tables.prefix + name }

    func create() async throws {
        try await tables.write([
            """
            CREATE TABLE \(unsafeRaw: quoted) (
                uid varchar(100) NOT NULL PRIMARY KEY,
                item text,
                made_at timestamptz DEFAULT CURRENT_TIMESTAMP
            )
            """,
            "CREATE INDEX \(unsafeRaw: name)_made_at ON \(unsafeRaw: quoted) (made_at)",
        ])
    }

    func describe() -> any MetaSourceDescription {
        SQLSource(tables.prefix + name, weight: .none, settleColumn: "made_at")
    }

    func insert(_ uids: [String]) async throws {
        if uids.isEmpty { return }
        try await tables.write(
            uids.map { uid in
                "INSERT INTO \(unsafeRaw: quoted) (uid, item) VALUES (\(uid), \("item " + uid))"
            }
        )
    }

    func delete(_ uids: [String]) async throws {
        try await tables.write(
            uids.map { "DELETE FROM \(unsafeRaw: quoted) WHERE uid = \($0)" }
        )
    }
}

extension ConformanceSubject {
    static func sqlite(
        in folder: TemporaryFolder,
        sources: SourceTables?
    ) async throws -> ConformanceSubject {
        let clock = ManualClock()
        let path = folder.path("inventory.db")
        try await MigratedFile.write(to: path)
        let store = try await InventoryLocation.sqlite(path).open(
            StoreConfiguration(now: { clock.date })
        )
        let own = SourceTables(
            try await SQLiteDatabase.open(
                path: path,
                for: .inventory(creates: false),
                lockTimeout: .seconds(30)
            ),
            as: nil
        ) {}
        let tables = sources ?? own
        return ConformanceSubject(
            clock: clock,
            store: store,
            makeSource: { try await tables.make($0) },
            makeUIDSource: sources == nil ? own.uidMaker : nil,
            finish: {
                try await own.finish()
                try await sources?.finish()
                if sources == nil || sources?.prefix != "" { try folder.remove() }
            }
        )
    }

    static func postgreSQL(
        _ server: TestPostgreSQL,
        sources: SourceTables?,
        decidesItself: Bool = false
    ) async throws -> ConformanceSubject {
        let clock = ManualClock()
        let pooled = try await SchemaPool.borrow(on: server)
        let schema = if let pooled { pooled.name } else { try await server.makeSchema() }
        var configuration = StoreConfiguration(schema: schema, now: { clock.date })
        configuration.decidesItself = decidesItself
        let store = try await InventoryLocation.postgres(server.url).open(configuration)
        let own = SourceTables(try server.database(), as: nil, prefix: schema + ".") {}
        let tables = sources ?? own
        return ConformanceSubject(
            clock: clock,
            store: store,
            makeSource: { try await tables.make($0) },
            makeUIDSource: sources == nil ? own.uidMaker : nil,
            finish: {
                try await own.finish()
                try await sources?.finish()
                // One that was lent is taken back when the test has ended.
                if pooled == nil { try await server.drop(schema: schema) }
            }
        )
    }
}
