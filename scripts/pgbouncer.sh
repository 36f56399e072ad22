# shellcheck shell=bash
# Two poolers before the tests' PostgreSQL server. Needs lib.sh, and a server that it has started.

pooler_pids=()

# The path of pgbouncer; empty when it is not there.
pgbouncer_program() {
    command -v pgbouncer 2>/dev/null || { [ -x /usr/sbin/pgbouncer ] && printf '%s\n' /usr/sbin/pgbouncer; } || true
}

# Starts a pooler before the server; sets pooler_url.
# usage: start_pooler MODE POOL-SIZE
start_pooler() {
    local mode=$1 size=$2 port server_port folder="$server_folder/pgbouncer-$1" try
    server_port=${server_url##*:}
    server_port=${server_port%%/*}
    for try in 1 2 3 4 5; do
        port=$(free_port)
        mkdir -p "$folder"
        # Each database of the server, as the user who may do all there.
        cat >"$folder/pgbouncer.ini" <<EOF
[databases]
* = host=127.0.0.1 port=$server_port user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
auth_file = $folder/users
logfile = $folder/log
pool_mode = $mode
default_pool_size = $size
max_client_conn = 500
server_idle_timeout = 10
EOF
        printf '"postgres" ""\n' >"$folder/users"
        [ "$(id -u)" != 0 ] || chown -R postgres: "$folder"
        as_postgres "$(pgbouncer_program)" -q "$folder/pgbouncer.ini" >"$folder/output" 2>&1 &
        pooler_pids+=($!)
        for ((wait = 0; wait < 100; wait++)); do
            if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
                # shellcheck disable=SC2034 # read by the scripts
                pooler_url="postgresql://postgres@127.0.0.1:$port/tranche"
                return
            fi
            kill -0 "${pooler_pids[-1]}" 2>/dev/null || break
            sleep 0.1
        done
    done
    cat "$folder/output" "$folder/log" >&2 || true
    die "pgbouncer does not start"
}

# Stops the poolers, where any run.
stop_poolers() {
    [ ${#pooler_pids[@]} -eq 0 ] || kill "${pooler_pids[@]}" 2>/dev/null || true
    pooler_pids=()
}
