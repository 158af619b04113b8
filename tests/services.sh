#!/bin/sh
# Runs a command with a PostgreSQL of its own: sh tests/services.sh COMMAND [ARGUMENT...]
# BADGERELAY_TEST_POSTGRESQL tells the command where it is; it is stopped and removed when the command ends.
# PostgreSQL is installed from Debian's packages where it is absent, which needs root.
set -eu

if [ $# -eq 0 ]; then
    echo "usage: sh tests/services.sh COMMAND [ARGUMENT...]" >&2
    exit 2
fi

binaries() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
            echo "$folder"
            return
        fi
    done
    if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
        dirname "$(command -v initdb)"
    fi
}

bin=$(binaries)
if [ -z "$bin" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "services.sh: installing PostgreSQL" >&2
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    if apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends postgresql >&2; then
        bin=$(binaries)
    fi
fi
if [ -z "$bin" ]; then
    why="PostgreSQL is not installed, and only root can install it: apt-get install postgresql"
    [ "$(id -u)" -ne 0 ] || why="PostgreSQL could not be installed: apt-get install postgresql"
    echo "services.sh: $why" >&2
    if [ -n "${CI:-}" ]; then
        exit 1
    fi
    echo "services.sh: going on without it; the tests that need it are skipped" >&2
    exec "$@"
fi

# The folder's name is short, as the path of a socket has to be.
folder=$(mktemp -d /tmp/badgerelay-pg.XXXXXX)
as_owner() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then
    # PostgreSQL refuses to run as root.
    chown postgres "$folder"
    as_owner() { (cd / && runuser -u postgres -- "$@"); }
fi

clean_up() {
    status=$?
    trap - EXIT HUP INT TERM
    as_owner "$bin/pg_ctl" stop -D "$folder/data" -m immediate -s >/dev/null 2>&1 || true
    rm -rf "$folder"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# No TCP: a socket in a folder of its own needs no free port and no password. Nothing here has to survive a crash.
options="-c listen_addresses= -k $folder -c fsync=off -c max_connections=300"
as_owner "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C >"$folder/log" 2>&1 &&
    as_owner "$bin/pg_ctl" start -D "$folder/data" -w -t 60 -s -l "$folder/data/log" -o "$options" || {
    cat "$folder/log" "$folder/data/log" >&2 || true
    echo "services.sh: PostgreSQL does not start" >&2
    exit 1
}

BADGERELAY_TEST_POSTGRESQL="postgresql+psycopg://postgres@/postgres?host=$folder"
export BADGERELAY_TEST_POSTGRESQL
"$@"
