# Two commands on a fresh machine: `make demo` and `make test`. Both work again at once, and offline once installed.
PYTHON ?= python3
BIN := .venv/bin
RUN := demo/run

.PHONY: demo test lint clean

.venv/demo.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[alloys]"
	touch $@

.venv/test.stamp: .venv/demo.stamp
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: .venv/demo.stamp
	$(BIN)/miscible advise dataset:alloys --group composition --out $(RUN) --overwrite
	$(BIN)/miscible predict $(RUN)/bundle demo/new_alloys.csv --out $(RUN)/new_alloys_predicted.csv

test: .venv/test.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

clean:
	rm -rf $(RUN)
