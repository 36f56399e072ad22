import Tranche
import TranchePostgreSQL
import TrancheSQL

extension PostgreSQLOutbox {
    /// An inventory whose links read the log.
    struct Reader: Sendable, Hashable {
        /// The key of the reader.
        var key: String
        /// The name of the reader, for people; without credentials.
        var name: String
        /// The key that an earlier version gave the reader, which told two spellings of one
        /// inventory apart.
        var formerKey: String

        /// The reader that an inventory is.
        ///
        /// - Throws: `TrancheError` of the store.
        init(_ store: any InventoryStore) async throws {
            key = Self.key(try await store.placeIdentity())
            formerKey = Self.key(try await store.identity())
            name = store.name
        }

        private static func key(_ identity: String) -> String {
            String(FNVHash(of: identity).value, radix: 16)
        }
    }

    /// Notes that an inventory reads the log: from now on nothing goes that it is not done with.
    ///
    /// One that is new is done with what was cleaned before. The log's row is locked: who cleans
    /// finds a reader that came first.
    ///
    /// - Throws: `TrancheError` `.invalidSource` where nothing records yet.
    func register(_ reader: Reader) async throws {
        try await requireInstalled()
        try await explained("noting who reads") {
            _ = try await database.write([
                lockLog,
                """
                INSERT INTO tranche.reader (log, key, name, done)
                SELECT l.name, \(reader.key), \(reader.name), l.floor
                FROM tranche.log AS l
                WHERE l.name = \(name)
                ON CONFLICT (log, key) DO UPDATE
                SET name = excluded.name, seen_at = clock_timestamp()
                """,
                """
                DELETE FROM tranche.reader
                WHERE log = \(name) AND key = \(reader.formerKey) AND key <> \(reader.key)
                """,
            ])
        }
    }

    /// Notes the id up to which an inventory needs nothing any more.
    func note(_ done: Int64, by reader: Reader) async throws {
        try await explained("noting what is needed") {
            _ = try await database.write([
                """
                INSERT INTO tranche.reader (log, key, name, done)
                VALUES (\(name), \(reader.key), \(reader.name), \(done))
                ON CONFLICT (log, key) DO UPDATE
                SET done = excluded.done, seen_at = clock_timestamp()
                """
            ])
        }
    }

    /// Forgets an inventory that no longer reads the log; entries that it has not read may then go.
    ///
    /// - Parameter reader: Its key or name, as ``status()`` shows them.
    /// - Throws: `TrancheError` `.invalidArgument` where none or several are known by it.
    public func forget(reader: String) async throws {
        try await requireInstalled()
        let known = try await explained("looking for who reads") { try await readers() }
        let meant = known.filter { $0.key == reader || $0.name == reader }
        guard let one = meant.first, meant.count == 1 else {
            let words = known.map { "\($0.key) (\($0.name))" }.joined(separator: ", ")
            throw TrancheError(
                .invalidArgument,
                "\(meant.isEmpty ? "no inventory" : "more than one inventory") known as "
                    + "'\(reader)' reads '\(name)'; \(known.isEmpty ? "none does" : "there is \(words)")"
            )
        }
        try await explained("forgetting who reads") {
            _ = try await database.write([
                "DELETE FROM tranche.reader WHERE log = \(name) AND key = \(one.key)"
            ])
        }
    }

    /// The readers of the log, by key.
    func readers() async throws -> [OutboxStatus.Reader] {
        let rows = try await database.read(
            """
            SELECT r.key, r.name, r.done, CAST(extract(epoch FROM r.seen_at) * 1000 AS bigint)
            FROM tranche.reader AS r
            WHERE r.log = \(name)
            ORDER BY r.key
            """
        )
        return try rows[0].map { row in
            OutboxStatus.Reader(
                key: try row.text(),
                name: try row.text(),
                done: try row.integer(),
                seenAt: try row.instant()
            )
        }
    }

    /// Locks the log's row, so that the next statement sees all readers that came before.
    var lockLog: SQLStatement { "SELECT name FROM tranche.log WHERE name = \(name) FOR UPDATE" }
}
