import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

@testable import TrancheChains

/// Values that are sent into tables, one by one.
struct ValueWorld {
    let database: TestDatabase
    let store: any InventoryStore

    /// A record of fields that hold JSON values, as a line of JSON Lines would give it.
    static func record(json: String) throws -> Record {
        var parser = JSONParser()
        let (blocks, _) = try parser.parse(Array(json.utf8), at: 1, isLast: true) { fault in
            throw TrancheError(.invalidItem, fault.description)
        }
        let block = try #require(blocks.first)
        return Record(block, row: 0)
    }

    /// A record of texts, as a line of CSV would give it.
    static func record(texts: [(String, String)]) throws -> Record {
        let fields = try RecordFields(texts.map(\.0))
        return try Record(id: 1, fields: fields, values: texts.map { .text($0.1) })
    }

    /// Writes a record into an empty table, and reads the column `v` back.
    ///
    /// - Returns: What `read` gives; `nil` when the record was refused.
    func stored(
        _ record: Record,
        in table: String,
        through location: SourceDatabase? = nil,
        _ read: () async throws -> String?
    ) async throws -> String? {
        let sink = SQLTableSink(database.prefix + table, in: location ?? ownLocation)
        try await sink.prepare(for: record.fields, beside: store)
        do {
            try await sink.withWriter(for: batch) { writer in
                try await writer.write([record])
                _ = try await writer.finish()
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // Refused in one way or another; the table shows that it is.
        }
        await sink.close()
        let found = try await read()
        try await database.run("DELETE FROM \(database.prefix)\(table)")
        return found
    }

    private var ownLocation: SourceDatabase {
        database.backend == .sqlite ? .sqlite(database.address) : .postgres(database.address)
    }

    private var batch: BatchRecord {
        BatchRecord(
            id: 1,
            key: RunKey(metaTable: "values", job: "values"),
            kind: .incremental,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: 1,
            idEnd: 1,
            coverStart: nil,
            itemIDs: nil,
            count: 1,
            weight: 1,
            startedAt: Date(timeIntervalSince1970: 0)
        )
    }
}

/// Runs `body` with a database for values.
func withValueWorld(
    _ backend: TestDatabase.Backend,
    _ body: (ValueWorld) async throws -> Void
) async throws {
    try await withTestDatabase(backend, isMigrated: true) { database in
        let inventory = try await database.open()
        try await body(ValueWorld(database: database, store: inventory.store))
        await inventory.close()
    }
}
