# `make demo` and `make test` need nothing but Python 3.11 to 3.13: each creates .venv and installs what it uses.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --ignore=tests/separator

.PHONY: help demo separator test test-separator test-separator-slow test-slow test-all test-engine lint format docs bench bench-short proto clean

help:  ## Show what can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.run  ## Mix music by a real job on the local cloud; A=one.mp3 B=two.flac mixes your own.
	@$(BIN)/python examples/automixer/demo.py "$(A)" "$(B)"

separator: $(VENV)/.separator  ## Stems of songs, on a page: PORT=8080 WORKERS=2 MODEL=small (random numbers, no network).
	@exec $(BIN)/python examples/separator/serve.py --port $(or $(PORT),8080) --workers $(or $(WORKERS),2) \
		--model $(or $(MODEL),htdemucs)

test: $(VENV)/.dev  ## Run the tests of the inner loop.
	$(PYTEST) -m "not slow and not engine"

# Three at a time: they wait more than they work.
test-slow: $(VENV)/.dev  ## Run the tests that the inner loop leaves out: those that take whole processes.
	$(PYTEST) -n 3 -m "slow and not engine"

test-all: $(VENV)/.dev  ## Run all tests, the slow ones too.
	$(PYTEST) -m "not engine"

test-separator: $(VENV)/.separator-dev  ## Run the tests of examples/separator, with PyTorch and Demucs.
	tests/separator/browser/up
	tests/separator/deploy/up
	$(BIN)/python -m pytest -n 2 -m "not slow" tests/separator

test-separator-slow: $(VENV)/.separator-dev  ## Run those that start all of it, kill it, and wait for it.
	tests/separator/browser/up
	$(BIN)/python -m pytest -n 2 -m slow tests/separator

test-engine: $(VENV)/.dev  ## Run the tests of images and containers on a real engine, which is started where none is up.
	tests/engine/up
	tests/separator/deploy/up
	$(BIN)/python -m pytest -m engine tests/engine

lint: $(VENV)/.dev  ## Check style and types.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.dev  ## Write the code as the checks want it.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.docs  ## Build the documentation into docs/_build.
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build

bench: $(VENV)/.dev  ## Measure everything, in some ten minutes, and print one table.
	$(BIN)/python -m benchmarks

bench-short: $(VENV)/.dev  ## See that what is measured comes out right; the figures are rough.
	$(BIN)/python -m benchmarks --short

proto: $(VENV)/.protoc  ## Write the generated code of klio.proto again.
	$(VENV)/protoc/bin/python -m grpc_tools.protoc -I klio_core/proto \
		--python_out=klio_core/proto --pyi_out=klio_core/proto klio.proto

clean:  ## Remove the environment and what was built.
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "klio needs Python 3.11, 3.12 or 3.13; say which one: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp for each set of extras; pip is quick where everything is there.
$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[exec,audio]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@ $(VENV)/.run

# PyTorch first, and alone: with the rest pip would fetch the libraries of graphics cards, too.
$(VENV)/.separator: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[separator,web]"
	@touch $@

$(VENV)/.separator-dev: $(VENV)/.dev $(VENV)/.separator
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "imageio-ffmpeg>=0.6" \
		"playwright>=1.49" "axe-playwright-python>=0.1.4" "schemathesis>=4.32,<5"
	@touch $@

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[exec,audio,docs]"
	@touch $@

# The generator is older than the runtime on purpose: its code runs with every protobuf that the job's packages allow.
$(VENV)/.protoc: | $(BIN)/python
	$(PYTHON) -m venv $(VENV)/protoc
	$(VENV)/protoc/bin/python -m pip install --quiet "grpcio-tools==1.71.2" "setuptools<81"
	@touch $@
