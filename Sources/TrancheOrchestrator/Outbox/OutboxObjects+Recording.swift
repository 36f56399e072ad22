extension OutboxObjects {
    /// Writes the text of the function that records a table's changes.
    ///
    /// - Names are qualified and quoted, and what a writer's search path holds is not looked at.
    /// - An update's rows before and after are joined by key: one that is in both was updated, and
    ///   one that is in either was deleted or created. So keys may be exchanged in one statement,
    ///   and rows may move between partitions. A full join is a hash or merge join, whatever the
    ///   plan was made for that the session keeps.
    /// - A truncated part is not a truncated table: its name stands as the key. A part that is
    ///   truncated with its parent is not told beside it.
    /// - PostgreSQL 15 leaves out of the rows of a MERGE's update those that move between
    ///   partitions; they are in those of its delete and insert, if it has such. So each row that
    ///   leaves a partition or comes to one during an update is noted in `tranche.moved`, by the
    ///   depth of triggers that the statement has, and what the update's own rows do not show is
    ///   recorded from there by the statement's last trigger. These come as delete, update, insert.
    ///   Source: PostgreSQL 15, nodeModifyTable.c (ExecCrossPartitionUpdate, fireASTriggers).
    /// - Where such a MERGE has inserted a row, that one stands in place of the next that it
    ///   updates without moving it (seen on 15.18). So, of a statement that inserts too, updated
    ///   rows whose key changes are noted as well, and all where the row is wanted; what is not
    ///   noted has kept its key.
    /// - Keys are looked for by hash, also by a plan that was made for few rows and is kept: `IS
    ///   TRUE` keeps the look from becoming a join.
    /// - A setting is set by `:=` rather than PERFORM, which would run a query.
    /// - The settings stand in the text, so that a column that needs others is seen.
    static let recordSource = """
        CREATE OR REPLACE FUNCTION tranche.record_source(
            log_name text, root oid, key smallint[], is_unique boolean, number bigint
        )
        RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $record_source$
            SELECT format(
                CASE WHEN c.relkind = 'p' THEN $partitioned$\(partitionedBody)$partitioned$
                    ELSE $plain$\(plainBody)$plain$ END,
                format('tranche.%I', 'log_' || log_name),
                quote_literal(n.nspname || '.' || c.relname),
                tranche.key_of(root, key, 'n'),
                tranche.key_of(root, key, 'o'),
                CASE WHEN l.payload = 'row' THEN 'row_to_json(n.*)' ELSE 'CAST(NULL AS json)' END,
                tranche.key_of(root, key, 'NEW'),
                tranche.key_of(root, key, 'OLD'),
                CASE WHEN l.payload = 'row' THEN 'row_to_json(NEW)' ELSE 'CAST(NULL AS json)' END,
                CASE WHEN is_unique THEN '' ELSE 'DISTINCT ' END,
                number,
                quote_literal(log_name),
                tranche.settings_of(root, key, l.payload = 'row')
            )
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            JOIN tranche.log AS l ON l.name = log_name
            WHERE c.oid = root
        $record_source$
        """

    // In the bodies: 1 the log, 2 the location, 3 and 4 the keys of `n` and `o`, 5 the payload of
    // `n`, 6 and 7 the keys of NEW and OLD, 8 the payload of NEW, 9 DISTINCT, 10 the table's
    // number, 11 the log's name, 12 the settings.

    private static let plainBody = """

        -- %12$s
        DECLARE
            \(declarations)
        BEGIN
            IF TG_LEVEL = 'ROW' THEN
                \(eachRow)
            ELSIF TG_OP = 'INSERT' THEN
                \(created)
            ELSIF TG_OP = 'UPDATE' THEN
                \(updated)
            ELSIF TG_OP = 'DELETE' THEN
                \(deleted)
            ELSE
                \(truncated)
            END IF;
            RETURN NULL;
        END
        """

    private static let partitionedBody = """

        -- %12$s
        DECLARE
            \(declarations)
            -- How deep in triggers the statement itself is.
            level integer := pg_trigger_depth() - 1;
            updating text;
            inserting text;
        BEGIN
            IF TG_NARGS > 0 THEN
                updating := coalesce(current_setting('tranche.updating_%10$s', true), '');
                inserting := coalesce(current_setting('tranche.inserting_%10$s', true), '');
            END IF;
            IF TG_LEVEL = 'ROW' AND TG_NARGS > 0 THEN
                -- A row that the statement itself moves, or rewrites although it inserts too. Which
                -- of these come here says the trigger, which is made anew with this text.
                IF split_part(updating, ',', 1) <> CAST(level AS text)
                    OR TG_OP = 'INSERT' AND split_part(inserting, ',', 1) = CAST(level AS text)
                    OR TG_OP = 'UPDATE' AND split_part(inserting, ',', 1) <> CAST(level AS text)
                THEN
                    RETURN NULL;
                END IF;
                IF TG_OP <> 'INSERT' THEN
                    INSERT INTO tranche.moved
                    VALUES (%10$s, level, false, TG_OP = 'UPDATE', %7$s, NULL);
                END IF;
                IF TG_OP <> 'DELETE' THEN
                    INSERT INTO tranche.moved
                    VALUES (%10$s, level, true, TG_OP = 'UPDATE', %6$s, %8$s);
                END IF;
                noted := set_config('tranche.moved_%10$s', 'yes', true);
                RETURN NULL;
            ELSIF TG_LEVEL = 'ROW' THEN
                \(eachRow)
                RETURN NULL;
            ELSIF TG_OP = 'TRUNCATE' THEN
                \(truncated)
                RETURN NULL;
            END IF;
            IF TG_OP = 'DELETE' THEN
                -- Of a statement that updates too, the update records it.
                IF TG_NARGS = 0 OR split_part(updating, ',', 1) <> CAST(level AS text) THEN
                    \(deleted)
                END IF;
            ELSIF TG_OP = 'UPDATE' THEN
                IF TG_NARGS > 0 THEN
                    noted := set_config(
                        'tranche.updating_%10$s', substr(updating, strpos(updating, ',') + 1), true
                    );
                END IF;
                IF TG_NARGS > 0 AND split_part(inserting, ',', 1) = CAST(level AS text)
                    AND NOT EXISTS (
                        SELECT FROM tranche.moved AS m
                        WHERE m.number = %10$s AND m.depth = level AND NOT m.is_new AND NOT m.stays
                            AND (m.key IN (SELECT %4$s FROM old_rows AS o)) IS TRUE
                    )
                THEN
                    -- An upsert or a MERGE, whose rows after the change are not to be trusted.
                    INSERT INTO %1$s \(columns)
                    SELECT %2$s, 'update', v.key, CAST(NULL AS json)
                    FROM (
                        SELECT %4$s AS key FROM old_rows AS o
                        EXCEPT
                        SELECT m.key FROM tranche.moved AS m
                        WHERE m.number = %10$s AND m.depth = level AND NOT m.is_new
                    ) AS v;
                ELSE
                    \(updated)
                    IF TG_NARGS > 0 AND current_setting('tranche.moved_%10$s', true) <> '' THEN
                        DELETE FROM tranche.moved AS m
                        WHERE m.number = %10$s AND m.depth = level AND (
                            m.stays OR m.is_new AND m.key IN (SELECT %3$s FROM new_rows AS n)
                            OR NOT m.is_new AND m.key IN (SELECT %4$s FROM old_rows AS o)
                        );
                        IF split_part(inserting, ',', 1) <> CAST(level AS text) THEN
                            WITH moved AS (
                                DELETE FROM tranche.moved AS m
                                WHERE m.number = %10$s AND m.depth = level
                                RETURNING m.is_new, m.key, m.payload
                            )
                            \(movedOnly)
                        END IF;
                        \(settled)
                    END IF;
                END IF;
            ELSIF TG_NARGS = 0 THEN
                \(created)
            ELSE
                noted := set_config(
                    'tranche.inserting_%10$s', substr(inserting, strpos(inserting, ',') + 1), true
                );
                IF coalesce(current_setting('tranche.moved_%10$s', true), '') = '' THEN
                    \(created)
                ELSE
                    WITH moved AS (
                        DELETE FROM tranche.moved AS m
                        WHERE m.number = %10$s AND m.depth = level
                        RETURNING m.is_new, m.key, m.payload
                    )
                    \(movedAndCreated)
                    \(settled)
                END IF;
            END IF;
            RETURN NULL;
        END
        """

    private static let declarations = """
        is_whole boolean;
            noted text;
            event bigint;
        """

    private static let columns = "(location, operation, key, payload)"

    private static let created = """
        INSERT INTO %1$s \(columns)
        SELECT %2$s, 'create', %3$s, %5$s FROM new_rows AS n;
        """

    private static let updated = joined(
        old: "SELECT %9$s%4$s AS key FROM old_rows AS o",
        new: "SELECT %3$s AS key, %5$s AS payload FROM new_rows AS n"
    )

    private static let movedOnly = joined(
        old: "SELECT m.key FROM moved AS m WHERE NOT m.is_new",
        new: "SELECT m.key, m.payload FROM moved AS m WHERE m.is_new"
    )

    private static let movedAndCreated = joined(
        old: "SELECT m.key FROM moved AS m WHERE NOT m.is_new",
        new: """
            SELECT %3$s AS key, %5$s AS payload FROM new_rows AS n
            UNION ALL
            SELECT m.key, m.payload FROM moved AS m WHERE m.is_new
            """
    )

    private static let deleted = """
        INSERT INTO %1$s \(columns)
        SELECT %2$s, 'delete', %4$s, NULL FROM old_rows AS o;
        """

    private static func joined(old: String, new: String) -> String {
        """
        INSERT INTO %1$s \(columns)
        SELECT %2$s,
            CASE
                WHEN w.key IS NULL THEN 'delete' WHEN v.key IS NULL THEN 'create' ELSE 'update'
            END,
            coalesce(w.key, v.key), w.payload
        FROM (\(old)) AS v
        FULL JOIN (\(new)) AS w ON w.key = v.key;
        """
    }

    /// Forgets that anything was moved, unless a statement further out still needs it.
    private static let settled = """
        IF NOT EXISTS (SELECT FROM tranche.moved AS m WHERE m.number = %10$s) THEN
            noted := set_config('tranche.moved_%10$s', '', true);
        END IF;
        """

    private static let eachRow = """
        IF TG_OP = 'INSERT' THEN
            INSERT INTO %1$s \(columns) VALUES (%2$s, 'create', %6$s, %8$s);
        ELSIF TG_OP = 'DELETE' THEN
            INSERT INTO %1$s \(columns) VALUES (%2$s, 'delete', %7$s, NULL);
        ELSIF %6$s = %7$s THEN
            INSERT INTO %1$s \(columns) VALUES (%2$s, 'update', %6$s, %8$s);
        ELSE
            INSERT INTO %1$s \(columns)
            VALUES (%2$s, 'delete', %7$s, NULL), (%2$s, 'create', %6$s, %8$s);
        END IF;
        """

    private static let truncated = """
        SELECT CAST(c.relation AS oid) = CAST(c.root AS oid) INTO is_whole
        FROM tranche.covered AS c
        WHERE c.log = %11$s AND CAST(c.relation AS oid) = TG_RELID;
        noted := coalesce(current_setting('tranche.truncated_%10$s', true), '');
        -- Nothing was recorded since its parent was truncated: it is empty still.
        IF noted <> '' AND CAST(split_part(noted, ',', 1) AS bigint)
                = currval(pg_get_serial_sequence(%1$L, 'id'))
            AND EXISTS (
                WITH RECURSIVE above AS (
                    SELECT TG_RELID AS relation
                    UNION
                    SELECT i.inhparent
                    FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.relation
                )
                SELECT FROM above AS a WHERE a.relation = CAST(split_part(noted, ',', 2) AS oid)
            )
        THEN
            RETURN NULL;
        END IF;
        INSERT INTO %1$s \(columns)
        VALUES (
            %2$s, 'truncate',
            CASE WHEN is_whole THEN NULL ELSE TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME END, NULL
        )
        RETURNING id INTO event;
        noted := set_config('tranche.truncated_%10$s', event || ',' || TG_RELID, true);
        """
}
