#!/usr/bin/env bash
# GNU datamash 1.7 (Debian 1.7-2), max, min, mode, median and sum of whole numbers.
# Expected: of max, min and mode a value that stands in the file, as first, last and unique give it;
# of sum all digits, as the numbers are long doubles inside, which hold 64 bits.
# Seen: they are written with 14 digits. The latest of times in microseconds, 1700000000654321, is
# 1.7000000006543e+15, and a sum of 123456789012.34 and 0.01 ends with .35, but one digit more loses
# its cents: 1234567890123.45 is 1234567890123.5. With --format '%.0f' the digits are there; the
# manual page does not say that there is a limit without it. Exit status 0, no word.
# A load that goes on from the greatest time or id that was seen begins before it, or behind it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq datamash=1.7-2 2>/dev/null
dpkg-deb --show datamash_*.deb
dpkg-deb -x datamash_*.deb program

is() { # EXPECTED ARGUMENTS... < VALUES
    local expected=$1 out
    shift
    out=$(program/usr/bin/datamash "$@")
    printf '%s: %s\n' "$*" "$out"
    [ "$out" = "$expected" ]
}
times='1700000000123456\n1700000000123456\n1700000000654321\n'
printf "$times" | is 1.7000000006543e+15 max 1
printf "$times" | is 1.7000000001235e+15 min 1
printf "$times" | is 1.7000000001235e+15 mode 1
printf "$times" | is 1.7000000001235e+15 median 1
printf "$times" | is 1700000000654321 last 1
printf "$times" | is 1700000000123456,1700000000654321 unique 1
printf "$times" | is 1700000000654321 --format '%.0f' max 1
# Two ids are one.
printf 'a\t20240102123456001\nb\t20240102123456002\n' | is $'a\t2.0240102123456e+16\nb\t2.0240102123456e+16' -g 1 max 2
printf '123456789012.34\n0.01\n' | is 123456789012.35 sum 1
printf '1234567890123.44\n0.01\n' | is 1234567890123.5 sum 1
