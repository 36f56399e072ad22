#!/usr/bin/env bash
# csvtool 2.4 (Debian 2.4-1+b2), the command of OCaml's csv library; csvtool join 1 2 A.csv B.csv.
# Expected: as with other joins, a row for each pair of rows that share the key; or the first, or
# the last, or an error. Its help tells of keys that one file does not have, not of those that come
# twice.
# Seen: where a file has the key twice, its cells become the text "!MULTIPLE VALUES", and the values
# are gone, also where both rows are the same. One row is written for the key. Exit status 0, no
# word.
# A price list with two rows of an article loses both prices, and a text is loaded in their place.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq csvtool=2.4-1+b2 2>/dev/null
dpkg-deb --show csvtool_*.deb
dpkg-deb -x csvtool_*.deb program

printf '%s\n' 'desk,york' 'lamp,york' 'shelf,leeds' >places.csv
printf '%s\n' 'desk,90' 'lamp,15' 'lamp,12' 'shelf,40' 'shelf,40' >prices.csv
program/usr/bin/csvtool join 1 2 places.csv prices.csv >joined.csv 2>errors
cat joined.csv
printf '%s\n' 'desk,york,90' 'lamp,york,!MULTIPLE VALUES' 'shelf,leeds,!MULTIPLE VALUES' |
    cmp - joined.csv
program/usr/bin/csvtool join 1 2 prices.csv places.csv >other.csv 2>>errors
cat other.csv
printf '%s\n' 'desk,90,york' 'lamp,!MULTIPLE VALUES,york' 'shelf,!MULTIPLE VALUES,leeds' |
    cmp - other.csv
[ ! -s errors ]
if program/usr/bin/csvtool --help | grep -i multiple\ values; then exit 1; fi
