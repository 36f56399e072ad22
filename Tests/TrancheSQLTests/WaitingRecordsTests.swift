import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Records that wait for others", .serialized, .timeLimit(.minutes(5)))
struct WaitingRecordsTests {
    typealias Backend = TestDatabase.Backend

    /// Records of a table whose rows refer to others of it, in chunks, and what comes of them.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The values of `id`, `name` and `boss`; empty for none.
        let chunks: [[[String]]]
        let rows: [[String]]
        /// The refused, by their places from 1.
        var refused: [Int64] = []
    }

    static let cases = [
        Case(
            testDescription: "overtaken within the chunk",
            chunks: [[["1", "old", "2"], ["1", "new", ""], ["2", "b", ""]]],
            rows: [["1", "new", "NULL"], ["2", "b", "NULL"]]
        ),
        Case(
            testDescription: "overtaken while another waits for good",
            chunks: [[["1", "old", "2"], ["3", "c", "99"], ["1", "new", ""], ["2", "b", ""]]],
            rows: [["1", "new", "NULL"], ["2", "b", "NULL"]],
            refused: [2]
        ),
        Case(
            testDescription: "followed by one that is refused",
            chunks: [[["1", "old", "2"]], [["1", "", ""], ["2", "b", ""]]],
            rows: [["1", "old", "2"], ["2", "b", "NULL"]],
            refused: [2]
        ),
        Case(
            testDescription: "of two that wait the last",
            chunks: [
                [["1", "old", "2"], ["3", "c", "99"], ["1", "new", "2"]], [["2", "b", ""]],
            ],
            rows: [["1", "new", "2"], ["2", "b", "NULL"]],
            refused: [2]
        ),
        Case(
            testDescription: "of two that wait the one that can be written",
            chunks: [[["1", "old", "2"], ["1", "new", "99"], ["2", "b", ""]]],
            rows: [["1", "old", "2"], ["2", "b", "NULL"]],
            refused: [2]
        ),
        Case(
            testDescription: "one that its own elder makes room for",
            chunks: [
                [["1", "old", "2"], ["1", "new", "3"], ["3", "c", "1"], ["2", "b", ""]]
            ],
            rows: [["1", "new", "3"], ["2", "b", "NULL"], ["3", "c", "1"]]
        ),
        Case(
            testDescription: "a key that is spelt otherwise",
            chunks: [[["1", "old", "2"], ["3", "c", "99"], ["01", "new", ""], ["2", "b", ""]]],
            rows: [["1", "new", "NULL"], ["2", "b", "NULL"]],
            refused: [2]
        ),
    ]

    @Test("Rows that are their key take no other's place", arguments: [false, true])
    func whole(hasMore: Bool) throws {
        let names = hasMore ? ["a", "b"] : ["a"]
        let fields = try RecordFields(names)
        let load = SQLLoad(
            table: SQLTableName(schema: nil, table: "t"),
            columns: names.map { SQLLoad.Column(name: $0, type: "text", baseType: "text") },
            key: ["a"],
            fields: fields,
            isCareful: true
        )
        let records = try Self.makeRecords([[names, names]], fields).flatMap { $0 }
        let together = WaitingRecords<CancellationError>(load).keysTogether(of: records)
        #expect(together.rows(at: 1...2) == (hasMore ? 1 : nil))
    }

    @Test("Of one key the last that is taken counts", arguments: Backend.available, cases)
    func last(on backend: Backend, _ one: Case) async throws {
        try await expect(one, on: backend)
    }

    @Test(
        "A row that a trigger leaves out takes no other's place",
        arguments: Backend.available,
        casesWithTrigger
    )
    func leftOut(on backend: Backend, _ one: Case) async throws {
        try await expect(one, on: backend, withTrigger: true)
    }

    /// Makes the trigger of a table `e`, whose schema stands before its name.
    private static func trigger(of database: TestDatabase) -> String {
        let table = "\(database.prefix)e"
        if database.backend == .sqlite {
            return """
                CREATE TRIGGER leave BEFORE INSERT ON \(table) WHEN NEW.name = 'none'
                BEGIN SELECT RAISE(IGNORE); END
                """
        }
        return """
            CREATE FUNCTION \(database.prefix)leave() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RETURN NULL; END
            $$;
            CREATE TRIGGER leave BEFORE INSERT ON \(table) FOR EACH ROW WHEN (NEW.name = 'none')
            EXECUTE FUNCTION \(database.prefix)leave()
            """
    }

    private func expect(
        _ one: Case,
        on backend: Backend,
        withTrigger hasTrigger: Bool = false
    ) async throws {
        for isCareful in backend == .sqlite ? [false, true] : [true] {
            try await withTestDatabase(backend) { database in
                let type = backend == .sqlite ? "INTEGER" : "bigint"
                let name = database.name("e")
                try await database.run(
                    """
                    CREATE TABLE \(database.prefix)e (
                        id \(type) PRIMARY KEY, name text NOT NULL,
                        boss \(type) REFERENCES \(database.prefix)e (id)
                    )
                    """
                )
                if hasTrigger { try await database.run(Self.trigger(of: database)) }
                let table = try #require(try await database.database.table(name))
                let fields = try RecordFields(["id", "name", "boss"])
                let load = SQLLoad(
                    table: name,
                    columns: table.columns.map {
                        SQLLoad.Column(name: $0.name, type: $0.type, baseType: $0.baseType)
                    },
                    key: ["id"],
                    fields: fields,
                    isCareful: isCareful
                )
                let refused = try await database.database.loading(
                    load,
                    try Self.makeRecords(one.chunks, fields)
                )
                #expect(refused == one.refused)
                #expect(
                    try await database.read("SELECT id, name, boss FROM \(name) ORDER BY id")
                        == one.rows
                )
            }
        }
    }

    /// A trigger leaves out rows that are named `none`.
    static let casesWithTrigger = [
        Case(
            testDescription: "followed by one that is left out",
            chunks: [[["1", "old", "2"]], [["1", "none", ""], ["2", "b", ""]]],
            rows: [["1", "old", "2"], ["2", "b", "NULL"]]
        ),
        Case(
            testDescription: "followed within the chunk by one that is left out",
            chunks: [[["1", "old", "2"], ["1", "none", ""], ["2", "b", ""], ["3", "c", ""]]],
            rows: [["1", "old", "2"], ["2", "b", "NULL"], ["3", "c", "NULL"]]
        ),
        Case(
            testDescription: "waiting itself, and left out",
            chunks: [
                [["1", "old", "2"], ["3", "c", "99"], ["1", "none", "2"]], [["2", "b", ""]],
            ],
            rows: [["1", "old", "2"], ["2", "b", "NULL"]],
            refused: [2]
        ),
    ]

    private static func makeRecords(
        _ chunks: [[[String]]],
        _ fields: RecordFields
    ) throws -> [[Record]] {
        var last: Int64 = 0
        return try chunks.map { chunk in
            try chunk.map { values in
                last += 1
                let values = values.map { $0.isEmpty ? Value.null : .text($0) }
                return try Record(id: last, fields: fields, values: values)
            }
        }
    }
}

extension SQLDatabase {
    /// Loads records in a transaction.
    ///
    /// - Returns: The ids of those that were refused.
    fileprivate func loading(_ load: SQLLoad, _ chunks: [[Record]]) async throws -> [Int64] {
        try await withTransaction([]) { connection, _ in
            try await connection.beginLoad(load)
            var refused: [Int64] = []
            for chunk in chunks { refused += try await connection.load(chunk).map(\.id) }
            refused += try await connection.endLoad().refused.map(\.id)
            _ = try await connection.commit([])
            return refused
        }
    }
}
