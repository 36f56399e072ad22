import Tranche
package import TrancheSQL

extension PostgreSQLDatabase {
    package func watch(_ name: SQLTableName, uid: String) async throws -> SQLSourceWatch {
        let family = try await family(of: name, uid: uid)
        let own = family.relations.filter { $0.place == .own }.map(\.name)
        return SQLSourceWatch(
            writers: Self.writers(of: [name.quoted] + own, or: family.sequences.map(\.name)),
            risks: try await risks(of: name, uid: uid, family)
        )
    }

    /// Reads the writers of tables, and those that have drawn an id for them.
    ///
    /// A transaction that draws an id from a sequence holds a RowExclusiveLock on it to the end of
    /// the transaction, even when the drawing was rolled back to a savepoint; one that puts a row
    /// into a table holds one on that. It stands beside stronger locks of the same transaction,
    /// since each mode is kept for itself, so these need no counting: without it they belong to
    /// `CREATE INDEX`, `VACUUM` or `ALTER TABLE`, which commit no new row, and transactions that
    /// hold an AccessExclusiveLock lets nobody read. `ATTACH PARTITION` alone makes rows appear
    /// under the ShareUpdateExclusiveLock that autovacuum also takes; such rows are left to the
    /// gaps. A lock that is not granted yet is none: a transaction that waits for it has drawn no
    /// id but from a sequence on which its lock is seen.
    ///
    /// The list of locks is not one snapshot, but a lock that was held before the statement began
    /// and is held still is always in it: it moves, if at all, from the backend's own list to the
    /// shared one, which is read later. A prepared transaction keeps its name until the server
    /// starts again, and is `-1/…` from then on. Source: PostgreSQL 15, lock.c (GetLockStatusData),
    /// twophase.c.
    ///
    /// When a backend crashes, the server throws out all the others and gives their names out anew,
    /// and yet its start time stays as it was. It forgets its statistics, though, and so the time
    /// from which these count is part of the server's life; the earlier of two, since either can be
    /// reset alone.
    ///
    /// The names are looked up each time, so that a table may be made again, and partitions come
    /// and go. The way goes up from what is held, which is little, and not down from the tables,
    /// which may have thousands of partitions; `OFFSET 0` keeps it a look-up by index however many
    /// others there are.
    ///
    /// What a table inherits from is not watched, but for its sequences: who writes there a row
    /// that comes to stand here holds a lock here, and who writes elsewhere is none of ours.
    ///
    /// - Parameters:
    ///   - tables: The names of tables, which count with their heirs, and of views.
    ///   - sequences: The names of sequences.
    /// - Returns: The statement.
    private static func writers(of tables: [String], or sequences: [String]) -> SQLStatement {
        """
        WITH RECURSIVE held AS (
            SELECT l.relation, l.virtualtransaction
            FROM pg_locks AS l
            WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND l.pid IS DISTINCT FROM pg_backend_pid()
        ),
        ancestry(relation, ancestor) AS (
            SELECT relation, relation FROM held
            UNION
            SELECT a.relation, i.inhparent
            FROM ancestry AS a
            CROSS JOIN LATERAL (
                SELECT inhparent FROM pg_inherits WHERE inhrelid = a.ancestor OFFSET 0
            ) AS i
        )
        SELECT server.epoch, h.virtualtransaction, h.virtualtransaction LIKE '-1/%'
        FROM (
            SELECT concat(
                CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS bigint),
                '+',
                CAST(
                    extract(
                        epoch FROM least(
                            (SELECT stats_reset FROM pg_stat_bgwriter),
                            (SELECT stats_reset FROM pg_stat_archiver)
                        )
                    ) * 1000000 AS bigint
                )
            ) AS epoch
        ) AS server
        LEFT JOIN (
            SELECT DISTINCT virtualtransaction
            FROM held
            WHERE relation = ANY (
                ARRAY(
                    SELECT relation
                    FROM ancestry
                    WHERE ancestor = ANY (
                            ARRAY(
                                SELECT CAST(to_regclass(name) AS oid)
                                FROM unnest(CAST(\(array(tables)) AS text[])) AS name
                            )
                        )
                        OR relation = ancestor AND relation = ANY (
                            ARRAY(
                                SELECT CAST(to_regclass(name) AS oid)
                                FROM unnest(CAST(\(array(sequences)) AS text[])) AS name
                            )
                        )
                )
            )
        ) AS h ON true
        """
    }
}
