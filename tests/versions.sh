#!/bin/sh
# The tests on each Python that this machine has; names those that it does not have.
set -eu
ran="" missing="" failed=""
for version in 3.11 3.12 3.13 3.14; do
    python=$(command -v "python$version" || ls -d "$HOME"/.pyenv/versions/"$version".*/bin/python 2>/dev/null | tail -n 1 || true)
    if [ -z "$python" ]; then
        missing="$missing $version"
        continue
    fi
    folder=.cache/versions/$version
    echo "== Python $version: $python"
    "$python" -m venv --clear "$folder"
    "$folder/bin/python" -m pip --quiet --disable-pip-version-check install -c tests/constraints.txt \
        -e '.[dev,postgresql,redis,openbadges]' -e tests/e2e/example_host
    if "$folder/bin/python" -m pytest -q -n 4 -m 'not services' tests/plugin tests/adapters tests/hooks; then
        ran="$ran $version"
    else
        failed="$failed $version"
    fi
done
echo "passed:${ran:- none}; failed:${failed:- none}; not on this machine:${missing:- none}"
test -z "$failed"
