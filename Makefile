# Needs make and Python 3.11 or newer; everything else comes from the hash-locked requirements.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.PHONY: help up demo check test lint format detectors clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(RUNTIME) ## Run everything (SIGHTGLASS_HOME, SIGHTGLASS_PORT, …: docs/configuration.md)
	@exec $(BIN)/sightglass up

demo: $(RUNTIME) ## Fill the running installation with three weeks of believable traffic
	@exec $(BIN)/sightglass demo

check: $(RUNTIME) ## Say what is misconfigured for production
	@exec $(BIN)/sightglass check

test: $(DEV) ## Run all tests (browser tests need Chromium; PYTEST_ARGS="-k name" narrows them)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(DEV) ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m mypy
	PYTHONPATH=platform:. $(BIN)/lint-imports

format: $(DEV) ## Format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

detectors: $(DEV) ## Train the embedded detectors (DATA=folder, NAMES="toxicity refusal": docs/detectors)
	@test -n "$(DATA)" || { echo "DATA=folder is needed: docs/detectors/README.md" >&2; exit 1; }
	PYTHONPATH=platform:. $(BIN)/python -m evals.detectors.training "$(DATA)" $(NAMES)

clean: ## Remove the virtual environment and caches, never data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/sightglass: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12, 3.13 or 3.14 is needed" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@printf '#!/bin/sh\nexec "%s/bin/python" "%s/manage.py" "$$@"\n' "$(abspath $(VENV))" "$(CURDIR)" > $@
	@chmod +x $@

$(RUNTIME): $(BIN)/sightglass requirements.lock
	@echo "Installing from requirements.lock (the first time takes about a minute)"
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.lock
	@echo "Installing from requirements-dev.lock"
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@
