#!/usr/bin/env bash
# The SQLite extension impexp of sqliteodbc 0.9998 (Debian libsqlite3-mod-impexp 0.9998-3+b1),
# export_csv of a table that has a column of type BLOB, and export_sql of numbers with 16 digits.
# Expected: a field for each column, in hexadecimal for bytes, as it has them for columns without a
# type; and the numbers, as SQLite's own .dump has them.
# Seen: the column is in the header, and in no row, whatever it holds, a text too. What stands
# behind it moves to the left: the name is under the hash, the count under the name. In the SQL
# numbers have 15 digits: 12345678901234.56 is 12345678901234.6. No word; its README has both as
# ways to export entire tables and data.
# A file that is loaded by the names in its header puts each value behind the hash in another column.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq libsqlite3-mod-impexp=0.9998-3+b1 sqlite3=3.40.1-2+deb12u2 2>/dev/null
for package in ./*.deb; do
    dpkg-deb --show "$package"
    dpkg-deb -x "$package" program
done

program/usr/bin/sqlite3 files.db <<SQL
.load $(echo program/usr/lib/*-linux-gnu/libsqlite3_mod_impexp.so)
CREATE TABLE typed (id INTEGER PRIMARY KEY, hash BLOB, name TEXT, count);
INSERT INTO typed VALUES (1, x'a1b2', 'pen', 5), (2, NULL, 'ink', 6), (3, 'text', 'cap', NULL);
CREATE TABLE untyped (id INTEGER PRIMARY KEY, hash, name TEXT, count);
INSERT INTO untyped SELECT * FROM typed;
CREATE TABLE amounts (id INTEGER PRIMARY KEY, amount REAL);
INSERT INTO amounts VALUES (1, 12345678901234.56), (2, 0.1);
SELECT export_csv('typed.csv', 1, '', 'typed', NULL);
SELECT export_csv('untyped.csv', 1, '', 'untyped', NULL);
SELECT export_sql('amounts.sql', 1, 'amounts');
.output dump.sql
.dump amounts
SQL
tail -n 99 typed.csv untyped.csv amounts.sql
[ "$(tr -d '\r' <untyped.csv)" = '"id","hash","name","count"
1,"A1B2","pen",5
2,,"ink",6
3,"text","cap",' ]
[ "$(tr -d '\r' <typed.csv)" = '"id","hash","name","count"
1,"pen",5
2,"ink",6
3,"cap",' ]
grep -q 'VALUES(1,12345678901234.6);' amounts.sql
grep 12345678901234 dump.sql
grep -q 'VALUES(1,12345678901234.56' dump.sql
