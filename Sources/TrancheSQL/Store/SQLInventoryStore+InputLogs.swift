package import Tranche

/// The events that inputs give.
extension SQLInventoryStore {
    package func beginLog(_ log: String) async throws -> InputLogRecord {
        if let known = try await inputLog(log) { return known }
        return try await wrapping {
            let rows = try await database.write([
                """
                INSERT INTO \(tables.inputLog) (name, created_at) VALUES (\(log), \(now))
                ON CONFLICT DO NOTHING
                """,
                selectLogs("WHERE l.name = \(log)"),
            ])
            guard let record = try rows[1].map({ try inputLog(&$0) }).first else {
                throw InputLogSource.noLog(log, in: name)
            }
            return record
        }
    }

    package func inputLog(_ log: String) async throws -> InputLogRecord? {
        try await wrapping {
            try await database.read(selectLogs("WHERE l.name = \(log)"))[0]
                .map { try inputLog(&$0) }.first
        }
    }

    package func inputLogs() async throws -> [InputLogRecord] {
        try await wrapping {
            try await database.read(selectLogs("ORDER BY l.name"))[0].map { try inputLog(&$0) }
        }
    }

    private func selectLogs(_ rest: SQLStatement) -> SQLStatement {
        """
        SELECT l.name, l.floor,
            coalesce((SELECT max(e.number) FROM \(tables.event) AS e WHERE e.log_id = l.id), 0),
            \(dialect.milliseconds("l.created_at"))
        FROM \(tables.inputLog) AS l
        \(rest)
        """
    }

    private func inputLog(_ row: inout SQLRow) throws -> InputLogRecord {
        InputLogRecord(
            name: try row.text(),
            floor: try row.integer(),
            last: try row.integer(),
            createdAt: try row.instant()
        )
    }

    private func id(of log: String) -> SQLStatement {
        "(SELECT id FROM \(tables.inputLog) WHERE name = \(log))"
    }

    // MARK: Keeping

    package func append(
        _ events: [LoggedEvent],
        to log: String
    ) async throws -> [AppendedEvent] {
        for event in events { try event.validate() }
        guard !events.isEmpty else { return [] }
        if let added = try await appendAtOnce(events, to: log) { return added }
        return try await wrapping {
            // The log's row is locked by a statement before those that read the last number.
            let rows = try await database.withTransaction([lock(log)]) { connection, locked in
                // Where it was made since, nothing is written without its lock.
                guard !locked[0].isEmpty else { throw InputLogSource.noLog(log, in: name) }
                return try await connection.commit(events.map { insert($0, into: log) })
            }
            let added = try rows.map { try $0.map { try $0.integer() }.first }
            var known = try await find(
                zip(events, added).filter { $0.1 == nil }.map(\.0),
                in: log
            )[...]
            return try added.map { number in
                if let number { return .added(number) }
                guard let found = known.popFirst() else {
                    throw TrancheError(.storeFailed, "the log '\(log)' lost an event")
                }
                return found
            }
        }
    }

    private func lock(_ log: String) -> SQLStatement {
        "SELECT id FROM \(tables.inputLog) WHERE name = \(log) \(dialect.lockingRow)"
    }

    /// Keeps events that are all new in one statement; `nil`, with nothing changed, where one is
    /// known, or where a statement for each is as good.
    ///
    /// Whether they are is told by the index as they are written: a look before would be planned
    /// for the table as it was once, and read it whole later.
    private func appendAtOnce(
        _ events: [LoggedEvent],
        to log: String
    ) async throws -> [AppendedEvent]? {
        guard events.count > 1, Set(events.map(\.identity)).count == events.count,
            let insert = insertAll(events, into: log)
        else { return nil }
        return try await wrapping {
            try await database.withTransaction([lock(log)]) { connection, locked in
                guard !locked[0].isEmpty else { throw InputLogSource.noLog(log, in: name) }
                let numbers = try await connection.run([insert])[0].map { try $0.integer() }
                // Left open, it is rolled back: else the numbers of those that are known would be
                // missing.
                guard numbers.count == events.count else { return nil }
                _ = try await connection.commit([])
                return numbers.sorted().map { .added($0) }
            }
        }
    }

    private func insertAll(_ events: [LoggedEvent], into log: String) -> SQLStatement? {
        let given = dialect.table(ofColumns: [
            ("identity", "text", events.map { .text($0.identity) }),
            ("content", "text", events.map { .text($0.content) }),
            ("event_key", "text", events.map { event in event.key.map { .text($0) } ?? .null }),
            ("weight", "double precision", events.map { .real($0.weight) }),
            ("is_lasting", "integer", events.map { .integer($0.isLasting ? 1 : 0) }),
        ])
        return given.map { given in
            """
            INSERT INTO \(tables.event)
                (log_id, number, identity, content, event_key, weight, logged_at, is_lasting)
            SELECT \(id(of: log)),
                coalesce(
                    (
                        SELECT e.number FROM \(tables.event) AS e
                        WHERE e.log_id = \(id(of: log))
                        ORDER BY e.number DESC
                        LIMIT 1
                    ),
                    0
                ) + given.place,
                given.identity, given.content, given.event_key, given.weight, \(now),
                given.is_lasting
            FROM \(given)
            ON CONFLICT (log_id, identity) DO NOTHING
            RETURNING number
            """
        }
    }

    private func insert(_ event: LoggedEvent, into log: String) -> SQLStatement {
        """
        INSERT INTO \(tables.event)
            (log_id, number, identity, content, event_key, weight, logged_at, is_lasting)
        SELECT l.id,
            coalesce(
                (
                    SELECT e.number FROM \(tables.event) AS e
                    WHERE e.log_id = l.id
                    ORDER BY e.number DESC
                    LIMIT 1
                ),
                0
            ) + 1,
            \(event.identity), \(event.content), \(event.key), \(event.weight), \(now),
            \(event.isLasting ? 1 : 0)
        FROM \(tables.inputLog) AS l
        WHERE l.name = \(log)
        ON CONFLICT (log_id, identity) DO NOTHING
        RETURNING number
        """
    }

    /// What the log has under the identities of events that were not added.
    private func find(_ events: [LoggedEvent], in log: String) async throws -> [AppendedEvent] {
        guard !events.isEmpty else { return [] }
        return try await database.withReader { connection in
            try await connection.atomically(
                events.map { event in
                    """
                    SELECT number, CASE
                        WHEN content = \(event.content) THEN 1
                        -- What stays of one that is cleaned is its digest, where it had one.
                        WHEN content = '' AND (event_key IS NULL OR event_key = \(event.key)) THEN 1
                        ELSE 0
                    END
                    FROM \(tables.event)
                    WHERE log_id = \(id(of: log)) AND identity = \(event.identity)
                    """
                },
                isWriting: false
            )
        }.map { rows in
            // One that was cleaned at this moment was there.
            guard var row = rows.first else { return .known(0) }
            let number = try row.integer()
            return try row.boolean() ? .known(number) : .differs(number)
        }
    }

    // MARK: Reading

    package func events(
        of log: String,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [EventRecord] {
        try await wrapping {
            try await database.read(
                """
                SELECT number, identity, content, event_key, weight, is_lasting,
                    \(dialect.milliseconds("logged_at"))
                FROM \(tables.event)
                WHERE log_id = \(id(of: log))
                    AND number >= \(range.lowerBound) AND number <= \(range.upperBound)
                    AND content <> ''
                ORDER BY number
                LIMIT \(limit)
                """
            )[0].map { row in
                let number = try row.integer()
                let event = LoggedEvent(
                    identity: try row.text(),
                    content: try row.text(),
                    key: row.optionalText(),
                    weight: try row.optionalDouble() ?? 0,
                    isLasting: try row.boolean()
                )
                return EventRecord(number: number, event: event, loggedAt: try row.instant())
            }
        }
    }

    package func lastEvent(of log: String, keptFor milliseconds: Int64) async throws -> Int64? {
        try await wrapping {
            try await database.read(
                """
                SELECT number
                FROM \(tables.event)
                WHERE log_id = \(id(of: log))
                    AND logged_at <= \(dialect.instant(now, plus: "\(-milliseconds)"))
                ORDER BY number DESC
                LIMIT 1
                """
            )[0].map { try $0.integer() }.first
        }
    }

    package func lastEvents(
        likeThoseIn range: ClosedRange<Int64>,
        of log: String
    ) async throws -> [Int64: Int64] {
        try await wrapping {
            let rows = try await database.read(
                """
                SELECT e.number, (
                    SELECT max(l.number)
                    FROM \(tables.event) AS l
                    WHERE l.log_id = e.log_id AND l.event_key = e.event_key
                )
                FROM \(tables.event) AS e
                WHERE e.log_id = \(id(of: log)) AND e.event_key IS NOT NULL
                    AND e.number >= \(range.lowerBound) AND e.number <= \(range.upperBound)
                """
            )[0]
            var last: [Int64: Int64] = [:]
            for var row in rows.map({ $0 }) { last[try row.integer()] = try row.integer() }
            return last
        }
    }

    // MARK: Cleaning

    package func needs(
        ofSource metaTable: String,
        above floor: Int64
    ) async throws -> [InputLogNeed] {
        let runs = try await runs(RunSelection(metaTable: metaTable))
        guard !runs.isEmpty else { return [] }
        return try await wrapping {
            // What is held or due, what is stuck, what has failed, and what may come late, each by
            // its index, and all at one moment.
            let statements = runs.map { run -> SQLStatement in
                let due = lowestID(of: run.key, "coalesce(lease_expires_at, retry_at) IS NOT NULL")
                let stuck = lowestID(of: run.key, "stuck_until IS NOT NULL")
                let failed = lowestID(
                    of: run.key,
                    "status IN ('failed', 'quarantined') AND batch_id_end > \(floor)"
                )
                // What an open writer may still commit, and what nobody has looked for since.
                let late: SQLStatement = """
                    SELECT min(id_start) FROM \(tables.gap)
                    WHERE run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(run.key)))
                        AND (holders IS NOT NULL OR id_end > \(floor) AND next_look <= \(now))
                    """
                return "SELECT (\(due)), (\(stuck)), (\(failed)), (\(late))"
            }
            let rows = try await database.withReader {
                try await $0.atomically(statements, isWriting: false)
            }
            return try zip(runs, rows).compactMap { run, rows in
                guard var row = rows.first else { return nil }
                let lowest = try (0..<4).map { _ in try row.optionalInteger() }
                return InputLogNeed(of: run, lowestOpen: lowest.compactMap { $0 }.min())
            }
        }
    }

    private func lowestID(of key: RunKey, _ condition: SQLStatement) -> SQLStatement {
        """
        SELECT min(batch_id_start) FROM \(tables.batch) WHERE \(isRun(key)) AND \(condition)
        """
    }

    package func clean(_ log: String, through floor: Int64, limit: Int) async throws -> Int {
        let isCleaned: SQLStatement = """
            log_id = \(id(of: log)) AND number IN (
                SELECT e.number
                FROM \(tables.event) AS e
                WHERE e.log_id = \(id(of: log)) AND e.number <= \(floor)
                    AND (e.is_lasting = 0 OR e.content <> '')
                    AND e.number < (
                        SELECT max(h.number) FROM \(tables.event) AS h
                        WHERE h.log_id = \(id(of: log))
                    )
                ORDER BY e.number
                LIMIT \(limit)
            )
            """
        return try await wrapping {
            // The floor is known before anything goes: what is missing is never taken for lost.
            let rows = try await database.write([
                """
                UPDATE \(tables.inputLog) SET floor = \(floor)
                WHERE name = \(log) AND floor < \(floor)
                """,
                """
                UPDATE \(tables.event) SET content = '',
                    event_key = CASE
                        WHEN event_key LIKE \(LoggedEvent.digestPrefix + "%") THEN event_key
                    END
                WHERE is_lasting = 1 AND \(isCleaned)
                RETURNING number
                """,
                """
                DELETE FROM \(tables.event)
                WHERE is_lasting = 0 AND \(isCleaned)
                RETURNING number
                """,
            ])
            return rows[1].count + rows[2].count
        }
    }

    package func lastingIdentities(
        of log: String,
        after mark: String?,
        limit: Int
    ) async throws -> [String] {
        try await wrapping {
            try await database.read(
                """
                SELECT identity
                FROM \(tables.event)
                WHERE log_id = \(id(of: log)) AND is_lasting = 1 AND identity > \(mark ?? "")
                ORDER BY identity
                LIMIT \(limit)
                """
            )[0].map { try $0.text() }
        }
    }

    package func forget(_ identities: [String], in log: String) async throws {
        guard !identities.isEmpty else { return }
        try await wrapping {
            _ = try await database.write(
                identities.flatMap { identity -> [SQLStatement] in
                    let isMeant: SQLStatement = """
                        log_id = \(id(of: log)) AND identity = \(identity) AND is_lasting = 1
                        """
                    return [
                        "DELETE FROM \(tables.event) WHERE \(isMeant) AND content = ''",
                        // Its identity may come again, and is another event then.
                        """
                        UPDATE \(tables.event)
                        SET is_lasting = 0, identity = identity || '~' || number
                        WHERE \(isMeant)
                        """,
                    ]
                }
            )
        }
    }

    package func forgetCleaned(
        in log: String,
        keptFor milliseconds: Int64,
        limit: Int
    ) async throws -> Int {
        try await wrapping {
            try await database.write([
                """
                DELETE FROM \(tables.event)
                WHERE log_id = \(id(of: log)) AND number IN (
                    SELECT oldest.number
                    FROM (
                        SELECT e.number, e.logged_at
                        FROM \(tables.event) AS e
                        WHERE e.log_id = \(id(of: log)) AND e.is_lasting = 1 AND e.content = ''
                        ORDER BY e.number
                        LIMIT \(limit)
                    ) AS oldest
                    WHERE oldest.logged_at <= \(dialect.instant(now, plus: "\(-milliseconds)"))
                )
                RETURNING number
                """
            ])[0].count
        }
    }
}
