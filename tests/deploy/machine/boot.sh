#!/bin/bash
# boot.sh TREE FOLDER SECONDS: boots TREE with systemd as its first process, FOLDER bound to
# /opt/ferrule-test, and exits with what `systemctl exit` says inside; 124 after SECONDS.
# Changes made inside are gone afterwards, but for those in FOLDER. There is no network inside but a
# loopback of its own.
#
# It needs root and a cgroup hierarchy of version 2 somewhere, and nothing else of the machine: no
# systemd as first process here, no registration with one.
set -euo pipefail
tree=$1 folder=$2 seconds=$3

# systemd-nspawn asks for the cgroup of process 1, so it gets a process 1 that has one to itself.
hierarchy=/sys/fs/cgroup/unified
[[ -d $hierarchy ]] || hierarchy=/sys/fs/cgroup
group=$hierarchy/ferrule-test.$$
mkdir "$group"
clean() {
    local try
    for try in 1 2 3 4 5; do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [[ -d $group ]] || break
        sleep 0.2
    done
}
trap clean EXIT

# Inside, /sys/fs/cgroup has version 2 only (a hybrid one is refused), and /run is memory.
export tree folder
inside='
    umount -R /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    mount -t tmpfs tmpfs /run
    systemd-nspawn --quiet --directory="$tree" --volatile=overlay --private-network \
        --bind="$folder":/opt/ferrule-test --boot --register=no --keep-unit --console=pipe \
        </dev/null
'
code=0
timeout -k 5 "$seconds" bash -c '
    echo $$ >"$0/cgroup.procs"
    exec unshare --mount --cgroup --pid --fork --kill-child --mount-proc bash -euc "$1"
' "$group" "$inside" || code=$?
exit "$code"
