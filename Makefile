# `make bench` runs the main job, `make test` all tests; both set up what they need on a fresh Debian 12 or 13.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What a system package is needed for: a command or a pattern of paths, then the Debian package that brings it.
BENCH_NEEDS := qemu-system-arm:qemu-system-arm cc:build-essential
TEST_NEEDS := $(BENCH_NEEDS) arm-none-eabi-gcc:gcc-arm-none-eabi chromium:chromium git:git curl:curl \
	/usr/lib/postgresql/*/bin/initdb:postgresql clang:clang \
	/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer-*.a:libclang-rt-dev

# Every model in some ten seconds; BENCH_ARGS= takes all vectors of a run, which takes about 20.
BENCH_ARGS ?= --most-vectors=100

.DEFAULT_GOAL := help
.PHONY: help bench dashboard test lint unit emulated browser image-check fuzz constraints clean

help:
	@echo 'make bench   the main job: every model on emulated boards, up to 100 vectors of each, stored, and a table'
	@echo 'make dashboard   the stored results in the browser'
	@echo 'make test    all tests (lint, unit, emulated, browser)'
	@echo 'make lint unit emulated browser image-check   the parts of make test'
	@echo 'make fuzz    random input for FUZZ_SECONDS=600 each, where make test tries the same few every time'
	@echo 'make constraints   newer versions of Python packages: rewrites constraints/ (run make test before you commit it)'
	@echo 'make clean   remove .venv and caches'

bench: $(BIN)/.bench
	$(BIN)/pytest --board=all $(BENCH_ARGS)

dashboard: $(BIN)/.dashboard
	$(BIN)/hil dashboard $(DASHBOARD_ARGS)

# TEST_ARGS chooses tests; -rs names what was skipped and why.
test: test-plan lint image-check
	$(if $(TEST_ARGS),$(BIN)/pytest -rs $(TEST_ARGS),@sh .ci/tests $(BIN))

.PHONY: test-plan
test-plan:
	@echo 'make test: linters, proof of the committed images, tests on emulated boards and in a browser, unit tests.'
	@echo 'About 15 minutes on two idle cores; the first time some minutes more for about 600 MB of packages.'

lint: $(BIN)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

IMAGE_KINDS := $(notdir $(wildcard firmware/prebuilt/*))
image-check: $(BIN)/.test
	set -e; for kind in $(IMAGE_KINDS); do $(BIN)/hil build --check --kind=$$kind $(CHECK_ARGS); done

unit: $(BIN)/.test
	$(BIN)/pytest tests/unit

emulated: $(BIN)/.test
	$(BIN)/pytest tests/emulated

browser: $(BIN)/.test
	$(BIN)/pytest tests/browser

# docs/fuzzing.md
FUZZ_SECONDS ?= 600
fuzz: $(BIN)/.test
	$(BIN)/pytest tests/fuzz -s --fuzz-seconds=$(FUZZ_SECONDS) $(FUZZ_ARGS)

constraints: $(BIN)/.bench
	$(BIN)/python .ci/constraints.py

# Python's packages come in the versions of constraints/, which were tested together.
SETTINGS := pyproject.toml Makefile $(wildcard .ci/* constraints/*)

$(BIN)/.bench: $(SETTINGS)
	@sh .ci/system-packages $(BENCH_NEEDS)
	@sh .ci/venv $(PYTHON) $(VENV)
	@sh .ci/python-packages $(VENV)
	@touch $@

$(BIN)/.dashboard: $(SETTINGS)
	@sh .ci/venv $(PYTHON) $(VENV)
	@sh .ci/python-packages $(VENV) dashboard
	@touch $@

$(BIN)/.test: $(BIN)/.bench
	@sh .ci/system-packages $(TEST_NEEDS)
	@sh .ci/python-packages $(VENV) dev
	@touch $@

# Beside an old QEMU of the system a newer one: what depends on its version is tested with both.
.PHONY: newer-qemu
test emulated: newer-qemu
newer-qemu: $(BIN)/.test
	@sh .ci/unpack-qemu .cache/qemu-10 || test -z "$$CI"

clean:
	rm -rf $(VENV) .cache build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
