import FoundationEssentials
import Tranche

/// Who works on an inventory that is to be migrated.
extension SQLMigrator {
    /// How long after it was last seen a process still counts as at work, in milliseconds: three
    /// times the pause between two records.
    private static var seenMilliseconds: Int { 180_000 }

    package func workers() async throws -> [WorkerStatus] {
        try await wrapping {
            let recorded = try await recordedWorkers()
            let holders = try await holders()
            let names = Set(recorded.workers.map(\.name))
            let unknown = holders.subtracting(names).sorted().map { WorkerStatus(name: $0) }
            let seen = recorded.workers.filter { worker in
                let age = worker.seenAt.map { recorded.now.milliseconds - $0.milliseconds } ?? 0
                return age < Self.seenMilliseconds || holders.contains(worker.name)
            }
            return seen + unknown
        }
    }

    private func recordedWorkers() async throws -> (workers: [WorkerStatus], now: Date) {
        guard try await database.table(tables.worker) != nil else { return ([], .distantPast) }
        let dialect = database.dialect
        let rows = try await database.read(
            """
            SELECT name, program, knows, \(dialect.milliseconds("seen_at")),
                \(dialect.milliseconds(dialect.clock))
            FROM \(tables.worker)
            ORDER BY name
            """
        )
        var now = Date.distantPast
        let workers = try rows[0].map { row in
            let name = try row.text()
            let program = try row.text()
            let knows = Int(try row.integer())
            let seenAt = try row.instant()
            now = try row.instant()
            return WorkerStatus(name: name, program: program, knows: knows, seenAt: seenAt)
        }
        return (workers, now)
    }

    /// The names under which batches are held, without the numbers of workers.
    private func holders() async throws -> Set<String> {
        let columns = try await database.table(tables.batch)?.columns.map(\.name) ?? []
        guard columns.contains("lease_expires_at"), columns.contains("worker") else { return [] }
        let rows = try await database.read(
            """
            SELECT DISTINCT worker
            FROM \(tables.batch)
            WHERE status = 'running' AND lease_expires_at > \(database.dialect.clock)
                AND worker IS NOT NULL
            ORDER BY worker
            """
        )
        return Set(try rows[0].map { try $0.text().withoutWorkerNumber })
    }
}

extension String {
    /// The name of a process, of that of one of its workers: `etl-1:4711` of `etl-1:4711/2`.
    fileprivate var withoutWorkerNumber: String {
        guard let slash = lastIndex(of: "/") else { return self }
        let number = self[index(after: slash)...]
        return !number.isEmpty && number.allSatisfy(\.isNumber) ? String(self[..<slash]) : self
    }
}
