import Foundation
package import Tranche
package import TrancheSQL

/// Loads records with COPY: straight into the table, or aside and from there, where rows may be there already.
extension PostgreSQLConnection {
    /// A loading that is under way.
    struct Load {
        let load: SQLLoad
        var encoder: PostgreSQLCopyEncoder
        var rows = 0

        /// Where the records are kept until all have come.
        var staging: String { "tranche_load" }
        var isStaged: Bool { !load.key.isEmpty }

        /// What begins to copy.
        var copy: String {
            let target = isStaged ? staging : load.table.quoted
            return "COPY \(target) (\(load.columnList)) FROM STDIN\(encoder.options)"
        }
    }

    package func beginLoad(_ load: SQLLoad) async throws {
        let begun = Load(load: load, encoder: PostgreSQLCopyEncoder(load))
        // Who feeds the loading may be slow; its lease says how long it may take.
        var script = "SET LOCAL idle_in_transaction_session_timeout = 0;" + Self.meanings
        if begun.isStaged {
            script += """
                DROP TABLE IF EXISTS pg_temp.\(begun.staging);
                CREATE TEMPORARY TABLE \(begun.staging) ON COMMIT DROP AS
                SELECT \(load.columnList) FROM \(load.table.quoted) WITH NO DATA;
                ALTER TABLE \(begun.staging) ADD COLUMN tranche_order bigserial;
                """
        }
        try await startCopy(begun, after: script)
    }

    /// What decides on the meaning of texts and is the session's: the same for every role and database, until
    /// the transaction ends.
    private static let meanings = """
        SET LOCAL TimeZone = 'UTC';
        -- A date that does not begin with its year is refused rather than guessed at.
        SET LOCAL DateStyle = 'ISO, YMD';
        SET LOCAL IntervalStyle = 'postgres';
        SET LOCAL bytea_output = 'hex';
        SET LOCAL extra_float_digits = 1;
        SET LOCAL array_nulls = on;
        SET LOCAL xmloption = 'content';
        """

    private func startCopy(_ load: Load, after script: String) async throws {
        try await interruptibly {
            try copyIn(after: script, load.copy)
            try putCopy(load.encoder.head)
        }
        loading = load
    }

    private func finishCopy(_ load: Load) async throws {
        try await interruptibly {
            try putCopy(load.encoder.tail)
            try endCopy(nil)
        }
        loading = nil
    }

    /// Encodes records; where they have to be text, the rest of the loading is.
    private func encode(_ records: [Record], for load: Load) async throws -> [UInt8] {
        if let bytes = try load.encoder.encode(records) { return bytes }
        var load = load
        try await finishCopy(load)
        load.encoder.turnToText()
        try await startCopy(load, after: "")
        return try load.encoder.encode(records) ?? []
    }

    package func load(_ records: [Record]) async throws {
        guard let load = loading else { return }
        try load.load.requireKeys(of: records)
        let bytes = try await encode(records, for: load)
        try await interruptibly { try putCopy(bytes) }
        loading?.rows += records.count
    }

    package func endLoad() async throws -> Int {
        guard let load = loading else { return 0 }
        try await finishCopy(load)
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
