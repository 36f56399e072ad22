import TestSupport
import Testing
import TrancheSQL

@testable import TranchePostgreSQL

@Suite("Copying in", .timeLimit(.minutes(5)), .enabled(if: TestPostgreSQL.server != nil))
struct CopyTests {
    /// A database by the server's URL, with an option behind it.
    private func database(_ option: String = "") throws -> PostgreSQLDatabase {
        let url = try #require(TestPostgreSQL.server).url
        let separator = url.contains("?") ? "&" : "?"
        return PostgreSQLDatabase(
            url: try PostgreSQLURL(option.isEmpty ? url : url + separator + option),
            isReadOnly: false,
            lockTimeout: .seconds(30),
            maxConnections: 1
        )
    }

    private static let table = "CREATE TEMPORARY TABLE copied (a text) ON COMMIT DROP"
    private static let copy = "COPY copied FROM STDIN"

    @Test(
        "A server has its time for what is copied in, unless the URL says otherwise",
        arguments: [("", 120_000), ("tcp_user_timeout=7000", 7000)] as [(String, Int32)]
    )
    func userTimeout(option: String, expected: Int32) async throws {
        let database = try database(option)
        for reason in [nil, "it was given up"] {
            let times = try await database.withTransaction([]) { connection, _ in
                let before = connection.userTimeout
                try connection.copyIn(after: Self.table, Self.copy)
                let during = connection.userTimeout
                _ = try connection.endCopy(reason)
                return [before, during, connection.userTimeout]
            }
            let usual: Int32 = option.isEmpty ? 10_000 : expected
            #expect(times == [usual, expected, usual])
        }
        await database.close()
    }

    @Test(
        "A server has its time, too, for statements of which it may leave some unread",
        arguments: [
            (["SELECT \(String(repeating: "a", count: 70_000))"], true),
            (Array(repeating: "SELECT \(String(repeating: "a", count: 700))", count: 100), true),
            (["SELECT \(String(repeating: "a", count: 7000))"], false),
            ([], false),
        ] as [([SQLStatement], Bool)]
    )
    func large(statements: [SQLStatement], isLarge: Bool) async throws {
        #expect(PostgreSQLHandle.areLarge(statements) == isLarge)
        let database = try database()
        let after = try await database.withConnection { connection in
            _ = try await connection.atomically(statements, isWriting: false)
            return connection.userTimeout
        }
        #expect(after == 10_000)
        await database.close()
    }

    @Test("What is copied in pieces is there as one", arguments: [1, 3, 7, 1000])
    func pieces(size: Int) async throws {
        let database = try database()
        let lines = (1...40).map { "line \($0)\n" }.joined()
        let counts = try await database.withTransaction([]) { connection, _ in
            try connection.copyIn(after: Self.table, Self.copy)
            try connection.putCopy(Array(lines.utf8), inPiecesOf: size)
            let copied = try connection.endCopy(nil)
            let rows = try await connection.run([
                "SELECT count(*) FROM copied WHERE a ~ '^line [0-9]+$'"
            ])
            var row = rows[0][0]
            return [Int64(copied), try row.integer()]
        }
        #expect(counts == [40, 40])
        await database.close()
    }
}
