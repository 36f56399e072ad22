#!/usr/bin/env bash
# sqldiff 3.40.1 (Debian sqlite3-tools 3.40.1-2+deb12u2), --primarykey, on a table whose key has a NULL.
# Expected: nothing for a row that is the same in both databases; SQLite allows NULL in a PRIMARY KEY that is no INTEGER
# PRIMARY KEY, also in one of several columns, and sqldiff compares the other columns with IS.
# Seen: it joins the rows by "=", finds no partner, and writes a DELETE ... WHERE k=NULL, which deletes nothing, and an
# INSERT. Applied, the script doubles each such row, and each further comparison doubles them again. No word.
# A copy that is kept up by such scripts grows by the rows with a NULL at every turn, without a change at the source.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq sqlite3-tools=3.40.1-2+deb12u2 2>/dev/null
dpkg-deb --show sqlite3-tools_*.deb
dpkg-deb -x sqlite3-tools_*.deb program
sqlite() { # DATABASE STATEMENTS
    python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])' "$@"
}
count() { # DATABASE
    python3 -c 'import sqlite3, sys
print(*sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM prices").fetchone())' "$1"
}

for name in source copy; do
    sqlite "$name.db" "CREATE TABLE prices (item TEXT, shop TEXT, price REAL, PRIMARY KEY (item, shop));
        INSERT INTO prices VALUES ('tea', 'york', 2.5), ('tea', NULL, 3), (NULL, NULL, 9);"
done
is() { # EXPECTED COMMAND...
    local expected=$1 out
    shift
    out=$("$@")
    printf '%s\n' "$out"
    [ "$out" = "$expected" ]
}
is '' program/usr/bin/sqldiff copy.db source.db
is "DELETE FROM prices WHERE item=NULL AND shop=NULL;
INSERT INTO prices(item,shop,price) VALUES(NULL,NULL,9.0);
DELETE FROM prices WHERE item='tea' AND shop=NULL;
INSERT INTO prices(item,shop,price) VALUES('tea',NULL,3.0);" program/usr/bin/sqldiff --primarykey copy.db source.db
is 3 count copy.db
sqlite copy.db "$(program/usr/bin/sqldiff --primarykey copy.db source.db)"
is 5 count copy.db
sqlite copy.db "$(program/usr/bin/sqldiff --primarykey copy.db source.db)"
printf '%s\n' "rows of the copy after two turns: $(count copy.db), of the source: $(count source.db)"
[ "$(count copy.db)" -gt 5 ]
