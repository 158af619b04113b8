#!/bin/sh
# Runs the tests of services in three streams side by side: sh tests/streams.sh PYTHON
# One has those that kill and empty the brokers, one after the other; one the storm, which starts brokers of its own; one
# all the rest. The output of the latter two comes at the end.
set -eu

python=$1
storm=$(mktemp)
rest=$(mktemp)
trap 'rm -f "$storm" "$rest"' EXIT
"$python" -m pytest -m services tests/chaos >"$storm" 2>&1 &
storms=$!
"$python" -m pytest -m services --ignore=tests/e2e --ignore=tests/chaos >"$rest" 2>&1 &
others=$!
trap 'kill "$storms" "$others" 2>/dev/null || true; rm -f "$storm" "$rest"' INT TERM
failed=0
"$python" -m pytest -m services tests/e2e || failed=$?
wait "$storms" || failed=$?
wait "$others" || failed=$?
cat "$storm" "$rest"
exit "$failed"
