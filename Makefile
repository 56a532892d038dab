# 安铃 Anling. Needs only Python 3.11 (or newer) and make; the virtual environment brings its own tools.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# most of the time the tests of real processes wait for something
XDIST ?= -n 3 --dist loadfile --no-loadscope-reorder
# a process that finds its modules compiled starts in half the time; some machines forbid Python to keep them
export PYTHONDONTWRITEBYTECODE =

.PHONY: run test check bench prove clean

## everything in one process, with a made-up street, simulated homes and phones
run: .venv
	$(BIN)/anling demo

## the whole suite
test: .venv
	$(BIN)/python -m pytest $(XDIST)

## linters, types, import contracts; the types of the scripts where tsc is (Debian: node-typescript)
check: .venv
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v tsc >/dev/null; then echo "tsc -p jsconfig.json"; tsc -p jsconfig.json; \
	elif [ "$$ANLING_TEST_REQUIRE" = all ]; then echo "tsc is missing: apt-get install node-typescript" >&2; exit 1; \
	else echo "no tsc here: the types of the scripts are not checked (apt-get install node-typescript)"; fi

## speed, beside the raw limits of the same machine; writes docs/measurements.md
bench: .venv
	$(BIN)/python tests/bench/run.py --doc docs/measurements.md

## what takes longer than a test run (hours): a year of a district, a million closed alerts, ten thousand
## interleavings, every planted fault, many more examples, long chaos; prints how far it is
prove: .venv
	$(BIN)/python tests/escalation/year.py --doc docs/measurements.md
	$(BIN)/python tests/bench/timers.py --closed 1000000 --doc docs/measurements.md
	$(BIN)/python tests/bench/sweeps.py --homes 30000
	$(BIN)/python tests/bench/sweeps.py --homes 1000000 --database postgresql
	ANLING_PROVE=1 $(BIN)/python -m pytest -v --timeout=7200 -m "not browser" tests

.venv: pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "needs Python 3.11 or newer: apt install python3.11 python3.11-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv sync --frozen --inexact --quiet
	@touch .venv

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis var
