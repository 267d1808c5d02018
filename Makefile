# `make bench` runs the main job, `make test` all tests; both set up what they need on a fresh Debian 12.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What a system package is needed for: command, then the Debian package that brings it.
BENCH_NEEDS := qemu-system-arm:qemu-system-arm cc:build-essential
TEST_NEEDS := $(BENCH_NEEDS) arm-none-eabi-gcc:gcc-arm-none-eabi chromium:chromium git:git

# A choice that takes about a minute; BENCH_ARGS= runs every model, which takes six to seven.
BENCH_ARGS ?= --model='fastgrnn_digits,fastgrnn_vowels_1kb,msc_rnn_radar/q15,perf_*/q15'

.DEFAULT_GOAL := help
.PHONY: help bench dashboard test lint unit emulated browser image-check clean

help:
	@echo 'make bench   the main job: a choice of models on an emulated board, stored, and a table'
	@echo 'make dashboard   the stored results in the browser'
	@echo 'make test    all tests (lint, unit, emulated, browser)'
	@echo 'make lint unit emulated browser image-check   the parts of make test'
	@echo 'make clean   remove .venv and caches'

bench: $(BIN)/.bench
	$(BIN)/pytest --board=all $(BENCH_ARGS)

dashboard: $(BIN)/.dashboard
	$(BIN)/hil dashboard $(DASHBOARD_ARGS)

test: lint image-check
	$(BIN)/pytest $(TEST_ARGS)

lint: $(BIN)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

image-check: $(BIN)/.test
	$(BIN)/hil build --check

unit: $(BIN)/.test
	$(BIN)/pytest tests/unit

emulated: $(BIN)/.test
	$(BIN)/pytest tests/emulated

browser: $(BIN)/.test
	$(BIN)/pytest tests/browser

$(BIN)/.bench: pyproject.toml Makefile
	@sh .ci/system-packages $(BENCH_NEEDS)
	@sh .ci/venv $(PYTHON) $(VENV)
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(BIN)/.dashboard: pyproject.toml Makefile
	@sh .ci/venv $(PYTHON) $(VENV)
	$(BIN)/pip install --quiet --editable '.[dashboard]'
	@touch $@

$(BIN)/.test: $(BIN)/.bench
	@sh .ci/system-packages $(TEST_NEEDS)
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
