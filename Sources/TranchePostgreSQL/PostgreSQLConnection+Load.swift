import FoundationEssentials
package import Tranche
package import TrancheSQL

/// Loads records with COPY: straight into the table, or aside and from there, where rows may be
/// there already, must come by `INSERT`, or one of them is looked for that the table does not take.
extension PostgreSQLConnection {
    /// A loading that is under way.
    struct Load {
        let load: SQLLoad
        var encoder: PostgreSQLCopyEncoder
        /// How many records the server took.
        var rows = 0
        /// How many rows it says it wrote.
        var written = 0
        /// The keys of these, where the loading is careful.
        let writtenKeys: WrittenKeys
        /// The records that wait for others to which they refer, where the loading is careful.
        var waiting: WaitingRecords<PostgreSQLError>
        /// What the records were refused for, where the loading is careful.
        var refusals = Refusals()

        /// Where the records are kept until all have come.
        var staging: String { "tranche_load" }
        var isStaged: Bool { Self.isStaged(load) }

        static func isStaged(_ load: SQLLoad) -> Bool {
            !load.key.isEmpty || load.needsInserts || load.isCareful
        }

        /// What begins to copy.
        var copy: String {
            let target =
                isStaged
                ? "\(staging) (tranche_order, \(load.columnList))"
                : "\(load.table.quoted) (\(load.columnList))"
            return "COPY \(target) FROM STDIN\(encoder.options)"
        }
    }

    package func beginLoad(_ load: SQLLoad) async throws {
        var begun = Load(
            load: load,
            encoder: PostgreSQLCopyEncoder(load, numbers: Load.isStaged(load)),
            writtenKeys: WrittenKeys(load),
            waiting: WaitingRecords(load)
        )
        // Who feeds the loading may be slow; its lease says how long it may take.
        var script = "SET LOCAL idle_in_transaction_session_timeout = 0;" + Self.meanings
        if begun.isStaged {
            script += """
                DROP TABLE IF EXISTS pg_temp.\(begun.staging);
                \(begun.makingStaging)
                """
        }
        guard load.isCareful else { return try await startCopy(begun, after: script) }
        // The server is to read each value itself, and to say which it cannot.
        begun.encoder.turnToText()
        try await runScript(script)
        loading = begun
    }

    /// What decides on the meaning of texts and is the session's: the same for every role and
    /// database, until the transaction ends.
    private static let meanings = """
        SET LOCAL TimeZone = 'UTC';
        -- The year comes first: 03/04/2024 is refused rather than guessed at.
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

    /// Ends the copying.
    ///
    /// - Returns: How many rows were copied, aside or into the table.
    private func finishCopy(_ load: Load) async throws -> Int {
        // Whatever comes of it, the copying is over then.
        loading = nil
        return try await interruptibly {
            try putCopy(load.encoder.tail)
            return try endCopy(nil)
        }
    }

    package func load(_ records: [Record]) async throws -> [RefusedRecord] {
        guard let load = loading else { return [] }
        var (taken, bytes, refused) = try load.encoded(records)
        if load.load.isCareful { return refused + (try await loadCarefully(taken)) }
        if bytes == nil {
            // Where records have to be text, the rest of the loading is.
            var load = load
            let copied = try await finishCopy(load)
            load.written += copied
            load.encoder.turnToText()
            try await startCopy(load, after: "")
            let again = try load.encoded(taken)
            (taken, bytes) = (again.taken, again.bytes)
            refused += again.refused
        }
        let sent = bytes ?? []
        try await interruptibly { try putCopy(sent) }
        loading?.rows += taken.count
        return refused
    }

    package func endLoad() async throws -> SQLLoad.End {
        guard let load = loading else { return SQLLoad.End(rows: 0) }
        if load.load.isCareful {
            defer { loading = nil }
            return try await endCarefully()
        }
        let copied = try await finishCopy(load)
        // What a constraint has against the rows is told now rather than at the commit.
        var script = Self.checkConstraints
        if load.isStaged { script = load.merging() + script + "DROP TABLE \(load.staging);" }
        let merged = try await runCounting(script)
        return SQLLoad.End(rows: load.isStaged ? merged : load.written + copied)
    }

    static let checkConstraints = "SET CONSTRAINTS ALL IMMEDIATE;"
}

extension PostgreSQLConnection.Load {
    /// The statement that makes the table for staged records, and for their places.
    ///
    /// No sequence counts these: to make one for each batch takes the server longer than all else
    /// here, and leaves a dozen dead rows in its catalogs.
    var makingStaging: String {
        if load.key.isEmpty, !load.needsInserts {
            // Who may insert need not be allowed to read.
            let columns = load.columns.map { "\($0.name.quotedAsName) \($0.type)" }
            return """
                CREATE TEMPORARY TABLE \(staging) (
                    tranche_order bigint, \(columns.joined(separator: ", "))
                ) ON COMMIT DROP;
                """
        }
        return """
            CREATE TEMPORARY TABLE \(staging) ON COMMIT DROP AS
            SELECT CAST(NULL AS bigint) AS tranche_order, \(load.columnList)
            FROM \(load.table.quoted) WITH NO DATA;
            """
    }

    /// The statement by which parts of the staged records are found without reading all; it may be
    /// run again.
    var indexing: String {
        "CREATE INDEX IF NOT EXISTS tranche_load_order ON pg_temp.\(staging) (tranche_order);"
    }

    /// Encodes records, but for those that no column can hold; there are no bytes where they have
    /// to be text.
    func encoded(
        _ records: [Record]
    ) throws -> (taken: [Record], bytes: [UInt8]?, refused: [RefusedRecord]) {
        var (taken, refused) = records.parted(from: load.lackingKey(of: records))
        while true {
            do {
                return (taken, try encoder.encode(taken, behind: rows), refused)
            } catch let error as RecordsRefused {
                let rest = taken.parted(from: error.failures)
                guard rest.left.count < taken.count else { throw error }
                refused += rest.refused
                taken = rest.left
            }
        }
    }

    /// The statement that takes staged records over; of several with one key the last counts.
    ///
    /// - Parameter places: Which of them, by their place from 1; all by default.
    /// - Returns: The statement.
    func merging(_ places: ClosedRange<Int>? = nil) -> String {
        let own = places.map {
            "WHERE tranche_order BETWEEN \($0.lowerBound) AND \($0.upperBound)"
        }
        let key = load.key.map(\.quotedAsName).joined(separator: ", ")
        let latest = load.key.isEmpty ? "" : "DISTINCT ON (\(key)) "
        // In the order of the keys, as all who write these rows: they do not wait for each other
        // then.
        let order = load.key.isEmpty ? "tranche_order" : "\(key), tranche_order DESC"
        return """
            -- The staged rows are read whole and in order, and each looks one row up.
            SET LOCAL enable_seqscan = on;
            -- What is given goes before what an identity would give, as with COPY.
            INSERT INTO \(load.table.quoted) (\(load.columnList)) OVERRIDING SYSTEM VALUE
            SELECT \(latest)\(load.columnList)
            FROM \(staging)
            \(own ?? "")
            ORDER BY \(order)\(load.onConflict);
            SET LOCAL enable_seqscan = off;

            """
    }
}
