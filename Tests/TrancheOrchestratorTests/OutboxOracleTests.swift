import Foundation
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@Suite(
    "A replayed outbox",
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct OutboxOracleTests {
    /// A table whose key is one column, one whose key names the partition, and one whose rows keep
    /// their key when they move.
    private static let script = """
        CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, r text, v int);
        CREATE TABLE p (id int, r text, v int, PRIMARY KEY (id, r)) PARTITION BY LIST (r);
        CREATE TABLE p_a PARTITION OF p FOR VALUES IN ('a');
        CREATE TABLE p_b (v int, r text NOT NULL, id int NOT NULL);
        ALTER TABLE p ATTACH PARTITION p_b FOR VALUES IN ('b');
        CREATE TABLE q (id int NOT NULL, r text, v int) PARTITION BY LIST (r);
        CREATE TABLE q_a PARTITION OF q FOR VALUES IN ('a');
        CREATE TABLE q_bc PARTITION OF q FOR VALUES IN ('b', 'c') PARTITION BY LIST (r);
        CREATE TABLE q_b PARTITION OF q_bc FOR VALUES IN ('b');
        CREATE TABLE q_c PARTITION OF q_bc FOR VALUES IN ('c');
        """

    @Test("It yields the tables' contents, whatever several connections have run at once")
    func replay() async throws {
        let rounds =
            ProcessInfo.processInfo.environment["TRANCHE_TEST_SEEDS"].flatMap(Int.init) ?? 2
        for _ in 0..<rounds {
            let seed = UInt64.random(in: 0 ... .max)
            try await withOutboxDatabase { own in
                try await own.run(Self.script)
                let outbox = try own.outbox(
                    "orders",
                    OutboxTable("t"),
                    OutboxTable("p"),
                    OutboxTable("q", key: ["id"]),
                    payload: .row
                )
                try await outbox.install()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<4 {
                        group.addTask { try await write(own, writer, seed) }
                    }
                    try await group.waitForAll()
                }
                for table in ["t", "p", "q"] {
                    let rows = try await own.read(
                        "SELECT id, r, v FROM \(name: table) ORDER BY id, r"
                    )
                    let replayed = try await replayed(own, table)
                    #expect(rows == replayed, "table \(table), seed \(seed)")
                }
                #expect(try await own.read("SELECT number FROM tranche.moved").isEmpty)
            }
        }
    }

    /// Runs transactions of one connection; those that meet others' in a deadlock or a key, or
    /// would truncate what a check still waits for, are rolled back.
    private func write(_ own: OutboxTestDatabase, _ writer: Int, _ seed: UInt64) async throws {
        var statements = RandomStatements(writer: writer, seed: seed &+ UInt64(writer))
        let database = try own.server.database(maxConnections: 1)
        for _ in 0..<120 {
            let script = statements.transaction()
            do {
                try await database.run(script)
            } catch let error as PostgreSQLError
                where ["40P01", "40001", "23505", "21000", "55006"].contains(error.sqlState)
            {
                continue
            } catch {
                Issue.record("\(error) in \(script.replacing("\n", with: " ")), seed \(seed)")
                break
            }
        }
        await database.close()
    }

    private func replayed(_ own: OutboxTestDatabase, _ table: String) async throws -> [String] {
        struct Row: Decodable {
            var id: Int
            var r: String
            var v: Int?
        }
        let events = try await own.database.read(
            """
            SELECT operation, key, payload FROM tranche.log_orders
            WHERE location = \("public." + table) ORDER BY id
            """
        )[0]
        var rows: [String: Row] = [:]
        for var event in events.map({ $0 }) {
            let operation = try event.text()
            let key = event.optionalText()
            let payload = event.optionalText()
            switch (operation, key) {
            case ("truncate", nil): rows = [:]
            case ("truncate", let part?):
                let values = Set(part.split(separator: "_").last ?? "")
                rows = rows.filter { !values.contains($0.value.r.first ?? " ") }
            case ("delete", let key?):
                #expect(rows.removeValue(forKey: key) != nil, "\(table): \(key) was not there")
            case (_, let key?):
                #expect(
                    (rows[key] == nil) == (operation == "create"),
                    "\(table): \(operation) \(key)"
                )
                rows[key] = try JSONDecoder().decode(Row.self, from: Data((payload ?? "").utf8))
            default: Issue.record("\(operation) without a key")
            }
        }
        return rows.values.sorted { ($0.id, $0.r) < ($1.id, $1.r) }
            .map { "\($0.id)|\($0.r)|\($0.v.map(String.init) ?? "-")" }
    }
}

/// Statements of one writer, by chance.
private struct RandomStatements {
    let writer: Int
    var generator: SplitMix64

    init(writer: Int, seed: UInt64) {
        self.writer = writer
        generator = SplitMix64(seed: seed)
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &generator)
    }

    private mutating func one(of words: String...) -> String {
        words.randomElement(using: &generator) ?? ""
    }

    mutating func transaction() -> String {
        var script = "SET LOCAL deadlock_timeout = '10ms';\n"
        for _ in 0..<number(1...4) {
            let statement =
                switch number(0...2) {
                case 0: plain()
                case 1: partitioned()
                default: moving()
                }
            let isUndone = number(0...9) == 0
            script += isUndone ? "SAVEPOINT s; \(statement) ROLLBACK TO s;\n" : statement + "\n"
        }
        return script
    }

    private mutating func plain() -> String {
        let (id, other, v) = (number(1...12), number(1...12), number(0...99))
        return switch number(0...9) {
        case 0:
            "INSERT INTO t SELECT i, 'a', \(v) FROM generate_series(\(id), \(id + 2)) AS i "
                + "WHERE NOT EXISTS (SELECT FROM t WHERE t.id = i);"
        case 1: "UPDATE t SET v = \(v) WHERE id BETWEEN \(id) AND \(other);"
        case 2:
            "UPDATE t SET id = \(id) WHERE id = \(other) AND NOT EXISTS (SELECT FROM t WHERE id = "
                + "\(id));"
        case 3: "UPDATE t SET id = \(id + other) - id WHERE id IN (\(id), \(other));"
        case 4: "DELETE FROM t WHERE id = \(id);"
        case 5: "COPY t FROM PROGRAM 'printf \"\(id),c,\(v)\\n\"' WITH (FORMAT csv);"
        case 6:
            "WITH d AS (DELETE FROM t WHERE id = \(id) RETURNING *) UPDATE t SET v = \(v) WHERE "
                + "id <> \(id);"
        case 7:
            "MERGE INTO t USING (VALUES (\(id)), (\(id + 1))) AS s (id) ON t.id = s.id "
                + "WHEN MATCHED AND v > 50 THEN DELETE WHEN MATCHED THEN UPDATE SET v = \(v) "
                + "WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'm', 1);"
        case 8 where number(0...3) == 0: "TRUNCATE t;"
        default: "UPDATE t SET v = v + 1;"
        }
    }

    private mutating func partitioned() -> String {
        let (id, v, r) = (number(1...12), number(0...99), one(of: "a", "b"))
        let part = one(of: "p", "p_\(r)")
        return switch number(0...9) {
        case 0...2:
            "INSERT INTO \(part) (id, r, v) VALUES (\(id), '\(r)', \(v)), (\(id + 1), '\(r)', 0) "
                + "ON CONFLICT (id, r) DO UPDATE SET v = excluded.v;"
        case 3: "UPDATE p SET r = '\(r)' WHERE id = \(id);"
        case 4: "UPDATE \(part) SET v = \(v), id = id + 1 WHERE id = \(id);"
        case 5: "DELETE FROM \(part) WHERE id BETWEEN \(id) AND \(id + 1);"
        case 6:
            "COPY \(part) (id, r, v) FROM PROGRAM 'printf \"\(id),\(r),\(v)\\n\"' WITH (FORMAT "
                + "csv);"
        case 7:
            "MERGE INTO p USING (VALUES (\(id)), (\(id + 1))) AS s (id) ON p.id = s.id AND p.r <> "
                + "'\(r)' "
                + "WHEN MATCHED THEN UPDATE SET r = '\(r)' WHEN NOT MATCHED THEN DO NOTHING;"
        case 8 where number(0...3) == 0: "TRUNCATE \(one(of: "p", "p_a", "p_b"));"
        default: "UPDATE p SET v = v + 1;"
        }
    }

    /// On rows that are this writer's own, since no index keeps their ids apart.
    private mutating func moving() -> String {
        let (id, v, r) = (number(1...6) * 4 + writer, number(0...99), one(of: "a", "b", "c"))
        let own = "q.id % 4 = \(writer)"
        return switch number(0...8) {
        case 0:
            "INSERT INTO q SELECT \(id), '\(r)', \(v) WHERE NOT EXISTS (SELECT FROM q WHERE id = "
                + "\(id));"
        case 1: "UPDATE q SET r = '\(r)', v = \(v) WHERE \(own);"
        case 2: "UPDATE q_bc AS q SET r = '\(one(of: "b", "c"))' WHERE \(own);"
        case 3: "DELETE FROM \(one(of: "q", "q_a", "q_bc", "q_c")) WHERE id = \(id);"
        case 4...6:
            "MERGE INTO q USING (VALUES (\(id)), (\(number(1...6) * 4 + writer + 100))) AS s (id) "
                + "ON q.id = s.id AND \(own) "
                + one(of: "", "WHEN MATCHED AND v > 70 THEN DELETE ")
                + "WHEN MATCHED THEN UPDATE SET r = '\(r)' "
                + one(
                    of: "",
                    "WHEN NOT MATCHED AND NOT EXISTS (SELECT FROM q WHERE q.id = s.id) "
                        + "THEN INSERT VALUES (s.id, '\(r)', \(v))"
                ) + ";"
        case 7 where number(0...3) == 0: "TRUNCATE \(one(of: "q", "q_a", "q_bc", "q_c"));"
        default: "UPDATE q SET v = v + 1 WHERE \(own);"
        }
    }
}
