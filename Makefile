# The whole product on one machine needs Python 3.11 and nothing else: `make run`.
# Choose ports with e.g. `make run CONCORD_ANALYTICS_PORT=8001`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.DELETE_ON_ERROR:
.PHONY: run test test-simulations lint benchmark benchmark-screens screenshots lock

run: .venv/installed
	@$(BIN)/concord run

test: lint .venv/models-installed .venv-argilla/installed
	$(BIN)/pytest

test-simulations: .venv/models-installed
	$(BIN)/pytest -m simulation tests

lint: .venv/models-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

benchmark: .venv/installed
	$(BIN)/python benchmarks/agreement.py

# DATA holds the public data sets of benchmarks/README.md.
benchmark-screens: .venv/models-installed
	@test -d "$(DATA)/screening" || { echo "name the folder of data sets: make benchmark-screens DATA=folder"; exit 1; }
	$(BIN)/python benchmarks/near_duplicates.py $(DATA)/screening/sentences_34_languages.parquet
	$(BIN)/python benchmarks/screens.py --data $(DATA)
	$(BIN)/python benchmarks/toxicity.py $(DATA)/screening

screenshots: .venv/installed
	$(BIN)/python tests/screenshots.py

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	uv pip compile setup.cfg --extra server --extra dev --python-version 3.11 --universal --generate-hashes \
		--no-header --output-file requirements.lock
	echo "torch; sys_platform == 'none'" | uv pip compile setup.cfg requirements-models.in \
		--extra models --extra english --extra benchmark --constraint requirements.lock --overrides /dev/stdin \
		--python-version 3.11 --universal --generate-hashes --no-header --output-file requirements-models.lock
	uv pip compile tests/argilla_server/requirements.in --python-version 3.11 --universal --generate-hashes \
		--no-header --output-file tests/argilla_server/requirements.lock

# Remade only when the lock or setup.cfg changes.
.venv/installed: requirements.lock setup.cfg
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Concord needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/pip || { echo "Making .venv with $(PYTHON)"; "$(PYTHON)" -m venv .venv; }
	@echo "Installing the packages of requirements.lock (some minutes the first time)"
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --editable .
	@touch $@

# The extras with models. torch comes by itself: its build without CUDA, where there is one, is not on the index.
.venv/models-installed: .venv/installed requirements-models.lock
	@echo "Installing torch and the packages of requirements-models.lock"
	$(BIN)/python -m pip install --disable-pip-version-check --quiet torch==2.13.0
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes --requirement requirements-models.lock
	@touch $@

# The Argilla server that the tests start: its pins clash with ours.
.venv-argilla/installed: tests/argilla_server/requirements.lock
	@"$(PYTHON)" -m venv --clear .venv-argilla
	@echo "Installing argilla-server for the tests (about a minute the first time)"
	.venv-argilla/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes --requirement $<
	@touch $@
