#!/bin/sh
# Starts, kills or empties a private message broker: sh tests/broker.sh rabbitmq|redis start|kill|wipe
# BADGERELAY_TEST_BROKERS is the folder of both, made by services.sh; NAME.port in it says where each listens.
# kill is SIGKILL, as a crash is; wipe removes what a killed one had kept; start waits until it takes connections.
set -eu

name=$1
folder=$BADGERELAY_TEST_BROKERS
port=$(cat "$folder/$name.port")

listens() {
    python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" 2>/dev/null
}

start_redis() {
    mkdir -p "$folder/redis"
    redis-server --bind 127.0.0.1 --port "$port" --dir "$folder/redis" --save '' --appendonly no \
        >"$folder/redis.log" 2>&1 </dev/null &
    echo $! >"$folder/redis.pid"
}

start_rabbitmq() {
    scripts=$(ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin | sort -rV | head -n 1)
    mkdir -p "$folder/rabbitmq"
    # What RabbitMQ would look for in /etc and /var: here, and nothing of another instance.
    HOME=$folder
    ERL_EPMD_PORT=$(cat "$folder/epmd.port")
    ERL_EPMD_ADDRESS=127.0.0.1
    RABBITMQ_NODENAME=badgerelay$port@localhost
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
    RABBITMQ_NODE_PORT=$port
    RABBITMQ_DIST_PORT=$(cat "$folder/distribution.port")
    RABBITMQ_MNESIA_BASE=$folder/rabbitmq
    RABBITMQ_LOG_BASE=$folder/rabbitmq-log
    RABBITMQ_CONF_ENV_FILE=$folder/none.conf
    RABBITMQ_CONFIG_FILE=$folder/rabbitmq
    RABBITMQ_ADVANCED_CONFIG_FILE=$folder/none.config
    RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}"
    RUNNING_UNDER_SYSTEMD=1 # so that the script becomes the server, and its pid is the server's
    export HOME ERL_EPMD_PORT ERL_EPMD_ADDRESS RABBITMQ_NODENAME RABBITMQ_NODE_IP_ADDRESS RABBITMQ_NODE_PORT \
        RABBITMQ_DIST_PORT RABBITMQ_MNESIA_BASE RABBITMQ_LOG_BASE RABBITMQ_CONF_ENV_FILE RABBITMQ_CONFIG_FILE \
        RABBITMQ_ADVANCED_CONFIG_FILE RABBITMQ_ENABLED_PLUGINS_FILE RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS \
        RUNNING_UNDER_SYSTEMD
    echo '[].' >"$folder/plugins"
    echo 'disk_free_limit.absolute = 10MB' >"$folder/rabbitmq.conf"
    if ! listens "$ERL_EPMD_PORT"; then
        epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 >"$folder/epmd.log" 2>&1 </dev/null &
        echo $! >"$folder/epmd.pid"
        until listens "$ERL_EPMD_PORT"; do sleep 0.05; done
    fi
    cd "$folder"
    "$scripts/rabbitmq-server" >"$folder/rabbitmq.log" 2>&1 </dev/null &
    echo $! >"$folder/rabbitmq.pid"
}

case $2 in
    start)
        "start_$name"
        pid=$(cat "$folder/$name.pid")
        until listens "$port"; do
            kill -0 "$pid" 2>/dev/null || {
                cat "$folder/$name.log" >&2
                echo "broker.sh: $name does not start" >&2
                exit 1
            }
            sleep 0.1
        done
        ;;
    kill)
        pid=$(cat "$folder/$name.pid" 2>/dev/null || true)
        if [ -n "$pid" ]; then
            kill -9 "$pid" 2>/dev/null || true
            while kill -0 "$pid" 2>/dev/null && [ "$(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null)" != Z ]; do
                sleep 0.05
            done
        fi
        ;;
    wipe) rm -rf "$folder/${name:?}" ;;
esac
