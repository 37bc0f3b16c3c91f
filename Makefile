# `make up` starts the product, `make test` checks everything. Both install what is missing into .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export BATON_MODE ?= demo
# uv installs in a third of pip's time; where it is missing, pip is quite enough.
UV := $(shell command -v uv 2>/dev/null)
INSTALL = $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)

.PHONY: up test lint migration clean

up: $(VENV)/.installed
	@exec $(BIN)/baton up

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -q -n 2

# The first revision is written anew from the models, as long as nothing has been released.
migration: $(VENV)/.installed-dev
	rm -f migrations/versions/0001_*.py
	$(BIN)/baton db draft 0001 "every table"

clean:
	rm -rf $(VENV) var

$(BIN)/python:
	@$(if $(UV),$(UV) venv --quiet --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV))

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing ..."
	@$(INSTALL) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing with the tools for tests ..."
	@$(INSTALL) -e . --group dev
	@touch $@ $(VENV)/.installed
