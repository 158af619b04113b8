#!/bin/sh
# Runs the tests of services in two streams side by side: sh tests/streams.sh PYTHON
# In one those of real processes, which start, kill and empty the brokers, one after the other; in the other all the rest,
# whose output comes at the end.
set -eu

rest=$(mktemp)
trap 'rm -f "$rest"' EXIT
"$1" -m pytest -m services --ignore=tests/e2e --ignore=tests/chaos >"$rest" 2>&1 &
other=$!
trap 'kill "$other" 2>/dev/null || true; rm -f "$rest"' INT TERM
failed=0
"$1" -m pytest -m services tests/e2e tests/chaos || failed=$?
wait "$other" || failed=$?
cat "$rest"
exit "$failed"
