# The README's commands. `make demo` and `make test` need Python 3.11 or newer, a C compiler and cargo.
PYTHON ?= python3
VENV   ?= .venv
# Another torch build, for example a CPU-only one: make demo TORCH="torch --index-url https://download.pytorch.org/whl/cpu"
TORCH  ?= torch
# Random input of the Rust tests: the same in every run. Another: make test-rust PROPTEST_RNG_SEED=7
export PROPTEST_RNG_SEED ?= 1
# As many test processes as cores; each takes over tests of one that is behind.
PYTEST  = -m pytest -q -n auto --dist worksteal
# Each of them on one thread of torch's: two more on the same cores would wait for each other.
test-core test-full test-all: export OMP_NUM_THREADS = 1
PACKS   := $(wildcard plugins/*)
SOURCES := $(shell find python rust plugins/template -type f -not -name '*.pyc') Cargo.toml Cargo.lock pyproject.toml README.md

.PHONY: help demo test test-all test-rust test-core test-full bench docs clean
.DELETE_ON_ERROR:

help:
	@echo "make demo   train three losses on real data, evaluate them, write demo/report.html"
	@echo "make test   every gate: formatting, lints, types, Rust and Python tests, wheel, plugins"
	@echo "make test-all  those, and the loops of examples/training"
	@echo "make bench  measure the metrics beside their peers, record under benches/record/"
	@echo "make docs   write every generated file (stubs, tables, gallery with pictures)"
	@echo "make clean  remove environments and build results"

# --- the wheel ---------------------------------------------------------------------------------------------
dist/.built: $(SOURCES)
	@command -v cargo >/dev/null || echo "cargo not found: the build will try to download a Rust toolchain." \
	  "To use your own, install one from https://rustup.rs and run make again."
	rm -rf dist && $(PYTHON) -m venv .venv-build && .venv-build/bin/pip install --quiet --upgrade pip
	.venv-build/bin/pip wheel --quiet --no-deps --wheel-dir dist .
	@touch $@

# --- environments: one as a machine without torch has it, one with everything ---------------------------------
.venv-core/.made: pyproject.toml
	$(PYTHON) -m venv .venv-core && .venv-core/bin/pip install --quiet --upgrade pip
	.venv-core/bin/pip install --quiet --group test numpy pluggy
	@touch $@

$(VENV)/.made: pyproject.toml
	$(PYTHON) -m venv $(VENV) && $(VENV)/bin/pip install --quiet --upgrade pip
	@echo "installing torch and the other dependencies: a few minutes the first time"
	$(VENV)/bin/pip install $(TORCH)
	$(VENV)/bin/pip install --quiet --group demo jaxtyping pyarrow rich typer matplotlib jinja2 numpy pluggy
	@touch $@

$(VENV)/.made-dev: $(VENV)/.made
	$(VENV)/bin/pip install --quiet --group test-torch --group lint
	@touch $@

$(VENV)/.made-bench: $(VENV)/.made
	$(VENV)/bin/pip install --quiet --group bench
	$(VENV)/bin/pip install --quiet --no-deps libauc  # its losses need none of the dozen packages it asks for
	@touch $@

$(VENV)/.installed: $(VENV)/.made dist/.built
	$(VENV)/bin/pip install --quiet --no-deps --force-reinstall dist/lossary-*.whl
	@touch $@

.venv-core/.installed: .venv-core/.made dist/.built
	.venv-core/bin/pip install --quiet --no-deps --force-reinstall dist/lossary-*.whl
	@touch $@

# --- commands ------------------------------------------------------------------------------------------------
demo: $(VENV)/.installed
	$(VENV)/bin/python examples/demo/run.py --output demo

test: test-rust test-core test-full
	@echo "all gates passed"

test-all: test
	LOSSARY_STRICT=1 $(VENV)/bin/python $(PYTEST) tests/training/loops

test-rust:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo test --workspace --quiet

test-core: .venv-core/.installed
	! .venv-core/bin/python -c "import torch" 2>/dev/null
	LOSSARY_STRICT=1 .venv-core/bin/python $(PYTEST) tests/metrics tests/numerics tests/streaming tests/unit tests/plugins tests/architecture tests/wheel
	.venv-core/bin/python -m pytest -q --doctest-modules --ignore-glob='*_plot.py' --pyargs lossary.metrics lossary.numerics lossary.streaming lossary.settings

test-full: $(VENV)/.installed $(VENV)/.made-dev
	$(VENV)/bin/ruff format --check --quiet . && $(VENV)/bin/ruff check --quiet .
	$(VENV)/bin/mypy
	$(VENV)/bin/python docs/generate.py --check
	LOSSARY_STRICT=1 $(VENV)/bin/python $(PYTEST) --ignore=tests/wheel --ignore=tests/training/loops
	$(VENV)/bin/python -m pytest -q --doctest-modules --pyargs lossary --ignore-glob='*/template/*'
	$(VENV)/bin/pip install --quiet --no-deps --force-reinstall $(addprefix ./,$(PACKS))
	for pack in $(PACKS); do \
	  LOSSARY_STRICT=1 $(VENV)/bin/python $(PYTEST) --rootdir=$$pack -c $$pack/pyproject.toml $$pack/tests || exit 1; done
	$(VENV)/bin/pip uninstall --quiet --yes $(notdir $(filter-out plugins/template,$(PACKS))) lossary-example

bench: $(VENV)/.installed $(VENV)/.made-bench
	$(VENV)/bin/python benches/bench_metrics.py
	$(VENV)/bin/python benches/bench_startup.py
	$(VENV)/bin/python benches/all_pairs_accuracy.py
	$(VENV)/bin/python -m pytest -c benches/side_by_side/pytest.ini benches/side_by_side --benchmark-json=.benchmark.json

docs: $(VENV)/.installed
	$(VENV)/bin/python docs/generate.py

clean:
	rm -rf .venv .venv-core .venv-build dist target demo/output demo/report.html
