# Needs Python 3.11 or newer with venv; every target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WHEELHOUSE := .wheelhouse
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

DOCS := $(VENV)/.docs
DEMO := .cache/demo
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }

.PHONY: help setup demo docs test test-services versions oldest lint bench soak chaos clean

help:
	@echo "make demo           see completed courses become badges, on this machine alone"
	@echo "make test           the tests, on embedded defaults"
	@echo "make test-services  the tests that need PostgreSQL, RabbitMQ, Redis and Node (installed from Debian's packages if absent)"
	@echo "make versions       the tests on each Python that this machine has"
	@echo "make oldest         the short form of the tests with the oldest dependencies that setup.cfg allows"
	@echo "make docs           the pages of docs/, built into docs/_build/html"
	@echo "make lint           ruff, mypy --strict and the pages"
	@echo "make bench          the benchmark (ratios, medians of three), about a quarter of an hour"
	@echo "make soak           a day in three minutes: nothing owed at its end, and nothing has grown"
	@echo "make chaos          kills, outages and lost answers: nothing lost, nothing twice"

setup: $(STAMP)

# Builds without isolation, so that the constraints hold for the build backend too and nothing is fetched twice.
$(STAMP): Makefile setup.cfg pyproject.toml tests/constraints.txt tests/e2e/example_host/setup.cfg
	@$(CHECK_PYTHON)
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) install -c tests/constraints.txt setuptools wheel
	$(PIP) install -c tests/constraints.txt --no-build-isolation -e '.[dev,postgresql,celery,openbadges]' -e tests/e2e/example_host
	rm -rf $(WHEELHOUSE) && mkdir $(WHEELHOUSE)
	$(PIP) wheel -c tests/constraints.txt --wheel-dir $(WHEELHOUSE) $$($(BIN)/python -c \
		'from importlib.metadata import requires; print(*(r for r in requires("badgerelay") if "extra" not in r))') pytest
	mkdir -p .cache/typing && ln -sfn ../.. .cache/typing/badgerelay
	$(PIP) download -c tests/constraints.txt --no-deps --no-build-isolation --no-binary openbadgeslib -d .cache/peers \
		openbadgeslib
	touch $@

# The demo has an environment of its own, with badgerelay and what it needs, and no developers' tools.
demo: $(DEMO)/.installed
	$(DEMO)/bin/badgerelay demo

$(DEMO)/.installed: setup.cfg pyproject.toml tests/constraints.txt
	@$(CHECK_PYTHON)
	@echo "1/2 making an environment in $(DEMO)"
	@$(PYTHON) -m venv --clear $(DEMO)
	@echo "2/2 installing badgerelay and its dependencies into it"
	@$(DEMO)/bin/python -m pip --disable-pip-version-check install --progress-bar off -c tests/constraints.txt -e .
	@$(DEMO)/bin/badgerelay --version
	@touch $@

docs: $(DOCS)
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet --jobs auto docs docs/_build/html
	@echo "docs/_build/html/index.html"

$(DOCS): $(STAMP)
	$(PIP) install -c tests/constraints.txt --no-build-isolation -e '.[docs]'
	touch $@

test: $(STAMP)
	# They wait more than they work.
	$(BIN)/python -m pytest -n 4 -m 'not services'

test-services: $(STAMP)
	sh tests/services.sh sh tests/streams.sh $(BIN)/python

versions:
	sh tests/versions.sh

oldest:
	sh tests/oldest.sh $(PYTHON)

lint: $(STAMP) docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p badgerelay

bench: $(STAMP)
	$(BIN)/python -m tests.bench

soak: $(STAMP)
	$(BIN)/python -m tests.bench soak

chaos: $(STAMP)
	$(BIN)/python -m tests.chaos

clean:
	rm -rf $(VENV) $(WHEELHOUSE) $(DEMO) docs/_build build dist *.egg-info
