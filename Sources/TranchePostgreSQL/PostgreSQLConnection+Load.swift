import Foundation
package import Tranche
package import TrancheSQL

/// Loads records with COPY: straight into the table, or aside and from there, where rows may be there already.
extension PostgreSQLConnection {
    /// A loading that is under way.
    struct Load {
        let load: SQLLoad
        let encoder: PostgreSQLCopyEncoder
        var rows = 0

        /// Where the records are kept until all have come.
        var staging: String { "tranche_load" }
        var isStaged: Bool { !load.key.isEmpty }
    }

    package func beginLoad(_ load: SQLLoad) async throws {
        let begun = Load(load: load, encoder: PostgreSQLCopyEncoder(load))
        var target = load.table.quoted
        // Who feeds the loading may be slow; its lease says how long it may take.
        var script = "SET LOCAL idle_in_transaction_session_timeout = 0;"
        if begun.isStaged {
            target = begun.staging
            script += """
                DROP TABLE IF EXISTS pg_temp.\(target);
                CREATE TEMPORARY TABLE \(target) ON COMMIT DROP AS
                SELECT \(load.columnList) FROM \(load.table.quoted) WITH NO DATA;
                ALTER TABLE \(target) ADD COLUMN tranche_order bigserial;
                """
        }
        let columns = load.columnList
        let options = begun.encoder.options
        let (setUp, copy) = (script, "COPY \(target) (\(columns)) FROM STDIN\(options)")
        try await interruptibly {
            try copyIn(after: setUp, copy)
            try putCopy(begun.encoder.head)
        }
        self.loading = begun
    }

    package func load(_ records: [Record]) async throws {
        guard let load = loading else { return }
        try load.load.requireKeys(of: records)
        let bytes = try load.encoder.encode(records)
        try await interruptibly { try putCopy(bytes) }
        loading?.rows += records.count
    }

    package func endLoad() async throws -> Int {
        guard let load = loading else { return 0 }
        try await interruptibly {
            try putCopy(load.encoder.tail)
            try endCopy(nil)
        }
        loading = nil
        if load.isStaged { try await merge(load) }
        return load.rows
    }

    /// Takes the staged records over; of several with one key the last counts.
    private func merge(_ load: Load) async throws {
        let key = load.load.key.map(\.quotedAsName).joined(separator: ", ")
        try await runScript(
            """
            -- The staged rows are read whole and in order, and each looks one row up.
            SET LOCAL enable_seqscan = on;
            INSERT INTO \(load.load.table.quoted) (\(load.load.columnList))
            SELECT DISTINCT ON (\(key)) \(load.load.columnList)
            FROM \(load.staging)
            ORDER BY \(key), tranche_order DESC\(load.load.onConflict);
            SET LOCAL enable_seqscan = off;
            DROP TABLE \(load.staging);
            """
        )
    }
}
