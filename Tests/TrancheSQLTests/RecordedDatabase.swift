import Tranche
import TrancheSQL

/// A database through two recorded connections: one that writes, and one that reads.
final class RecordedDatabase<Base: SQLDatabase>: SQLDatabase {
    typealias Connection = RecordedConnection<Base.Connection>

    let writers: SQLConnectionPool<Connection>
    let readers: SQLConnectionPool<Connection>
    private let base: Base

    /// Takes over two connections that are lent for as long as the database is used.
    init(_ base: Base, _ writer: Base.Connection, _ reader: Base.Connection, _ log: StatementLog) {
        self.base = base
        writers = Self.pool(RecordedConnection(writer, log))
        readers = Self.pool(RecordedConnection(reader, log))
    }

    private static func pool(_ connection: Connection) -> SQLConnectionPool<Connection> {
        SQLConnectionPool(limit: 1, idle: [connection], closedError: { Closed() }) {
            throw Closed()
        }
    }

    private struct Closed: Error {}

    var name: String { base.name }
    var dialect: any SQLDialect { base.dialect }

    func identity() async throws -> String { try await base.identity() }

    func table(_ name: SQLTableName) async throws -> SQLTable? { try await base.table(name) }

    func spellings(of name: SQLTableName) async throws -> [String] {
        try await base.spellings(of: name)
    }

    func changingFunctions(among calls: FilterCalls) async throws -> [String] {
        try await base.changingFunctions(among: calls)
    }

    func changingCasts(in query: SQLStatement) async throws -> [String] {
        try await base.changingCasts(in: query)
    }

    func watch(_ name: SQLTableName, uid: String) async throws -> SQLSourceWatch {
        try await base.watch(name, uid: uid)
    }

    func numbering(
        of column: SQLTable.Column,
        in name: SQLTableName,
        settledBy settled: SQLTable.Column?
    ) async throws -> UIDNumbering? {
        try await base.numbering(of: column, in: name, settledBy: settled)
    }

    func mark(of name: SQLTableName, uid: String) async throws -> String? {
        try await base.mark(of: name, uid: uid)
    }

    func writeCount() async throws -> Int64? { try await base.writeCount() }

    func compare(
        mark: String,
        with known: String,
        writtenSince count: Int64?,
        of name: SQLTableName,
        columns: (uid: String, item: String?),
        passed cursor: Int64?
    ) async throws -> SQLMarkVerdict {
        try await base.compare(
            mark: mark,
            with: known,
            writtenSince: count,
            of: name,
            columns: columns,
            passed: cursor
        )
    }

    func lockForMigration(_ name: SQLTableName) -> [SQLStatement] { base.lockForMigration(name) }

    func dependents(of name: SQLTableName) async throws -> [String] {
        try await base.dependents(of: name)
    }

    func zone(_ asked: String?) async throws -> String { try await base.zone(asked) }

    func zoneShifts(
        _ zone: String,
        tables: TableNames,
        on connection: isolated Connection
    ) async throws -> [SQLStatement] {
        try await base.zoneShifts(zone, tables: tables, on: connection.base)
    }

    func close() async {}
}
