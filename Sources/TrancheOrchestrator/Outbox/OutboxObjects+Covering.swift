extension OutboxObjects {
    /// Makes the trigger of a partition that notes rows which a statement updates beside inserting,
    /// in place of one that was made for another key or payload.
    ///
    /// One that is right is left alone, which its second argument tells: made anew, it would wait
    /// for the partition's writers, and lock them out. Those of all partitions and the function go
    /// by one key and payload, so they change in one transaction.
    static let setRewrite = """
        CREATE OR REPLACE FUNCTION tranche.set_rewrite(
            part regclass, number bigint, rewritten text
        )
        RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $set_rewrite$
        DECLARE
            own text := '00_tranche_' || number || '_rewrite';
            condition text := format('current_setting(%L, true) <> '''' AND %s',
                'tranche.inserting_' || number, rewritten);
            -- A server in FIPS mode has no MD5.
            digest text := encode(sha256(convert_to(condition, 'UTF8')), 'hex');
        BEGIN
            PERFORM FROM pg_trigger AS t
            WHERE t.tgrelid = CAST(part AS oid) AND t.tgname = CAST(own AS name)
                AND t.tgargs = convert_to('moved', 'UTF8') || decode('00', 'hex')
                    || convert_to(digest, 'UTF8') || decode('00', 'hex');
            IF FOUND THEN RETURN; END IF;
            EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER UPDATE ON %s FOR EACH ROW WHEN (%s) '
                'EXECUTE FUNCTION tranche.%I(''moved'', %L)',
                own, part, condition, 'record_' || number, digest);
        END
        $set_rewrite$
        """

    /// Makes the triggers of a table or part of one anew, and tells how many.
    ///
    /// Names that begin with a zero fire before others: what a trigger of the table's own writes
    /// into it is recorded behind what it was called for. The two conditions that answer no note,
    /// without a call, that a statement inserts or updates, and how deep in triggers it is.
    ///
    /// The conditions of rows are short, since each statement reads them anew: the function looks
    /// whether it is at the statement's own depth.
    ///
    /// `rewritten` is, for a partition, which of the rows that a statement updates beside inserting
    /// are noted.
    static let setTriggers = """
        CREATE OR REPLACE FUNCTION tranche.set_triggers(
            part regclass, kind "char", mode text, number bigint, rewritten text
        )
        RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $set_triggers$
        DECLARE
            made text[] := ARRAY[]::text[];
            argument text := CASE WHEN kind = 'p' THEN quote_literal('parted') ELSE '' END;
            base text := '00_tranche_' || number || '_';
            inserting text := quote_literal('tranche.inserting_' || number);
            updating text := quote_literal('tranche.updating_' || number);
            call text;
            push text := 'WHEN (set_config(%1$s, concat(pg_trigger_depth(), '','', '
                || 'current_setting(%1$s, true)), true) IS NULL)';
        BEGIN
            call := format('EXECUTE FUNCTION tranche.%I(%s)', 'record_' || number, argument);
            IF mode = 'row' THEN
                IF kind = 'r' THEN
                    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s '
                        'FOR EACH ROW %s', base || 'row', part, call);
                    made := made || (base || 'row');
                END IF;
            ELSE
                EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS '
                    'new_rows FOR EACH STATEMENT %s', base || 'insert', part, call);
                EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %s REFERENCING OLD TABLE AS '
                    'old_rows NEW TABLE AS new_rows FOR EACH STATEMENT %s',
                    base || 'update', part, call);
                EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS '
                    'old_rows FOR EACH STATEMENT %s', base || 'delete', part, call);
                made := made || (base || 'insert') || (base || 'update') || (base || 'delete');
            END IF;
            EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %s FOR EACH STATEMENT %s',
                base || 'truncate', part, call);
            made := made || (base || 'truncate');
            IF mode = 'row' THEN
                FOREACH call IN ARRAY made LOOP
                    EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', part, call);
                END LOOP;
            ELSIF kind = 'p' THEN
                EXECUTE format('CREATE TRIGGER %I BEFORE INSERT ON %s FOR EACH STATEMENT %s %s',
                    base || 'begin_insert', part, format(push, inserting), call);
                EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %s FOR EACH STATEMENT %s %s',
                    base || 'begin_update', part, format(push, updating), call);
                made := made || (base || 'begin_insert') || (base || 'begin_update');
            ELSIF rewritten IS NOT NULL THEN
                call := format('EXECUTE FUNCTION tranche.%I(''moved'')', 'record_' || number);
                EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s FOR EACH ROW WHEN '
                    '(current_setting(%s, true) <> '''') %s',
                    base || 'leave', part, updating, call);
                EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s FOR EACH ROW WHEN '
                    '(current_setting(%s, true) <> '''') %s',
                    base || 'arrive', part, updating, call);
                PERFORM tranche.set_rewrite(part, number, rewritten);
                made := made || (base || 'leave') || (base || 'arrive') || (base || 'rewrite');
            END IF;
            RETURN cardinality(made);
        END
        $set_triggers$
        """

    /// Covers a table or part of one, unless it is as it should be.
    ///
    /// - The function that records is made anew where its text differs, and with it what partitions
    ///   have for its key and payload.
    /// - Of a log that is being removed nothing is covered.
    /// - The time from which a part is covered is read when its lock is held: what is written later
    ///   is seen.
    static let cover = """
        CREATE OR REPLACE FUNCTION tranche.cover(log_name text, part regclass, is_later boolean)
        RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $cover$
        DECLARE
            w record;
            c record;
            tag bigint;
            source text;
            rewritten text;
            count integer;
            began timestamptz;
            had_rows boolean;
            is_new boolean;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('tranche outbox ' || log_name, 0));
            PERFORM FROM tranche.log AS l WHERE l.name = log_name AND NOT l.is_ending;
            IF NOT FOUND THEN RETURN false; END IF;
            SELECT * INTO w FROM tranche.wanted(log_name) AS x
            WHERE x.relation = CAST(part AS oid) AND x.problem IS NULL;
            IF NOT FOUND THEN RETURN false; END IF;
            SELECT x.number INTO tag FROM tranche.covered AS x
            WHERE x.log = log_name AND CAST(x.root AS oid) = w.root LIMIT 1;
            IF tag IS NULL THEN tag := nextval('tranche.covered_number_seq'); END IF;
            source := tranche.record_source(log_name, w.root, w.key, w.is_unique, tag);
            PERFORM FROM pg_proc AS p
            WHERE p.pronamespace = CAST('tranche' AS regnamespace)
                AND p.proname = 'record_' || tag AND p.prosrc = source;
            is_new := NOT FOUND;
            SELECT CASE
                WHEN l.payload = 'row' THEN 'true'
                ELSE tranche.key_of(w.root, w.key, 'OLD') || ' <> '
                    || tranche.key_of(w.root, w.key, 'NEW')
            END INTO rewritten
            FROM tranche.log AS l, pg_class AS r
            WHERE l.name = log_name AND r.oid = w.root AND r.relkind = 'p';
            IF is_new THEN
                PERFORM tranche.set_function(
                    w.root, w.key, (SELECT payload = 'row' FROM tranche.log WHERE name = log_name),
                    tag, source
                );
                PERFORM tranche.set_rewrite(CAST(t.tgrelid AS regclass), tag, rewritten)
                FROM pg_trigger AS t
                WHERE t.tgname = CAST('00_tranche_' || tag || '_rewrite' AS name)
                    AND t.tgfoid = to_regproc(format('tranche.%I', 'record_' || tag));
            END IF;
            SELECT * INTO c FROM tranche.covered AS x
            WHERE x.log = log_name AND CAST(x.relation AS oid) = w.relation;
            SELECT count(*) INTO count FROM pg_trigger AS t
            WHERE t.tgrelid = w.relation
                AND t.tgfoid = to_regproc(format('tranche.%I', 'record_' || tag));
            IF c.log IS NOT NULL AND CAST(c.root AS oid) = w.root AND c.mode = w.mode
                AND c.triggers = count
            THEN
                RETURN is_new;
            END IF;
            PERFORM tranche.uncover(log_name, part);
            INSERT INTO tranche.covered (log, relation, root, number, mode, since)
            VALUES (log_name, part, w.root, tag, w.mode, clock_timestamp());
            count := tranche.set_triggers(part, w.kind, w.mode, tag, rewritten);
            began := clock_timestamp();
            IF is_later AND w.kind = 'r' AND has_table_privilege(w.relation, 'SELECT') THEN
                EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', part) INTO had_rows;
            END IF;
            UPDATE tranche.covered AS x
            SET triggers = count, since = began, held_rows = had_rows
            WHERE x.log = log_name AND CAST(x.relation AS oid) = w.relation;
            RETURN true;
        END
        $cover$
        """

    /// The settings under which the function that records a table's changes runs, so that values
    /// are spelt the same whatever the writer's session has set.
    ///
    /// Each costs every statement of a writer some microseconds, so only those are set that the
    /// types of what is spelt depend on. A row is spelt as JSON, whose dates and times have one
    /// spelling but for their zone; a key is spelt as text.
    /// Source: PostgreSQL 15, json.c (JsonEncodeDateTime).
    static let settingsOf = """
        CREATE OR REPLACE FUNCTION tranche.settings_of(root oid, key smallint[], is_row boolean)
        RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $settings_of$
            WITH spelt AS (
                -- Whole and decimal numbers, texts, booleans, UUIDs; in a row also JSON, dates, and
                -- times without a zone.
                SELECT CASE
                    WHEN a.atttypid IN (16, 18, 19, 20, 21, 23, 25, 26, 1042, 1043, 1700, 2950)
                        THEN 'plain'
                    WHEN a.attnum = ANY (key) THEN 'other'
                    WHEN a.atttypid IN (114, 3802, 1082, 1114) THEN 'plain'
                    WHEN a.atttypid = 1184 THEN 'zoned'
                    WHEN a.atttypid = 1186 THEN 'interval'
                    WHEN a.atttypid IN (700, 701) THEN 'float'
                    WHEN a.atttypid = 17 THEN 'bytes'
                    ELSE 'other'
                END AS kind
                FROM pg_attribute AS a
                WHERE a.attrelid = root AND a.attnum > 0 AND NOT a.attisdropped
                    AND (is_row OR a.attnum = ANY (key))
            )
            SELECT concat(
                'SET search_path = pg_catalog, pg_temp',
                CASE WHEN bool_or(kind = 'other') THEN ' SET DateStyle = ISO' END,
                CASE WHEN bool_or(kind IN ('other', 'zoned')) THEN ' SET TimeZone = UTC' END,
                CASE
                    WHEN bool_or(kind IN ('other', 'interval'))
                        THEN ' SET IntervalStyle = iso_8601'
                END,
                CASE
                    WHEN bool_or(kind IN ('other', 'float')) THEN ' SET extra_float_digits = 1'
                END,
                CASE WHEN bool_or(kind IN ('other', 'bytes')) THEN ' SET bytea_output = hex' END
            )
            FROM spelt
        $settings_of$
        """

    /// Makes the function that records a table's changes.
    ///
    /// It is its owner's, and needs no right of the writer's.
    static let setFunction = """
        CREATE OR REPLACE FUNCTION tranche.set_function(
            root oid, key smallint[], is_row boolean, number bigint, source text
        )
        RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $set_function$
        BEGIN
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION tranche.%I() RETURNS trigger LANGUAGE plpgsql '
                    'SECURITY DEFINER %s AS %L',
                'record_' || number, tranche.settings_of(root, key, is_row), source
            );
            EXECUTE format('REVOKE ALL ON FUNCTION tranche.%I() FROM PUBLIC', 'record_' || number);
        END
        $set_function$
        """

    /// Takes the triggers of a log from a table or part of one, where it is still there.
    static let uncover = """
        CREATE OR REPLACE FUNCTION tranche.uncover(log_name text, part regclass)
        RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $uncover$
        DECLARE
            t record;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('tranche outbox ' || log_name, 0));
            FOR t IN
                SELECT g.tgname FROM pg_trigger AS g
                JOIN pg_proc AS p ON p.oid = g.tgfoid
                WHERE g.tgrelid = CAST(part AS oid)
                    AND p.pronamespace = CAST('tranche' AS regnamespace)
                    AND p.proname IN (
                        SELECT 'record_' || c.number FROM tranche.covered AS c WHERE c.log = log_name
                    )
            LOOP
                EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, part);
            END LOOP;
            DELETE FROM tranche.covered AS c
            WHERE c.log = log_name AND CAST(c.relation AS oid) = CAST(part AS oid);
        END
        $uncover$
        """

    /// Which tables and parts are not as they should be: to be covered, or no longer.
    static let pending = """
        CREATE OR REPLACE FUNCTION tranche.pending(log_name text)
        RETURNS TABLE (relation oid, is_wanted boolean)
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $pending$
            SELECT w.relation, true
            FROM tranche.wanted(log_name) AS w
            LEFT JOIN tranche.covered AS c
                ON c.log = log_name AND CAST(c.relation AS oid) = w.relation
            LEFT JOIN pg_proc AS p ON p.pronamespace = CAST('tranche' AS regnamespace)
                AND p.proname = 'record_' || c.number
            WHERE w.problem IS NULL AND (
                c.log IS NULL OR CAST(c.root AS oid) <> w.root OR c.mode <> w.mode
                OR p.oid IS NULL
                OR c.triggers <> (
                    SELECT count(*) FROM pg_trigger AS t
                    WHERE t.tgrelid = w.relation AND t.tgfoid = p.oid
                )
                OR p.prosrc <> tranche.record_source(
                    log_name, w.root, w.key, w.is_unique, c.number
                )
            )
            UNION ALL
            SELECT CAST(c.relation AS oid), false
            FROM tranche.covered AS c
            WHERE c.log = log_name AND NOT EXISTS (
                SELECT FROM tranche.wanted(log_name) AS w
                WHERE w.relation = CAST(c.relation AS oid) AND w.problem IS NULL
            )
        $pending$
        """

    /// Covers what a statement has just made, attached or detached, in its transaction.
    ///
    /// It looks only at what that transaction has locked against everybody. Its queries read a few
    /// rows of the catalog and are costly by their estimates alone: compiled, each would take
    /// seconds, while somebody's CREATE or ALTER waits.
    static let coverLater = """
        CREATE OR REPLACE FUNCTION tranche.cover_later()
        RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp SET jit = off AS $cover_later$
        DECLARE
            p record;
        BEGIN
            IF NOT EXISTS (
                SELECT FROM pg_event_trigger_ddl_commands() AS d
                WHERE d.schema_name IS DISTINCT FROM 'pg_temp'
            ) THEN
                RETURN;
            END IF;
            FOR p IN
                SELECT l.name, n.relation, n.is_wanted
                FROM tranche.log AS l, LATERAL tranche.pending(l.name) AS n
                WHERE NOT l.is_ending AND EXISTS (
                    SELECT FROM pg_locks AS k
                    WHERE k.pid = pg_backend_pid() AND k.locktype = 'relation'
                        AND k.relation = n.relation AND k.mode = 'AccessExclusiveLock' AND k.granted
                )
                ORDER BY l.name, n.relation
            LOOP
                IF p.is_wanted THEN
                    PERFORM tranche.cover(p.name, CAST(p.relation AS regclass), true);
                ELSE
                    PERFORM tranche.uncover(p.name, CAST(p.relation AS regclass));
                END IF;
            END LOOP;
        END
        $cover_later$
        """
}
