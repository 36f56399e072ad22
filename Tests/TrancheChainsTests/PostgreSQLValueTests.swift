import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@testable import TranchePostgreSQL

@Suite(
    "Values in tables of PostgreSQL",
    .enabled(if: TestPostgreSQL.server != nil),
    .timeLimit(.minutes(10))
)
struct PostgreSQLValueTests {
    /// What a session is told so that texts mean what they mean to this program.
    private static let settings = """
        SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD';
        SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex';
        SET LOCAL extra_float_digits = 1;
        """

    /// What a role may have been given.
    private static let hostile = [
        "TimeZone=America/New_York", "DateStyle=SQL,DMY", "IntervalStyle=sql_standard",
        "bytea_output=escape", "extra_float_digits=-15", "array_nulls=off",
    ]

    private static let numbers = [
        "0", "-0", "+5", " 7 ", "1.0", "1.50", "1e3", "32768", "2147483648", "9223372036854775808",
        "18446744073709551615", "12345678901234567890.123456789", "0.30000000000000004", "NaN",
        "Infinity", "-inf", "1e39", "1e400", "1e-400", "1e-46", "", " ", "x", "0x1F", "1_000",
    ]
    private static let times = [
        "2024-01-02", "2024-01-02 03:04", "2024-01-02 03:04:05", "2024-01-02T03:04:05+02:00",
        "2024-01-02 03:04:05+00", "2024-01-02 03:04:05+0100", "2024-01-02 03:04:05.123456789",
        "2024-01-02 03:04:05.999999999", "0044-03-15 BC", "0044-03-15 00:00:00+00 BC", "infinity",
        "-infinity", "2024-01-02 24:00:00", "2024-01-02 23:59:60", "20240102", "03/04/2024",
        "24:00:00", "03:04:05", "03:04:05.1234567+02", "1 day", "-1 02:03", "P1DT2H", "0000-01-01",
        "2024-07-01 12:00:00 America/New_York", "now then", "epoch",
    ]
    private static let others = [
        "t", "Tr", "on", "off", "YES", "o", "true", "\\x00ff", "a\\000b", "\\\\", "\\", "é 😀",
        "tab\tline\nend\r", "\\N", "\\.", "abcde ", "abcdefg", "{1,2,NULL}", "{\"a\",b c,null}",
        "[1,2]", "{\"a\": [1, \"x\"]}", "\"text\"", "null", "{", "sad", "happy",
        "123e4567-E89B-12d3-a456-426614174000", "{123e4567e89b12d3a456426614174000}",
        "10.0.0.1/8", "[1,5)", "101", "1,5",
    ]

    static let types = [
        "smallint", "integer", "bigint", "real", "double precision", "numeric", "numeric(10,2)",
        "boolean", "text", "varchar(5)", "varchar", "char(5)", "bytea", "date", "time", "timetz",
        "timestamp", "timestamptz", "timestamp(0)", "interval", "uuid", "json", "jsonb",
        "integer[]", "text[]", "jsonb[]", "timestamptz[]", "inet", "int4range", "bit(3)",
        "domain_number", "domain_time", "mood",
    ]

    private func withTables(
        _ type: String,
        _ body: (ValueWorld, SourceDatabase, PostgreSQLDatabase) async throws -> Void
    ) async throws {
        try await withValueWorld(.postgreSQL) { world in
            let prefix = world.database.prefix
            let own = ["domain_number", "domain_time", "mood"].contains(type) ? prefix : ""
            try await world.database.run(
                """
                CREATE DOMAIN \(prefix)domain_number AS integer CHECK (VALUE > 0);
                CREATE DOMAIN \(prefix)domain_time AS timestamptz;
                CREATE TYPE \(prefix)mood AS ENUM ('sad', 'happy');
                CREATE TABLE \(prefix)alone (v \(own)\(type));
                CREATE TABLE \(prefix)beside (v \(own)\(type), n numeric);
                """
            )
            let options = Self.hostile.map { "-c%20\($0.replacing("=", with: "%3D"))" }
                .joined(separator: "%20")
            let separator = world.database.address.contains("?") ? "&" : "?"
            let url = "\(world.database.address)\(separator)options=\(options)"
            let server = try #require(TestPostgreSQL.server).database(maxConnections: 1)
            try await body(world, .postgres(url), server)
            await server.close()
        }
    }

    /// What the server's own COPY makes of a text; `nil` when it refuses it.
    private func expected(
        _ text: String,
        _ world: ValueWorld,
        _ server: PostgreSQLDatabase
    ) async throws -> String? {
        let table = "\(world.database.prefix)alone"
        let line = Array("\"\(text.replacing("\"", with: "\"\""))\"\n".utf8)
        return try await server.withConnection { connection in
            _ = try await connection.begin([])
            let found: String?
            do {
                try await connection.interruptibly {
                    try connection.copyIn(
                        after: Self.settings,
                        "COPY \(table) (v) FROM STDIN (FORMAT csv)"
                    )
                    try connection.putCopy(line)
                    _ = try connection.endCopy(nil)
                }
                found = try await connection.run(["SELECT CAST(v AS text) FROM \(unsafeRaw: table)"]
                )[
                    0
                ].map { try $0.text() }.first
            } catch is PostgreSQLError {
                found = nil
            }
            try await connection.rollback()
            return found
        }
    }

    /// What a record comes to in a table.
    private func stored(
        _ record: Record,
        in table: String,
        _ world: ValueWorld,
        _ location: SourceDatabase,
        _ server: PostgreSQLDatabase
    ) async throws -> String? {
        try await world.stored(record, in: table, through: location) {
            let name = "\(world.database.prefix)\(table)"
            return try await server.withConnection { connection in
                _ = try await connection.begin([])
                try await connection.runScript(Self.settings)
                let rows = try await connection.run([
                    "SELECT CAST(v AS text) FROM \(unsafeRaw: name)"
                ])
                try await connection.rollback()
                return try rows[0].map { try $0.text() }.first
            }
        }
    }

    @Test(
        "A text becomes what the server's own COPY makes of it, with any other column",
        arguments: types
    )
    func texts(_ type: String) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        let all = Self.numbers + Self.times + Self.others
        try await withTables(type) { world, location, server in
            for text in all.shuffled(using: &generator).prefix(30) {
                let right = try await expected(text, world, server)
                let why: Comment = "\(text.debugDescription) as \(type), seed \(seed)"
                let alone = try ValueWorld.record(texts: [("v", text)])
                #expect(try await stored(alone, in: "alone", world, location, server) == right, why)
                let beside = try ValueWorld.record(texts: [("v", text), ("n", "1")])
                #expect(
                    try await stored(beside, in: "beside", world, location, server) == right,
                    why
                )
            }
        }
    }

    /// Numbers of JSON that no double holds.
    private static let long = [
        "9007199254740993", "9007199254740993.0", "18446744073709551615",
        "12345678901234567890.123456789",
    ]

    @Test(
        "A JSON value becomes what its digits and words are to the server, or is refused unrounded",
        arguments: [
            "integer", "bigint", "double precision", "real", "numeric", "boolean", "text",
            "varchar(5)", "json", "jsonb", "char(5)",
        ]
    )
    func json(_ type: String) async throws {
        try await withTables(type) { world, location, server in
            let isFloating = type == "real" || type == "double precision"
            let others = [
                "1", "0", "-0", "1.0", "1.50", "1e3", "0.30000000000000004",
                "0.10000000000000000555", "1e400", "1e-400", "1e39", "true", "false", "[1, 2]",
                "{\"a\": \"b\"}",
            ]
            for token in others + Self.long {
                let isRounded = isFloating && Self.long.contains(token)
                let right = try await isRounded ? nil : expected(token, world, server)
                let alone = try ValueWorld.record(json: "{\"v\": \(token)}")
                #expect(
                    try await stored(alone, in: "alone", world, location, server) == right,
                    "\(token) as \(type)"
                )
                let beside = try ValueWorld.record(json: "{\"v\": \(token), \"n\": 1}")
                #expect(
                    try await stored(beside, in: "beside", world, location, server) == right,
                    "\(token) as \(type) beside a number"
                )
            }
        }
    }

    @Test(
        "A number that a column would round is refused by name, through a domain as well",
        arguments: [
            ("double precision", "9007199254740993"), ("double precision", "18446744073709551615"),
            ("double precision", "0.123456789012345678901234567890"), ("real", "16777217"),
            ("real", "18446744073709551615"), ("domain_double", "9007199254740993"),
        ]
    )
    func rounding(_ type: String, _ json: String) async throws {
        try await withValueWorld(.postgreSQL) { world in
            let prefix = world.database.prefix
            let own = type.hasPrefix("domain") ? prefix : ""
            try await world.database.run(
                """
                CREATE DOMAIN \(prefix)domain_double AS double precision;
                CREATE TABLE \(prefix)value (v \(own)\(type));
                """
            )
            let server = try #require(TestPostgreSQL.server).database(maxConnections: 1)
            let record = try ValueWorld.record(json: "{\"v\": \(json)}")
            let location = SourceDatabase.postgres(world.database.address)
            #expect(try await stored(record, in: "value", world, location, server) == nil)
            await server.close()
        }
    }

    @Test(
        "A JSON array becomes an array",
        arguments: [
            ("integer[]", "[1, null, -3]", "{1,NULL,-3}"), ("integer[]", "[]", "{}"),
            ("integer[]", "[[1,2],[3,null]]", "{{1,2},{3,NULL}}"), ("integer[]", "{}", nil),
            ("integer[]", "[1, \"x\"]", nil), ("integer[]", "{\"a\":1}", nil),
            (
                "text[]", "[\"a\", \"b\\\"c\", \"\", null, \"NULL\", \"x,y\", \"\\\\\\u00e9\\n\"]",
                "{a,\"b\\\"c\",\"\",NULL,\"NULL\",\"x,y\",\"\\\\é\n\"}"
            ),
            ("text[]", "[1.50, true, {\"a\": \"}\"}]", "{1.50,true,\"{\\\"a\\\": \\\"}\\\"}\"}"),
            ("jsonb[]", "[\"a\", 1, {\"b\": [2]}]", "{\"\\\"a\\\"\",1,\"{\\\"b\\\": [2]}\"}"),
            ("numeric[]", "[18446744073709551615, 0.10]", "{18446744073709551615,0.10}"),
            ("double precision[]", "[0.10, -2, 1e3, null]", "{0.1,-2,1000,NULL}"),
            ("double precision[]", "[9007199254740992]", "{9.007199254740992e+15}"),
            ("double precision[]", "[1, 9007199254740993]", nil),
            ("double precision[]", "[[1],[18446744073709551615]]", nil),
            ("double precision[]", "[0.123456789012345678901234567890]", nil),
            ("double precision[]", "[true]", nil), ("double precision[]", "[1e400]", nil),
            ("real[]", "[16777216, 0.1]", "{1.6777216e+07,0.1}"), ("real[]", "[16777217]", nil),
        ] as [(String, String, String?)]
    )
    func arrays(_ type: String, _ json: String, _ right: String?) async throws {
        try await withTables(type) { world, location, server in
            let record = try ValueWorld.record(json: "{\"v\": \(json)}")
            #expect(try await stored(record, in: "alone", world, location, server) == right)
        }
    }

    @Test(
        "What a schema made an instant is that instant in every column",
        arguments: ["alone", "beside"]
    )
    func instants(_ table: String) async throws {
        try await withTables("timestamp") { world, location, server in
            let fields = try RecordFields(table == "alone" ? ["v"] : ["v", "n"])
            var builder = RecordBlockBuilder(fields)
            builder.add(
                1,
                inputs: [.timestamp(1_704_164_645_123_456), .value(.integer(1))].prefix(
                    fields.count
                )
            )
            let record = Record(builder.build(), row: 0)
            let found = try await stored(record, in: table, world, location, server)
            #expect(found == "2024-01-02 03:04:05.123456")
        }
    }
}
