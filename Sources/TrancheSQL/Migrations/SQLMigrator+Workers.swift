import FoundationEssentials
package import Tranche

/// Who works on an inventory that is to be migrated.
extension SQLMigrator {
    package func workers() async throws -> [WorkerStatus] {
        try await wrapping {
            let recorded = try await recorded()
            let holders = try await holders()
            let names = Set(recorded.workers.map(\.name))
            let unknown = holders.subtracting(names).sorted().map { WorkerStatus(name: $0) }
            let seen = recorded.workers.filter { worker in
                worker.isSeen(at: recorded.now) || holders.contains(worker.name)
            }
            return seen + unknown
        }
    }

    private func recorded() async throws -> (workers: [WorkerStatus], now: Date) {
        guard try await database.table(tables.worker) != nil else { return ([], .distantPast) }
        return try await database.workers(recordedIn: tables.worker)
    }

    /// The names under which batches are held, without the numbers of workers.
    private func holders() async throws -> Set<String> {
        let columns = try await database.table(tables.batch)?.columns.map(\.name) ?? []
        guard columns.contains("lease_expires_at"), columns.contains("worker") else { return [] }
        // The condition of an index, which holds what is open alone.
        let isOpen: SQLStatement =
            columns.contains("retry_at")
            ? "coalesce(lease_expires_at, retry_at) IS NOT NULL AND" : ""
        let rows = try await database.read(
            """
            SELECT DISTINCT worker
            FROM \(tables.batch)
            WHERE \(isOpen) status = 'running' AND lease_expires_at > \(database.dialect.clock)
                AND worker IS NOT NULL
            ORDER BY worker
            """
        )
        return Set(try rows[0].map { try $0.text().withoutWorkerNumber })
    }
}
