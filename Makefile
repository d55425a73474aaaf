.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test run lint bench pictures lock clean

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

bench: $(READY) ## what it costs, measured
	$(BIN)/python -m benchmarks

pictures: $(READY) ## README's pictures, made anew of the replayed day: four minutes
	$(BIN)/python -m pictures

lock: ## write requirements.lock anew from pyproject.toml (hashes, no addresses; needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-header --no-annotate --upgrade --extra apprise --group dev pyproject.toml -o requirements.lock

clean: ## remove what make made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("monitor needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
