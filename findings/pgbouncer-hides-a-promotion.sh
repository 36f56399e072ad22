#!/usr/bin/env bash
# pgbouncer 1.18.0 and PostgreSQL 15 with its libpq (of Debian 12): a pooler before a standby, and a program that
# names it with target_session_attrs=primary, as one of several poolers beside the servers of a cluster.
# Expected: once the standby is promoted, the program is let in, at the latest by its second attempt.
# Seen: it is refused on and on ("server is in hot standby mode"): libpq goes by what the pooler remembers of its first
# connection to the server, also after another program had a session there that takes writes.
set -euo pipefail
export LC_ALL=C # what is looked for are words in English

work=$(mktemp -d)
programs=$(printf '%s\n' /usr/lib/postgresql/15/bin)
as=()
[ "$(id -u)" != 0 ] || { chmod 755 "$work"; chown postgres "$work"; as=(setpriv --reuid=postgres --regid=postgres --init-groups); }
pooler=""
finish() {
    [ -z "$pooler" ] || kill "$pooler" || true
    for node in primary standby; do
        "${as[@]}" "$programs/pg_ctl" -D "$work/$node" -m immediate -s stop || true
    done
    rm -rf "$work"
}
trap finish EXIT
cd "$work"
dpkg-query -W -f '${Version}\n' pgbouncer | grep -q '^1\.18\.' # the version that this is about
port=$((21000 + RANDOM % 9000))
start() { # NAME PORT
    "${as[@]}" "$programs/pg_ctl" -D "$work/$1" -s -w -l "$work/$1.log" \
        -o "-p $2 -c listen_addresses=127.0.0.1 -c unix_socket_directories=" start
}
"${as[@]}" "$programs/initdb" -D "$work/primary" -U owner -A trust >/dev/null
start primary "$port"
"${as[@]}" "$programs/pg_basebackup" -D "$work/standby" -h 127.0.0.1 -p "$port" -U owner -R --checkpoint=fast
start standby "$((port + 1))"
cat >pgbouncer.ini <<INI
[databases]
* = host=127.0.0.1 port=$((port + 1)) user=owner
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $((port + 2))
unix_socket_dir =
auth_type = any
auth_file = $work/users
pool_mode = session
INI
printf '"owner" ""\n' >users
"${as[@]}" pgbouncer -q "$work/pgbouncer.ini" 2>pgbouncer.log &
pooler=$!
sleep 1

pooled="postgresql://owner@127.0.0.1:$((port + 2))/postgres"
is_in() { psql -qXAt "$pooled?target_session_attrs=primary" -c 'SELECT 1' 2>>refused; }
psql -qXAt "$pooled" -c 'SELECT pg_is_in_recovery()' | grep -qx t
"${as[@]}" "$programs/pg_ctl" -D "$work/standby" -s -w promote
psql -qXAt "postgresql://owner@127.0.0.1:$((port + 1))/postgres?target_session_attrs=primary" -c 'SELECT 1' | grep -qx 1
psql -qXAt "$pooled" -c 'SELECT pg_is_in_recovery()' | grep -qx f
for _ in 1 2 3 4 5 6 7 8; do
    if is_in; then exit 1; fi
    sleep 2
done
grep -c 'server is in hot standby mode' refused | grep -qx 8
