# shellcheck shell=bash
# A container engine of the tests' own: podman with its Docker API on a unix socket, and one image. Needs lib.sh.

containers_folder=""
containers_pid=""

# What the engine needs, beside root.
containers_packages=(podman runc busybox-static)

# Runs podman as the engine does.
containers_podman() {
    CONTAINERS_CONF="$containers_folder/containers.conf" podman --root "$containers_folder/store" \
        --runroot "$containers_folder/run" --tmpdir "$containers_folder/tmp" "$@"
}

# Writes the engine's configuration: runc, and limits that a root without CAP_SYS_RESOURCE may set.
write_containers_conf() {
    cat >"$containers_folder/containers.conf" <<END
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
netns = "none"
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
}

# Makes the image localhost/tranche-test:1 of Debian's busybox, as no registry is needed for that.
make_container_image() {
    local root="$containers_folder/rootfs" name
    mkdir -p "$root/bin" "$root/tmp"
    chmod 1777 "$root/tmp"
    cp "$(command -v busybox)" "$root/bin/busybox"
    for name in $("$root/bin/busybox" --list); do
        [ "$name" = busybox ] || ln -s busybox "$root/bin/$name"
    done
    tar -C "$root" -cf "$containers_folder/image.tar" .
    containers_podman import -q "$containers_folder/image.tar" localhost/tranche-test:1 >/dev/null \
        || die "the image of the containers' tests cannot be made"
    rm -rf "$root" "$containers_folder/image.tar"
}

# Starts the engine's service alone, as after it has died.
start_container_service() {
    local try
    rm -f "$containers_folder/api.sock"
    # In its own folder: what watches a container's memory leaves an empty file where it was started.
    (
        cd "$containers_folder" || exit 1
        CONTAINERS_CONF="$containers_folder/containers.conf" exec podman --root "$containers_folder/store" \
            --runroot "$containers_folder/run" --tmpdir "$containers_folder/tmp" \
            system service --time=0 "unix://$containers_folder/api.sock" >log 2>&1
    ) &
    containers_pid=$!
    for ((try = 0; try < 100; try++)); do
        [ ! -S "$containers_folder/api.sock" ] || return 0
        kill -0 "$containers_pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$containers_folder/log" >&2
    die "podman's service does not start"
}

# Starts an engine in a new folder; sets containers_url. Containers run without a network unless told.
# usage: start_containers PARENT-FOLDER
start_containers() {
    need_packages "${containers_packages[@]}"
    containers_folder=$(mktemp -d "$1/tranche-containers.XXXXXX")
    write_containers_conf
    make_container_image
    start_container_service
    # shellcheck disable=SC2034 # read by the scripts
    containers_url="unix://$containers_folder/api.sock"
}

# Stops the engine and all its containers, where one runs, and removes its folder.
stop_containers() {
    [ -n "$containers_folder" ] || return 0
    containers_podman rm --all --force --time 0 >/dev/null 2>&1 || true
    [ -z "$containers_pid" ] || kill "$containers_pid" 2>/dev/null || true
    [ -z "$containers_pid" ] || wait "$containers_pid" 2>/dev/null || true
    umount "$containers_folder/store/overlay" 2>/dev/null || true
    rm -rf "$containers_folder"
    containers_folder=""
    containers_pid=""
}
