# Two commands do all the set-up: `make november` and `make test`. Both need only Python and a package registry.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: install november dev test test-long soak fuzz lint docs bench mutation clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# The main job on the settings of the environment (default: the simulated league), then the coverage matrix.
november: install
	$(BIN)/nba-assets backfill 2021-10-19 2021-11-30
	$(BIN)/nba-assets coverage 2021-11-01 2021-11-30

# The Dagster UI with its daemon, on the same state as the command line.
dev: install
	$(BIN)/nba-assets dev

test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# What takes minutes each: a daemon with a browser, killed processes, brute force over a season.
test-long: install
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --timeout=900 -m 'long and not soak'

# More of the same: every damage of a season, a week of mishaps, a whole backfill in the UI page by page. More than an hour.
soak: install
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --timeout=900 -m soak

# Ten thousand random command lines on whole and damaged homes: an hour or two.
fuzz: install
	$(BIN)/python -m nba_assets_tests.cli.fuzz 10000

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install
	$(BIN)/python -m nba_assets_tests.benchmarks

mutation: install
	$(BIN)/python -m nba_assets_tests.mutation

clean:
	rm -rf $(VENV) .nba .pytest_cache .mypy_cache .ruff_cache
