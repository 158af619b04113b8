#!/bin/sh
# Runs a command with a PostgreSQL, a RabbitMQ and a Redis of its own: sh tests/services.sh COMMAND [ARGUMENT...]
# BADGERELAY_TEST_POSTGRESQL, _RABBITMQ and _REDIS tell the command where they are, _VERIFIER where a verifier in Node
# is whose packages are installed (see tests/verifier), and with
# BADGERELAY_TEST_BROKERS set `sh tests/broker.sh` kills and starts the brokers. All is stopped and removed when the
# command ends. What is absent is installed from Debian's packages, which needs root.
set -eu

if [ $# -eq 0 ]; then
    echo "usage: sh tests/services.sh COMMAND [ARGUMENT...]" >&2
    exit 2
fi

here=$(cd "$(dirname "$0")" && pwd)

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

missing() {
    [ -n "$(binaries)" ] || echo postgresql
    ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin >/dev/null 2>&1 || echo rabbitmq-server
    command -v redis-server >/dev/null || echo redis-server
    command -v npm >/dev/null || echo npm
}

install() {
    echo "services.sh: installing $*" >&2
    policy=/usr/sbin/policy-rc.d
    made=
    if [ ! -e "$policy" ]; then
        # Only our own instances are wanted: the packages start none.
        made=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    (
        DEBIAN_FRONTEND=noninteractive
        export DEBIAN_FRONTEND
        apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@"
    ) >&2 || true
    [ -z "$made" ] || rm -f "$policy"
}

absent=$(missing)
if [ -n "$absent" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    # shellcheck disable=SC2086 # one word per package
    install $absent
    absent=$(missing)
fi
if [ -n "$absent" ]; then
    echo "services.sh: not installed, and only root can install it: apt-get install" $absent >&2
    if [ -n "${CI:-}" ]; then
        exit 1
    fi
    echo "services.sh: going on; the tests that need it are skipped" >&2
fi
has() { ! echo "$absent" | grep -qx "$1"; }

# The folder's name is short, as the path of a socket has to be.
folder=$(mktemp -d /tmp/badgerelay-sv.XXXXXX)
chmod 711 "$folder"
BADGERELAY_TEST_BROKERS=$folder
export BADGERELAY_TEST_BROKERS
bin=$(binaries)
as_owner() { "$@"; }
mkdir "$folder/pg"
if has postgresql && [ "$(id -u)" -eq 0 ]; then
    # PostgreSQL refuses to run as root.
    chown postgres "$folder/pg"
    as_owner() { (cd / && runuser -u postgres -- "$@"); }
fi

clean_up() {
    status=$?
    trap - EXIT HUP INT TERM
    [ ! -d "$folder/pg/data" ] || as_owner "$bin/pg_ctl" stop -D "$folder/pg/data" -m immediate -s >/dev/null 2>&1 || true
    for broker in rabbitmq redis epmd; do
        [ ! -e "$folder/$broker.pid" ] || kill -9 "$(cat "$folder/$broker.pid")" 2>/dev/null || true
    done
    # The Erlang machine's helpers end with it, a moment later.
    rm -rf "$folder" 2>/dev/null || { sleep 1 && rm -rf "$folder"; }
    exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# No TCP: a socket in a folder of its own needs no free port and no password. Nothing here has to survive a crash.
start_postgresql() {
    options="-c listen_addresses= -k $folder/pg -c fsync=off -c max_connections=300"
    as_owner "$bin/initdb" -D "$folder/pg/data" -U postgres -A trust -E UTF8 --locale=C >"$folder/pg.log" 2>&1 &&
        as_owner "$bin/pg_ctl" start -D "$folder/pg/data" -w -t 60 -s -l "$folder/pg/data/log" -o "$options" || {
        cat "$folder/pg.log" "$folder/pg/data/log" >&2 || true
        echo "services.sh: PostgreSQL does not start" >&2
        return 1
    }
}

# shellcheck disable=SC2046 # four words
set_ports() {
    echo "$1" >"$folder/rabbitmq.port"
    echo "$2" >"$folder/redis.port"
    echo "$3" >"$folder/epmd.port"
    echo "$4" >"$folder/distribution.port"
}
set_ports $(python3 -c '
import socket
probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(probe.getsockname()[1] for probe in probes))')

waiting=
if has rabbitmq-server; then
    sh "$here/broker.sh" rabbitmq start &
    waiting="$waiting $!"
    BADGERELAY_TEST_RABBITMQ="amqp://guest:guest@127.0.0.1:$(cat "$folder/rabbitmq.port")//"
    export BADGERELAY_TEST_RABBITMQ
fi
if has redis-server; then
    sh "$here/broker.sh" redis start &
    waiting="$waiting $!"
    BADGERELAY_TEST_REDIS="redis://127.0.0.1:$(cat "$folder/redis.port")/0"
    export BADGERELAY_TEST_REDIS
fi
if has postgresql; then
    start_postgresql &
    waiting="$waiting $!"
    BADGERELAY_TEST_POSTGRESQL="postgresql+psycopg://postgres@/postgres?host=$folder/pg"
    export BADGERELAY_TEST_POSTGRESQL
fi
if has npm; then
    (cd "$here/verifier" && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent; }) >&2 &
    waiting="$waiting $!"
    BADGERELAY_TEST_VERIFIER=$here/verifier
    export BADGERELAY_TEST_VERIFIER
fi
for each in $waiting; do
    wait "$each"
done

"$@"
