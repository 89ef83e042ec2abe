# `make demo` and `make test` do all of their own set-up; see tools/setup. The second time they start at once.

BIN := .venv/bin
DATABASE_TESTS := tests/architecture/test_database.py tests/services tests/scenarios tests/faults tests/web/test_pages.py
# Two cores are what a small machine has; `make test WORKERS=8` on a larger one.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo serve test slow check format bench performance peers contracts lock setup dev clean

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: setup ## The whole story in the terminal, from a spreadsheet to a verified diploma (ARGS=--resume goes on)
	@$(BIN)/sogoc demo $(ARGS)

serve: setup ## The public page of the archive that the demo made
	@$(BIN)/sogoc serve $(ARGS)

test: dev ## All tests but the slow ones; those of the database on PostgreSQL too, and there with every case
	$(BIN)/pytest -n $(WORKERS) --dist worksteal
	SOGOC_TEST_DATABASE=postgresql $(BIN)/pytest -n $(WORKERS) --dist worksteal $(DATABASE_TESTS)

slow: dev ## The tests that take minutes, and every case of those of the database on SQLite
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m slow

check: export SOGOC_SECRET_KEY = none
check: dev ## Style, types, layers, migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@# An empty archive, so that a check neither reads nor makes one here.
	home=$$(mktemp -d) && trap "rm -rf $$home" EXIT && \
	    SOGOC_HOME=$$home DJANGO_SETTINGS_MODULE=sogoc.server.settings \
	    $(BIN)/python -m django makemigrations --check --dry-run

format: dev ## Let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: dev .tools/bench/ready ## Measure: ten minutes, or more with SIZE=1500000; PEERS=1 also what people use today
	$(if $(PEERS),benchmarks/peers/setup)
	$(BIN)/python benchmarks/run.py $(if $(SIZE),--size $(SIZE)) $(if $(PEERS),--peers) $(ARGS)

performance: dev .tools/bench/ready ## Write docs/performance.md from the newest results, or from RESULTS=FILE
	$(BIN)/python benchmarks/page.py $(RESULTS)

peers: dev ## Install what we are measured against, and measure only that
	benchmarks/peers/setup
	$(BIN)/python benchmarks/peers/compare.py $(ARGS)

# The plot is drawn by an environment of its own: what the product needs is measured without it.
.tools/bench/ready: requirements/bench.txt | dev
	$(BIN)/python -m venv --clear $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check --quiet --no-input install --require-hashes --requirement $<
	@touch $@

contracts: dev ## Recompile the anchor contract, compare it byte for byte with ours, fuzz and prove it
	contracts/check

# Versions and hashes, never a registry's address. Each set takes the versions of the one that holds it.
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
COMPILE := $(LOCK) --python-version 3.11

lock: dev ## Write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade takes newer versions)
	$(COMPILE) pyproject.toml $(ARGS) --group dev --extra server --extra s3 --extra hsm -o requirements/dev.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt --group build --extra server -o requirements/server.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt -o requirements/base.txt
	$(COMPILE) --constraint requirements/dev.txt --group bench -o requirements/bench.txt
	$(LOCK) --python-version 3.10 benchmarks/peers/blockcerts.in -o benchmarks/peers/blockcerts.txt

setup:
	@tools/setup run

dev:
	@tools/setup dev

clean: ## Remove what was made and installed; an archive in .sogoc/ holds keys and stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-output
	find src tests -name __pycache__ -prune -exec rm -rf {} +
