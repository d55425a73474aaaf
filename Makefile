.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test run lint peers bench kill fuzz soak pictures lock clean

help: ## this page
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## set up, then show 27 January 2025 replayed on this machine alone (SIMULATED); DEMO="--speed 600" for a faster day, DEMO=--headless for its log
	$(BIN)/monitor demo $(DEMO)

test: $(READY) ## set up, then run every test; TEST="-k topics" for some
	$(BIN)/python -m pytest -n auto --dist loadfile $(TEST)

run: $(READY) ## collect for real, headless, alerts to standard output; RUN="--config my.yaml" for more
	$(BIN)/monitor collect --alert-log - --alert-format text $(RUN)

lint: $(READY) ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-cache

peers: $(READY) ## the programs that bench compares with, into .peers/ (newsboat and sfeed come from your distribution)
	$(BIN)/python -m benchmarks.peers

bench: $(READY) ## what it costs, beside those programs; BENCH="screens quotes" for some, BENCH=--write for docs/benchmarks.md
	$(BIN)/python -m benchmarks $(BENCH)

kill: $(READY) ## kill -9 at 200 random moments of a collector's life, a first start and an upgrade: is anything lost? six minutes
	MONITOR_KILLS=200 $(BIN)/python -m pytest tests/test_kill.py -s

fuzz: $(READY) ## feeds and settings with mistakes in them, ten minutes each; what breaks a promise stays in fuzz/found
	$(BIN)/python -m fuzz parse
	$(BIN)/python -m fuzz settings

soak: $(READY) ## a week of polls and ten thousand quote rounds in twenty minutes: does anything grow?
	$(BIN)/python -m benchmarks.soak

pictures: $(READY) ## README's pictures, made anew of the replayed day: four minutes
	$(BIN)/python -m pictures

lock: ## write requirements.lock anew from pyproject.toml (hashes, no addresses; needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-header --no-annotate --upgrade --extra apprise --group dev pyproject.toml -o requirements.lock

clean: ## remove what make made
	rm -rf $(VENV) .peers dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("monitor needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
