import FoundationEssentials
package import Tranche

/// Which processes work, for whoever migrates.
extension SQLInventoryStore: WorkerRecordingStore {
    /// How long the record of a process is kept that was not seen again, in milliseconds.
    private static var keptMilliseconds: Int64 { 86_400_000 }

    package func recordWorker(_ name: String) async throws {
        guard let knows = knownMigration else { return }
        let old = dialect.instant(now, plus: "\(-Self.keptMilliseconds)")
        try await wrapping {
            _ = try await database.write([
                """
                INSERT INTO \(tables.worker) (name, program, knows, seen_at)
                VALUES (\(name), \(TrancheVersion.text), \(knows), \(now))
                ON CONFLICT (name) DO UPDATE
                SET program = excluded.program, knows = excluded.knows, seen_at = excluded.seen_at
                """,
                "DELETE FROM \(tables.worker) WHERE seen_at < \(old)",
            ])
        }
    }

    package func removeWorker(_ name: String) async throws {
        guard knownMigration != nil else { return }
        try await wrapping {
            _ = try await database.write(["DELETE FROM \(tables.worker) WHERE name = \(name)"])
        }
    }

    package func recordedWorkers() async throws -> [WorkerStatus] {
        guard knownMigration != nil else { return [] }
        return try await wrapping { try await database.workers(recordedIn: tables.worker).workers }
    }
}

extension SQLDatabase {
    /// Reads which processes were recorded, by name, and the database's time.
    func workers(
        recordedIn table: SQLTableName
    ) async throws -> (workers: [WorkerStatus], now: Date) {
        let rows = try await read(
            """
            SELECT name, program, knows, \(dialect.milliseconds("seen_at"))
            FROM \(table)
            ORDER BY name
            """,
            "SELECT \(dialect.milliseconds(dialect.clock))"
        )
        let workers = try rows[0].map { row in
            WorkerStatus(
                name: try row.text(),
                program: try row.text(),
                knows: Int(try row.integer()),
                seenAt: try row.instant()
            )
        }
        var clock = rows[1][0]
        return (workers, try clock.instant())
    }
}
