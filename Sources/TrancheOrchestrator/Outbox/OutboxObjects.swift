import TrancheSQL

/// What an outbox keeps in a source's database, as SQL.
///
/// All of it is in the schema `tranche`. What makes triggers is a function of the database, so that
/// the program and the database's own event trigger go by one text.
enum OutboxObjects {
    /// The version of these texts; it stands in each log's row.
    static let version = 7

    /// Says that the schema was made here, and may go with the last log.
    static let schemaMark = "Made by Tranche for its logs."

    /// The functions' texts, each of which replaces an older one.
    static var functions: [String] {
        [
            keyOf, settingsOf, recordSource, wanted, setFunction, setRewrite, setTriggers, uncover,
            cover, pending, coverLater,
        ]
    }

    /// The functions' names, those that use others first.
    static let functionNames = [
        "tranche.cover_later()", "tranche.pending(text)", "tranche.cover(text, regclass, boolean)",
        "tranche.uncover(text, regclass)",
        "tranche.set_triggers(regclass, \"char\", text, bigint, text)",
        "tranche.set_rewrite(regclass, bigint, text)",
        "tranche.set_function(oid, smallint[], boolean, bigint, text)", "tranche.wanted(text)",
        "tranche.record_source(text, oid, smallint[], boolean, bigint)",
        "tranche.settings_of(oid, smallint[], boolean)",
        "tranche.key_of(oid, smallint[], text)",
    ]

    /// Keeps others from making and removing these objects meanwhile.
    static let lock: SQLStatement =
        "SELECT pg_advisory_xact_lock(hashtextextended('tranche outbox', 0))"

    static let eventTrigger = """
        CREATE EVENT TRIGGER tranche_cover_later ON ddl_command_end
        WHEN TAG IN (
            'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'ALTER TABLE'
        )
        EXECUTE FUNCTION tranche.cover_later()
        """

    /// The tables: what is asked for, what is covered, which inventories read, and what an open
    /// statement has moved.
    ///
    /// `moved` is empty between statements.
    static let tables = """
        CREATE TABLE IF NOT EXISTS tranche.log (
            name text PRIMARY KEY,
            floor bigint NOT NULL DEFAULT 0,
            payload text NOT NULL,
            tables jsonb NOT NULL,
            schemas text[] NOT NULL,
            version integer NOT NULL,
            made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            is_ending boolean NOT NULL DEFAULT false
        );
        CREATE TABLE IF NOT EXISTS tranche.covered (
            log text NOT NULL,
            relation regclass NOT NULL,
            root regclass NOT NULL,
            number bigint NOT NULL,
            mode text NOT NULL,
            since timestamptz NOT NULL,
            held_rows boolean,
            triggers integer NOT NULL DEFAULT 0,
            PRIMARY KEY (log, relation)
        );
        CREATE SEQUENCE IF NOT EXISTS tranche.covered_number_seq OWNED BY tranche.covered.number;
        CREATE TABLE IF NOT EXISTS tranche.reader (
            log text NOT NULL,
            key text NOT NULL,
            name text NOT NULL,
            done bigint NOT NULL,
            seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (log, key)
        );
        CREATE TABLE IF NOT EXISTS tranche.moved (
            number bigint NOT NULL,
            depth integer NOT NULL,
            is_new boolean NOT NULL,
            stays boolean NOT NULL,
            key text NOT NULL,
            payload json
        );
        """

    /// Spells a row's key as text: a column's value, or a JSON object of several.
    ///
    /// Compared are texts, byte for byte: what a reader of the log tells apart.
    private static let keyOf = """
        CREATE OR REPLACE FUNCTION tranche.key_of(root oid, key smallint[], alias text)
        RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $key_of$
            SELECT CASE
                WHEN count(*) = 1
                    THEN min(format('(CAST(%s.%I AS text) COLLATE "C")', alias, a.attname))
                ELSE format(
                    '(CAST(jsonb_build_object(%s) AS text) COLLATE "C")',
                    string_agg(
                        format('%L, %s.%I', a.attname, alias, a.attname), ', ' ORDER BY k.place
                    )
                )
            END
            FROM unnest(key) WITH ORDINALITY AS k (attnum, place)
            JOIN pg_attribute AS a
                ON a.attrelid = root AND a.attnum = k.attnum AND NOT a.attisdropped
        $key_of$
        """

    /// Which tables and parts of tables a log is to cover, and how.
    ///
    /// - A table with parts is its parts' root. A part that is named without its parent, what a
    ///   subscription writes, and what was asked for is recorded row by row.
    /// - What belongs to an inventory is left out of a schema: work on its changes would change it,
    ///   again and again. So are the logs, and the database's own tables.
    /// - `problem` says why a table cannot be recorded.
    private static let wanted = """
        CREATE OR REPLACE FUNCTION tranche.wanted(log_name text)
        RETURNS TABLE (
            root oid, relation oid, kind "char", mode text, key smallint[], is_unique boolean,
            problem text
        )
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $wanted$
            WITH RECURSIVE named AS (
                SELECT CAST(to_regclass(format('%I.%I', t ->> 'schema', t ->> 'table')) AS oid) AS root,
                    CASE WHEN jsonb_typeof(t -> 'key') = 'array' THEN t -> 'key' END AS columns,
                    coalesce(CAST(t ->> 'each_row' AS boolean), false) AS each_row
                FROM tranche.log AS l, jsonb_array_elements(l.tables) AS t
                WHERE l.name = log_name
            ),
            own AS (
                -- An inventory is told by its table of migrations, whatever its name is.
                SELECT c.oid
                FROM pg_class AS m
                CROSS JOIN unnest(ARRAY[\(inventorySuffixes)]) AS s (suffix)
                JOIN pg_class AS c ON c.relnamespace = m.relnamespace
                    AND c.relname = CAST(left(m.relname, -length('_migration')) || s.suffix AS name)
                WHERE m.relkind = 'r' AND right(m.relname, length('_migration')) = '_migration'
                    AND (
                        SELECT count(*) FROM pg_attribute AS a
                        WHERE a.attrelid = m.oid AND NOT a.attisdropped
                            AND a.attname IN ('version', 'name', 'checksum', 'applied_at')
                    ) = 4
                    -- Others may have such a table, too, and none of runs of such.
                    AND EXISTS (
                        SELECT FROM pg_class AS r
                        JOIN pg_attribute AS a ON a.attrelid = r.oid AND NOT a.attisdropped
                        WHERE r.relnamespace = m.relnamespace AND a.attname = 'meta_table'
                            AND r.relname
                                = CAST(left(m.relname, -length('_migration')) || '_run' AS name)
                    )
            ),
            asked AS (
                SELECT root, columns, each_row FROM named WHERE root IS NOT NULL
                UNION ALL
                SELECT c.oid, NULL, false
                FROM tranche.log AS l
                JOIN pg_namespace AS n ON n.nspname = ANY (l.schemas)
                JOIN pg_class AS c ON c.relnamespace = n.oid
                WHERE l.name = log_name AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
                    AND n.nspname <> 'tranche' AND left(n.nspname, 3) <> 'pg_'
                    AND NOT EXISTS (SELECT FROM own WHERE own.oid = c.oid)
                    AND NOT EXISTS (SELECT FROM named WHERE named.root = c.oid)
                    AND NOT EXISTS (
                        SELECT FROM pg_inherits AS i
                        JOIN pg_class AS p ON p.oid = i.inhparent
                        JOIN pg_namespace AS m ON m.oid = p.relnamespace
                        WHERE i.inhrelid = c.oid AND m.nspname = ANY (l.schemas)
                    )
            ),
            tree AS (
                SELECT root, root AS relation FROM asked
                UNION
                SELECT t.root, i.inhrelid
                FROM tree AS t
                JOIN pg_inherits AS i ON i.inhparent = t.relation AND NOT i.inhdetachpending
            ),
            above AS (
                SELECT root, root AS relation FROM asked
                UNION
                SELECT a.root, i.inhparent
                FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.relation
            ),
            keyed AS (
                SELECT a.root, a.columns, c.relkind,
                    CASE
                        WHEN a.columns IS NULL THEN (
                            -- Behind the key's columns stand those that it includes.
                            SELECT (CAST(i.indkey AS smallint[]))[0:i.indnkeyatts - 1]
                            FROM pg_index AS i
                            WHERE i.indrelid = a.root AND i.indisprimary AND i.indisvalid
                        )
                        ELSE (
                            SELECT array_agg(t.attnum ORDER BY k.place)
                            FROM jsonb_array_elements_text(a.columns) WITH ORDINALITY AS k (name, place)
                            JOIN pg_attribute AS t ON t.attrelid = a.root AND t.attname = k.name
                                AND t.attnum > 0 AND NOT t.attisdropped
                        )
                    END AS key,
                    a.each_row
                        OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = a.root)
                        OR EXISTS (
                            SELECT FROM pg_subscription_rel AS s
                            WHERE s.srrelid IN (
                                SELECT t.relation FROM tree AS t WHERE t.root = a.root
                                UNION ALL
                                SELECT t.relation FROM above AS t WHERE t.root = a.root
                            )
                        ) AS is_each_row
                FROM asked AS a JOIN pg_class AS c ON c.oid = a.root
            )
            SELECT DISTINCT ON (t.relation)
                t.root, t.relation, c.relkind,
                CASE WHEN k.is_each_row THEN 'row' ELSE 'statement' END,
                k.key,
                EXISTS (
                    SELECT FROM pg_index AS i
                    WHERE i.indrelid = k.root AND i.indisunique AND i.indisvalid
                        AND i.indpred IS NULL AND i.indexprs IS NULL
                        AND (CAST(i.indkey AS smallint[]))[0:i.indnkeyatts - 1] <@ k.key
                ),
                CASE
                    WHEN EXISTS (SELECT FROM own WHERE own.oid = k.root) THEN 'own'
                    WHEN k.relkind IN ('v', 'm') THEN 'view'
                    WHEN k.relkind NOT IN ('r', 'p', 'f') THEN 'no-table'
                    WHEN EXISTS (
                        SELECT FROM tree AS f JOIN pg_class AS g ON g.oid = f.relation
                        WHERE f.root = k.root AND g.relkind = 'f'
                    ) THEN 'foreign-table'
                    WHEN k.key IS NULL AND k.columns IS NULL THEN 'no-key'
                    WHEN k.columns IS NOT NULL
                        AND coalesce(cardinality(k.key), 0)
                            < greatest(jsonb_array_length(k.columns), 1)
                        THEN 'no-column'
                    WHEN EXISTS (
                        SELECT FROM pg_attribute AS n
                        WHERE n.attrelid = k.root AND n.attnum = ANY (k.key) AND NOT n.attnotnull
                    ) THEN 'nullable-key'
                END
            FROM tree AS t
            JOIN keyed AS k ON k.root = t.root
            JOIN pg_class AS c ON c.oid = t.relation
            -- A part of two tables belongs to the outer one.
            ORDER BY t.relation, (SELECT count(*) FROM above AS u WHERE u.root = t.root), t.root
        $wanted$
        """

    /// What the names of an inventory's tables have behind its own, as texts of SQL.
    private static var inventorySuffixes: String {
        TableNames(table: "", schema: nil).all.map { "'\($0.table)'" }.joined(separator: ", ")
    }
}
