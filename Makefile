# Needs Python 3.11 or newer with venv; every target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WHEELHOUSE := .wheelhouse

.PHONY: help setup demo test test-services lint bench clean

help:
	@echo "make demo           see completed courses become badges, on this machine alone"
	@echo "make test           the tests, on embedded defaults"
	@echo "make test-services  the tests that need PostgreSQL (installed from Debian's packages if absent)"
	@echo "make lint           ruff and mypy --strict"
	@echo "make bench          the benchmark (ratios, medians of three)"

setup: $(STAMP)

$(STAMP): setup.cfg pyproject.toml tests/constraints.txt tests/e2e/example_host/setup.cfg
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c tests/constraints.txt -e '.[dev,postgresql]'
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --wheel-dir $(WHEELHOUSE) \
		-c tests/constraints.txt --no-cache-dir alembic click cryptography flask granian marshmallow platformdirs \
		pluggy requests sqlalchemy tabulate setuptools wheel
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e tests/e2e/example_host
	mkdir -p .cache/typing && ln -sfn ../.. .cache/typing/badgerelay
	touch $@

demo: $(STAMP)
	$(BIN)/badgerelay demo

test: $(STAMP)
	$(BIN)/python -m pytest -m 'not services'

test-services: $(STAMP)
	sh tests/services.sh $(BIN)/python -m pytest -m services

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p badgerelay

bench: $(STAMP)
	$(BIN)/python -m tests.bench

clean:
	rm -rf $(VENV) $(WHEELHOUSE) build dist *.egg-info
