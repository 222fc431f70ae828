# Everything that sets up and runs the project. Two commands are enough: make demo, make test.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test check lint types bench speed wheel clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

demo: $(STAMP)  ## sweep the bundled reports; ends by naming the HTML report it wrote
	$(BIN)/miner demo --out reports/demo-run

test: $(STAMP) lint types  ## lint, types, and every test
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check miner tests
	$(BIN)/ruff format --check miner tests

types: $(STAMP)
	$(BIN)/mypy

check: $(STAMP)  ## the lexicons with their examples
	$(BIN)/miner lexicon check

bench: $(STAMP)  ## simulations and benchmarks that take longer than a test should
	PYTHONPATH=. $(BIN)/python tests/bench/coverage.py
	PYTHONPATH=. $(BIN)/python tests/bench/speed.py --mixed 200000 --dense 20000
	PYTHONPATH=. $(BIN)/python tests/bench/scale.py
	PYTHONPATH=. $(BIN)/python tests/bench/read_speed.py
	PYTHONPATH=. $(BIN)/python tests/bench/kill_resume.py

speed: $(STAMP)  ## the small speed benchmark, for every change
	PYTHONPATH=. $(BIN)/python tests/bench/speed.py

wheel: $(STAMP)  ## build the wheel and try it in an empty environment
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist

clean:
	rm -rf $(VENV) dist build .artefacts reports/demo-run .pytest_cache .mypy_cache .ruff_cache
