# make demo: install everything into .venv and animate the example portrait.
# make test: the test suite.  make check: format, lint, types, architecture.
# Without make: the same commands are in README.md, "Steps without make".

ifeq ($(OS),Windows_NT)
PYTHON ?= python
VENV_PYTHON := .venv/Scripts/python.exe
else
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
endif

DEMO := demo/portrait--driver.mp4
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-slow smoke bench clean

help:
	@grep -E '^# make' Makefile | cut -c3-

setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@$(VENV_PYTHON) -c "import pathlib; pathlib.Path('$(STAMP)').touch()"

demo: setup
	@$(VENV_PYTHON) -c "import pathlib; pathlib.Path('demo').mkdir(exist_ok=True)"
	$(VENV_PYTHON) -m animate_cli examples/portrait.png --driver examples/driver.mp4 -o $(DEMO) --overwrite

check: setup
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -m pytest -q tests/test_architecture.py

# One process per core, each on one thread; files stay whole, so that what their tests share is
# made once. On one core, or to stop at the first failure: .venv/bin/python -m pytest -x
test: setup
	$(VENV_PYTHON) -m pytest -n auto --dist loadfile

test-slow: setup
	$(VENV_PYTHON) -m pytest -m slow

smoke: setup
	$(VENV_PYTHON) -m pytest -m smoke

bench: setup
	$(VENV_PYTHON) -m pytest -m bench -s tests/benchmarks

clean:
	@$(PYTHON) -c "import shutil; [shutil.rmtree(p, ignore_errors=True) for p in ('.venv', 'demo', 'build', 'dist')]"
