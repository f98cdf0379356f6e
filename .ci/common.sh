# shellcheck shell=bash
# Shared by ./run and ./test (sourced): packages, and how many jobs to use.

jobs=$(nproc)

say() { printf '%s\n' "ferrule: $*" >&2; }

# listed SECTION...: the names that these sections of `packages` list.
listed() {
    local wanted=" $* " section="" line
    while read -r line; do
        line=${line%%#*}
        line=${line//[[:space:]]/}
        case $line in
            "") ;;
            "["*) section=${line//[\[\]]/} ;;
            *) [[ $wanted == *" $section "* ]] && printf '%s\n' "$line" ;;
        esac
    done <packages
}

# missing NAME...: those of them that are not installed.
missing() {
    local installed name
    # dpkg-query fails if it knows one of them not at all, which is what is asked here.
    installed=$({ dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null || true; } |
        sed -n 's/^.i  *//p')
    for name in "$@"; do
        grep -qxF -- "$name" <<<"$installed" || printf '%s\n' "$name"
    done
}

# need SECTION...: installs what is missing. Packages with a daemon in them must not start it, so
# where no policy says so yet, one stands for as long as the installation takes.
need() {
    local names absent
    mapfile -t names < <(listed "$@")
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "no apt-get here; needed are: ${names[*]}"
        return 0
    fi
    mapfile -t absent < <(missing "${names[@]}")
    ((${#absent[@]})) || return 0

    local as_root=()
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            say "please install, as root: apt-get install --no-install-recommends ${absent[*]}"
            return 1
        fi
        as_root=(sudo)
    fi
    say "installing ${absent[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive bash -euc '
        policy=/usr/sbin/policy-rc.d
        if [[ ! -e $policy ]]; then
            trap "rm -f $policy" EXIT
            trap "exit 130" INT TERM HUP
            printf "#!/bin/sh\nexit 101\n" >$policy
            chmod 755 $policy
        fi
        apt="apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
        $apt update
        $apt install --yes --no-install-recommends "$@"
    ' install "${absent[@]}" </dev/null >&2
}
