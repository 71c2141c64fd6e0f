# Every target installs what it needs into .venv (or .venv-bench, .venv-parity) of this checkout and does only what has changed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules

# The first interpreter that runs, is 3.11 or newer and can make an environment; override with `make PYTHON=...`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
  "$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
PY := $(VENV)/bin/python
BENCH_VENV := .venv-bench
BENCH_PY := $(BENCH_VENV)/bin/python
PARITY_VENV := .venv-parity
PARITY_PY := $(PARITY_VENV)/bin/python
PYTEST_ARGS ?=

# One interpreter for every cargo call, so that the binding is configured, and so compiled, once per profile.
export PYO3_PYTHON := $(CURDIR)/$(PY)
export PYO3_BUILD_EXTENSION_MODULE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# cotan-py is a Python extension: its tests are those of tests/python.
CARGO_PACKAGES := --workspace --exclude cotan-py

RUST_SOURCES := $(shell find crates -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
BUILT := $(VENV)/.built-release
TOOLS := $(VENV)/.tools
# Prints the requirements of one optional-dependency group of pyproject.toml.
REQUIRE = import sys, tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]]))

.PHONY: help
help: ## list the targets
	@echo "usage: make TARGET"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r t h; do printf '  %-8s %s\n' "$$t" "$$h"; done

.PHONY: demo
demo: $(BUILT) $(VENV)/.with-demo ## train a digit classifier on real data, save it, load it back, draw the result
	$(PY) examples/python/digits.py

.PHONY: test
test: test-rust test-python ## run the tests and the documentation's examples in both languages

.PHONY: check
check: lint test ## everything CI does: formatting, lints, tests and examples of both languages

.PHONY: dev
dev: $(TOOLS) $(VENV)/.with-test ## the fast loop: quick build, then the quick Python tests (PYTEST_ARGS='-k name')
	@rm -f $(BUILT)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/maturin develop --quiet
	$(PY) -m pytest -q -x -m 'not slow' $(PYTEST_ARGS)

.PHONY: bench
bench: $(BUILT) $(BENCH_VENV)/.with-bench ## time cotan against torch, jax, numpy and mlx (installs them: about 5 GB)
	PYTHONPATH=python $(BENCH_PY) benches/compare.py $(BENCH_ARGS)

.PHONY: growth
growth: $(BUILT) $(BENCH_VENV)/.with-bench ## measure how cost grows with size, graph and threads; draws docs/images
	PYTHONPATH=python $(BENCH_PY) benches/growth.py

.PHONY: parity
parity: $(BUILT) $(PARITY_VENV)/.with-parity ## compare every op with MLX, and every derivative with JAX (installs both)
	PYTHONPATH=python $(PARITY_PY) -m pytest -q tests/parity $(PYTEST_ARGS)

.PHONY: docs
docs: $(VENV)/.python ## build the API documentation into target/doc
	RUSTDOCFLAGS='-D warnings' cargo doc $(CARGO_PACKAGES) --no-deps

.PHONY: stubs
stubs: ## write the type stubs of cotan.core anew, after a change of the binding
	cargo run --quiet -p cotan-dev -- stubs

.PHONY: clean
clean: ## remove everything the other targets made
	cargo clean --quiet
	rm -rf $(VENV) $(BENCH_VENV) $(PARITY_VENV) python/cotan/*.so dist demo-output .pytest_cache .hypothesis .ruff_cache .mypy_cache
	find python tests benches examples -name __pycache__ -prune -exec rm -rf {} +

.PHONY: lint
lint: $(VENV)/.with-lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo run --quiet --locked -p cotan-dev -- stubs --check
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/basedpyright --pythonpath $(PY)

.PHONY: test-rust
test-rust: $(VENV)/.python
	@if cargo nextest --version >/dev/null 2>&1; \
	  then cargo nextest run $(CARGO_PACKAGES) --locked --no-fail-fast; \
	  else cargo test $(CARGO_PACKAGES) --locked --lib --bins --tests --examples; fi
	cargo test $(CARGO_PACKAGES) --locked --doc

.PHONY: test-python
test-python: $(BUILT) $(VENV)/.with-test $(VENV)/.with-lint
	$(PY) -m mypy.stubtest cotan.core --concise --mypy-config-file pyproject.toml --allowlist tests/typing/stubtest-allowlist.txt
	$(PY) -m pytest -q $(PYTEST_ARGS)

$(BUILT): $(RUST_SOURCES) pyproject.toml $(TOOLS)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/maturin develop --release --locked
	@touch $@

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer with venv found: install one, or say make PYTHON=..." >&2; exit 1; }
	@command -v cargo >/dev/null || { echo "no cargo found: install Rust with rustup" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(TOOLS): $(VENV)/.python
	$(PY) -m pip install -q 'maturin>=1.9.4,<2'
	@touch $@

# .with-GROUP: the optional dependencies GROUP of pyproject.toml are installed.
$(VENV)/.with-%: $(VENV)/.python pyproject.toml
	$(PY) -m pip install -q -r <($(PY) -c '$(REQUIRE)' $*)
	@touch $@

$(BENCH_VENV)/.with-bench: $(VENV)/.python pyproject.toml
	test -x $(BENCH_PY) || "$(PYTHON)" -m venv $(BENCH_VENV)
	$(BENCH_PY) -m pip install -q -r <($(PY) -c '$(REQUIRE)' bench)
	@touch $@

$(PARITY_VENV)/.with-parity: $(VENV)/.python pyproject.toml
	test -x $(PARITY_PY) || "$(PYTHON)" -m venv $(PARITY_VENV)
	$(PARITY_PY) -m pip install -q -r <($(PY) -c '$(REQUIRE)' parity)
	@touch $@
