import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Loading into SQLite", .timeLimit(.minutes(5)))
struct SQLiteLoadTests {
    @Test(
        "However many statements were run before, rows are loaded and refused alike",
        arguments: 240...256
    )
    func manyStatements(count: Int) async throws {
        try await withTestDatabase(.sqlite) { database in
            try await database.run(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> 'bad'))"
            )
            let load = try await makeLoad(of: ["id", "name"], into: database)
            let records = try makeRecords(load, [["1", "a"], ["2", "bad"], ["3", "c"]])
            let queries = (0..<count).map { SQLStatement("SELECT \($0) AS c", binds: []) }
            let refused = try await database.database.loading(load, records, after: queries)
            #expect(refused == [2])
            #expect(
                try await database.read("SELECT id, name FROM t ORDER BY id")
                    == [["1", "a"], ["3", "c"]]
            )
        }
    }

    @Test("After references that lead nowhere the cache has its size again")
    func cacheSize() async throws {
        try await withTestDatabase(.sqlite) { database in
            try await database.run(
                """
                CREATE TABLE t (
                    id INTEGER PRIMARY KEY, r INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED
                )
                """
            )
            let load = try await makeLoad(of: ["id", "r"], into: database)
            let records = try makeRecords(load, [["1", "99"]])
            let error = await #expect(throws: RecordsRefused.self) {
                try await database.database.loading(load, records)
            }
            #expect(error?.failures.map(\.id) == [1])
            let size = try await database.database.write(["PRAGMA cache_size"])[0]
            #expect(size.map { row in row.optionalText() } == ["-16384"])
        }
    }

    /// A careful loading into the table `t`.
    private func makeLoad(of names: [String], into database: TestDatabase) async throws -> SQLLoad {
        let name = database.name("t")
        let table = try #require(try await database.database.table(name))
        return SQLLoad(
            table: name,
            columns: table.columns.map {
                SQLLoad.Column(name: $0.name, type: $0.type, baseType: $0.baseType)
            },
            key: ["id"],
            fields: try RecordFields(names),
            isCareful: true
        )
    }

    /// Records by number, from 1.
    private func makeRecords(_ load: SQLLoad, _ rows: [[String]]) throws -> [Record] {
        try zip(Int64(1)..., rows).map { number, values in
            try Record(id: number, fields: load.fields, values: values.map { .text($0) })
        }
    }
}

extension SQLDatabase {
    /// Loads records in a transaction that begins with some statements.
    ///
    /// - Returns: The ids of those that were refused.
    fileprivate func loading(
        _ load: SQLLoad,
        _ records: [Record],
        after statements: [SQLStatement] = []
    ) async throws -> [Int64] {
        try await withTransaction([]) { connection, _ in
            for statement in statements { _ = try await connection.run([statement]) }
            try await connection.beginLoad(load)
            let refused = try await connection.load(records)
            let end = try await connection.endLoad()
            _ = try await connection.commit([])
            return (refused + end.refused).map(\.id)
        }
    }
}
