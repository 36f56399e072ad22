#!/usr/bin/env bash
# csv2 and 2csv of xml2 0.5 (Debian 0.5-4), on a CSV file in which the last field of a row is empty.
# Expected: an empty field, as for an empty field in the middle of a row.
# Seen: the field takes the next line in as its text, or several; the next row then comes once more as itself. The
# number of rows is right, so no count shows it. Exit status 0. The same with and without -q '"'.
# A row whose last column is optional (a note, an end date) gets the id and the values of its neighbour as its own.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
version=0.5-4
apt-get download -qq "xml2=$version" 2>/dev/null
dpkg-deb --show xml2_*.deb
for package in ./*.deb; do dpkg-deb -x "$package" program; done
run() { "program/usr/bin/$1" "${@:2}"; }

printf 'id,name,note\n1,,first\n2,bob,\n3,eve,last\n4,joe,\n' >rows.csv
for quoting in '-q"' '-d,'; do
    run csv2 -f "$quoting" <rows.csv >rows.flat
    run 2csv record id name note <rows.flat >out.csv
    cat rows.flat out.csv
    printf '1,,first\n2,bob,"3,eve,last"\n3,eve,last\n4,joe,\n' | cmp - out.csv
done
# With a text in each last field the rows come back.
sed 's/,$/,none/' rows.csv >full.csv
[ "$(sed 1d full.csv)" = "$(run csv2 -f <full.csv | run 2csv record id name note)" ]
