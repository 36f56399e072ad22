package import Tranche
package import TrancheSQL

/// Loads records with one statement, bound and stepped for each.
extension SQLiteConnection {
    package func beginLoad(_ load: SQLLoad) async throws {
        let values = (1...max(1, load.columns.count)).map { "?\($0)" }.joined(separator: ", ")
        self.load = (
            load,
            "INSERT INTO \(load.table.quoted) (\(load.columnList)) VALUES (\(values))"
                + load.onConflict
        )
        loaded = 0
        // Rows that were written are not read again: a large cache would keep them for nothing.
        try handle.run(script: "PRAGMA cache_size = -1024;")
    }

    package func load(_ records: [Record]) async throws {
        guard let (load, text) = load else { return }
        try load.requireKeys(of: records)
        try await loadInterruptibly(records, text, width: load.columns.count)
        loaded += records.count
    }

    package func endLoad() async throws -> Int {
        load = nil
        try handle.run(script: Self.cacheSize)
        return loaded
    }
}
