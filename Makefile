# `make up` starts the product, `make test` checks everything. Both install what is missing into .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export BATON_MODE ?= demo

# Python keeps what it compiled, whatever the shell says: a process that compiles everything anew starts half as quickly.
unexport PYTHONDONTWRITEBYTECODE

# uv installs in a tenth of pip's time; where it cannot be had, or finds less than pip is configured to, pip does it.
define INSTALL
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(1) || ( \
		$(BIN)/python -m pip install --quiet --upgrade pip && $(BIN)/python -m pip install --quiet $(1) )
	@touch $@
endef

.PHONY: up test test-both lint migration requirements reference openapi translations clean

up: $(VENV)/installed
	@exec $(BIN)/baton up

# Three processes on two cores: tests wait for browsers, databases and clocks a third of their time.
test: lint
	BATON_MODE= $(BIN)/python -m pytest -q -n 3 --maxschedchunk=8

# Before a release: tests of pages and API too on SQLite and on PostgreSQL, where `test` gives each one of the two.
test-both: export BATON_TEST_DATABASES = both
test-both: test

lint: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --strict docs/examples/mobile-client
	$(BIN)/lint-imports

# The first revision is written anew from the models, as long as nothing has been released.
migration: $(VENV)/installed-for-tests
	rm -f migrations/versions/0001_*.py
	$(BIN)/baton db draft 0001 "every table"

# Which requirement is proved by which test, read off the marks.
requirements: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.requirements_table

# Every key of the flow language, what a plugin may import, and every command: read off the code.
reference: $(VENV)/installed
	$(BIN)/baton flows reference > docs/flow-language.md
	$(BIN)/baton flows reference --of plugin > docs/flows/plugin.md
	$(BIN)/baton flows reference --of commands > docs/commands.md

# Every sentence of the product into the catalogues of its room, for translators; what is translated stays.
translations: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.translations

# The API as released: accepts what was added, refuses what would break apps that are out there.
openapi: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.api.released

clean:
	rm -rf $(VENV) var

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(call INSTALL,-e .)

$(VENV)/installed-for-tests: pyproject.toml | $(BIN)/python
	$(call INSTALL,-e . --group dev)
	@touch $(VENV)/installed
