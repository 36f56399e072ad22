#!/usr/bin/env bash
# GNU recutils 1.9 (Debian 1.9-2), CSV to a recfile with csv2rec, and back with rec2csv.
# Expected: the same rows; csv2rec writes line ends within values as continuation lines, so it minds the syntax.
# Seen: it writes a value that ends with a backslash as it is. In a recfile a backslash at a line's end continues the
# line: the next field's name and value become part of this value, and that field is empty. Exit status 0, no word.
# Folders and shares (C:\data\) end so: of such rows a field is lost, and the one before it is changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
version=1.9-2
apt-get download -qq "recutils=$version" "librec1=$version" 2>/dev/null
dpkg-deb --show recutils_*.deb
for package in ./*.deb; do dpkg-deb -x "$package" program; done
libraries=$(dirname "$(find "$PWD/program" -name 'librec.so.1' | head -n 1)")
run() { LD_LIBRARY_PATH=$libraries "program/usr/bin/$1"; }

printf '"id","folder","size"\n"1","C:\\data","10"\n"2","C:\\data\\","20"\n"3","D:\\","30"\n' >in.csv
run csv2rec <in.csv >rows.rec
run rec2csv <rows.rec >out.csv
cat rows.rec out.csv
printf '"id","folder","size"\n"1","C:\\data","10"\n"2","C:\\datasize: 20",\n"3","D:size: 30",\n' | cmp - out.csv
