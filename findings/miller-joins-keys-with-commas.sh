#!/usr/bin/env bash
# Miller 6.6.0 (Debian 6.6.0-2), verbs that group or join by two fields, on values that have commas.
# Expected: ("red,blue", "green") and ("red", "blue,green") are two keys; CSV quotes them, so that they stay apart.
# Seen: Miller puts the values of a key together with commas, and compares what comes out: uniq -g, head -g,
# count-distinct and stats1 take the two rows for one group, and join pairs a row with another key's. Exit status 0.
# A step that drops the rows of a batch that are there already, or counts per key, loses rows: streets, titles, lists
# of labels and names have commas.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# The one Debian 12 has: 6.6.0-2, built anew as +b3 for some processors.
apt-get download -qq miller=6.6.0-2+b3 2>/dev/null || apt-get download -qq miller=6.6.0-2
dpkg-deb --show miller_*.deb
case $(dpkg-deb --field miller_*.deb Version) in
6.6.0-2 | 6.6.0-2+b3) ;;
*) echo "another version than the one that this was seen with" >&2 && exit 1 ;;
esac
dpkg-deb -x miller_*.deb program

printf 'labels,owners,n\n"red,blue",green,1\nred,"blue,green",2\n' >rows.csv
printf 'labels,owners,price\nred,"blue,green",7\n' >prices.csv
is() { # EXPECTED VERB...
    local expected=$1 out
    shift
    out=$(program/usr/bin/mlr --icsv --ojsonl "$@")
    printf '%s\n%s\n' "$*" "$out"
    [ "$out" = "$expected" ]
}
is '{"labels": "red,blue", "owners": "green"}' uniq -g labels,owners rows.csv
is '{"labels": "red,blue", "owners": "green", "n": 1}' head -n 1 -g labels,owners rows.csv
is '{"labels": "red,blue", "owners": "green", "count": 2}' count-distinct -f labels,owners rows.csv
is '{"labels": "red,blue", "owners": "green", "n_sum": 3}' stats1 -a sum -f n -g labels,owners rows.csv
# Of the two rows only the second has a price.
is '{"labels": "red", "owners": "blue,green", "price": 7, "n": 1}
{"labels": "red", "owners": "blue,green", "price": 7, "n": 2}' join -j labels,owners -f prices.csv rows.csv
