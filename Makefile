# Everything runs in a virtual environment of its own at the root of the clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without CUDA wheels: torch first and alone, from the CPU index where that can be reached, else as pinned.
STAMP := $(VENV)/.installed

.PHONY: demo test lint evals clean
demo: $(STAMP)
	$(BIN)/halluguard demo -o demo-run

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

evals: $(STAMP)
	$(BIN)/python -m evals all

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' constraints.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) demo-run
