#!/bin/sh
# The short form of the tests with the oldest version of each dependency that setup.cfg allows.
set -eu
python=${1:-python3}
folder=.cache/oldest
mkdir -p .cache
"$python" - > .cache/oldest.txt <<'END'
import configparser, re

config = configparser.ConfigParser()
config.read("setup.cfg")
for line in config["options"]["install_requires"].splitlines():
    if not line or line.startswith("#"):
        continue
    name, bound = re.match(r"([\w.-]+)>=([\d.]+)", line).groups()
    print(f"{name}=={bound}" if bound.count(".") > 1 else f"{name}=={bound}.*")
END
cat .cache/oldest.txt
"$python" -m venv --clear "$folder"
"$folder/bin/python" -m pip --quiet --disable-pip-version-check install -c .cache/oldest.txt \
    -e '.[postgresql,openbadges]' pytest pytest-xdist responses hypothesis jsonschema openbadgeslib -e tests/e2e/example_host
# openbadgeslib itself needs newer versions for what its own verifier checks.
"$folder/bin/python" -m pytest -q -n 4 -m "not services" --ignore tests/adapters/test_openbadges_verifiers.py \
    tests/hooks tests/adapters tests/plugin/store tests/plugin/delivery \
    tests/plugin/web tests/plugin/cli
