import FoundationEssentials
import Tranche

/// New batches, whoever decides on them.
extension SQLInventoryStore {
    /// The statement that inserts new batches out of a table `given`, without what it gives.
    ///
    /// The table's columns are `given_kind`, `given_worker`, `given_start`, `given_end`,
    /// `given_cover`, `given_ids`, `given_count`, `given_weight` and `given_token`; and `given_key`
    /// where the source has a key column, `given_from` and `given_to` where it has a time column.
    ///
    /// - Parameters:
    ///   - request: What was asked for.
    ///   - startedAt: The present as an instant.
    ///   - leaseEnd: When the leases end, as an instant.
    ///   - completion: 0 where completions are to be numbered, else NULL.
    ///   - identifier: The identifier of the job; as the request says by default.
    ///   - config: The configuration as JSON; as the request says by default.
    /// - Returns: The statement, to stand behind the table, and before a condition and `RETURNING`.
    func insertGiven(
        _ request: AcquireRequest,
        startedAt: SQLStatement,
        leaseEnd: SQLStatement,
        completion: SQLStatement,
        identifier: SQLStatement? = nil,
        config: SQLStatement? = nil
    ) -> SQLStatement {
        var (columns, values): (SQLStatement, SQLStatement) = ("", "")
        if request.definition.key != nil {
            columns.append(", item_key, has_key")
            values.append(", CAST(given_key AS text), 1")
        }
        if request.definition.time != nil {
            let (from, to) = (
                dialect.instant("CAST(given_from AS bigint)"),
                dialect.instant("CAST(given_to AS bigint)")
            )
            columns.append(", interval_from, interval_to")
            values.append(", \(from), \(to)")
        }
        return """
            INSERT INTO \(tables.batch) (
                meta_table, job, run, kind, status, job_identifier, worker,
                batch_id_start, batch_id_end, cover_start, item_ids, batch_count, batch_weight,
                processing_start, lease_expires_at, request, completion, config\(columns)
            )
            SELECT \(request.key.metaTable), \(request.key.job), \(request.key.run), given_kind,
                'running',
                \(identifier ?? "\(request.jobIdentifier)"), given_worker,
                given_start, given_end, CAST(given_cover AS bigint), given_ids, given_count,
                \(dialect.double("given_weight")),
                \(dialect.processingTime(startedAt)), \(leaseEnd),
                given_token, CAST(\(completion) AS bigint),
                \(config ?? dialect.json(request.config))\(values)
            FROM given
            """
    }
}
