#!/usr/bin/env bash
# rsyslog 8.2302.0 (Debian 12) with libfastjson 1.2304.0, mmjsonparse of lines of JSON (cookie=""),
# written with %$!all-json%.
# Expected: the numbers as they stand there: 1.10, 1e3 and 0.30000000000000004 come out digit by
# digit; or an error, or the line as a text, as one that is no JSON.
# Seen: whole numbers above 2^63-1 become 9223372036854775807, and those below its negative
# -9223372036854775808. Ids of 64 bits without a sign, as tracing and hashing make them, are in half
# of all cases above it, and all of these become one id. No word, and the parse has succeeded.
# Events of many orders are loaded under one key, and the last one stays.
set -euo pipefail

work=$(mktemp -d)
daemon=""
finish() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT
cd "$work"
# rsyslog's security releases replace each other in the archive; the numbers are read by libfastjson.
apt-get download -qq rsyslog libfastjson4=1.2304.0-1 libestr0=0.1.11-1 liblognorm5=2.0.6-4 2>/dev/null
for package in ./*.deb; do
    dpkg-deb --show "$package"
    dpkg-deb -x "$package" program
done
libraries=$(echo program/usr/lib/*-linux-gnu)

cat >events.log <<'JSON'
{"id":9223372036854775807,"paid":1.10,"rate":1e3}
{"id":9223372036854775808,"paid":0.30000000000000004}
{"id":11034921842013271553,"paid":5}
{"id":18446744073709551615,"paid":6}
{"id":-9223372036854775809,"paid":7}
JSON
cat >rsyslog.conf <<CONF
global(workDirectory="$work")
module(load="imfile")
module(load="mmjsonparse")
template(name="json" type="string" string="%parsesuccess% %\$!id% %\$!paid% %\$!rate% %\$!all-json%\n")
input(type="imfile" file="$work/events.log" tag="events" ruleset="events")
ruleset(name="events") {
    action(type="mmjsonparse" cookie="")
    action(type="omfile" file="$work/out.log" template="json")
}
CONF
LD_LIBRARY_PATH=$libraries program/usr/sbin/rsyslogd -n -i "$work/pid" -f rsyslog.conf -M "$libraries/rsyslog" &
daemon=$!
for _ in $(seq 100); do
    [ "$(cat out.log 2>/dev/null | wc -l)" -lt 5 ] || break
    sleep 0.1
done
paste -d '\n' events.log out.log
[ "$(cut -d ' ' -f 1-4 out.log)" = "OK 9223372036854775807 1.10 1e3
OK 9223372036854775807 0.30000000000000004 
OK 9223372036854775807 5 
OK 9223372036854775807 6 
OK -9223372036854775808 7 " ]
[ "$(grep -c '"id": 9223372036854775807,' out.log)" = 4 ]
