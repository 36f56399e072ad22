#!/usr/bin/env bash
# systemd 252.39 (Debian 12), OnCalendar=hourly and *:0/15 in a zone with summer time, as systemd-analyze shows them.
# Expected: a start in each hour, in each quarter of an hour. Where the clock goes back, 01:00 comes twice, and so does
# the timer, as with cron.
# Seen: the second of the two hours has no start: 02:00 (07:00 UTC) follows 01:00 (05:00 UTC), or 01:45 in summer time.
# systemd.time(7) says nothing of it. With TZ=UTC, or with UTC in the expression, none is missing.
# A job that takes "the last hour" leaves one out each autumn, in a night in which nobody looks.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# The point release of the day, as Debian's archive keeps no other; which it is, is looked at.
apt-get download -qq systemd libsystemd-shared 2>/dev/null
dpkg-deb --show systemd_*.deb
case $(dpkg-deb --field systemd_*.deb Version) in
252.*~deb12u*) ;;
*) echo "another version than the one that this was seen with" >&2 && exit 1 ;;
esac
for package in ./*.deb; do dpkg-deb -x "$package" program; done
analyze=$(find "$PWD/program" -name systemd-analyze -type f -perm -u+x | head -n 1)
libraries=$(dirname "$(find "$PWD/program" -name 'libsystemd-shared-252.so' | head -n 1)")
times() { # ZONE EXPRESSION BASE: the next six times, in UTC
    TZ=$1 LC_ALL=C LD_LIBRARY_PATH=$libraries "$analyze" calendar --iterations=6 --base-time="$3 UTC" "$2" >out
    sed -n 's/.*[0-9]-[0-9]* \([0-9:]*\):00 UTC$/\1/p' out | paste -sd ' '
}
is() { # EXPECTED ZONE EXPRESSION BASE
    local expected=$1 seen
    shift
    seen=$(times "$@")
    printf '%s: %s\n' "$*" "$seen"
    [ "$seen" = "$expected" ]
}
is '04:00 05:00 07:00 08:00 09:00 10:00' America/New_York hourly '2024-11-03 03:30:00'
is '05:30 05:45 07:00 07:15 07:30 07:45' America/New_York '*:0/15' '2024-11-03 05:20:00'
is '00:00 02:00 03:00 04:00 05:00 06:00' Europe/Berlin hourly '2024-10-26 23:30:00'
is '04:00 05:00 06:00 07:00 08:00 09:00' UTC hourly '2024-11-03 03:30:00'
is '04:00 05:00 06:00 07:00 08:00 09:00' America/New_York '*-*-* *:00:00 UTC' '2024-11-03 03:30:00'
