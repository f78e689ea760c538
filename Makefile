# `make` alone lists what there is. Everything runs in .venv, made and filled at first use.

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
READY := $(VENV)/ready
DEMO := demo
DEMO_LABS ?= lab1_lookup_vs_onehot
SANDBOX ?= auto
ARTEFACTS := artefacts
BANKS := tests/banks tests/stock
ATTACKS := tests/sandbox tests/attacks/test_hostile.py

.DEFAULT_GOAL := help
.PHONY: help setup lab build demo grade test banks units browser hostile built lint nbval bench \
    data clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

setup: $(READY) ## a virtual environment with the pinned versions (about two minutes)

$(READY): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 13) else \
	    f"Python {v[0]}.{v[1]} found; 3.11, 3.12 or 3.13 expected: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[test]'
	@touch $@

lab: $(READY) ## open JupyterLab on the notebooks
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/jupyter lab --config=.jupyter/lab_config.py notebooks

build: $(READY) ## notebooks from the sources in solutions/
	$(BIN)/autograder build

demo: $(READY) ## compose a sample class, grade it, compare with what it must score
	$(BIN)/autograder demo $(DEMO) $(DEMO_LABS)
	$(BIN)/autograder grade --course $(DEMO) --expect $(DEMO)/expected.csv --sandbox $(SANDBOX)

grade: $(READY) ## grade what lies in submitted/
	$(BIN)/autograder grade

test: lint ## everything: lint, nbval, unit tests, answer banks
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target banks units nbval built
	@$(MAKE) --no-print-directory hostile  # alone: it takes what the machine has

banks: $(READY) ## the answer banks, by examiner and by stock nbgrader
	$(BIN)/pytest --durations=10 $(BANKS)

units: $(READY) ## all other tests
	$(BIN)/pytest --durations=25 $(addprefix --ignore=,$(BANKS) $(ATTACKS))

browser: $(READY) ## people in a real browser: every lab in JupyterLab, formgrader, report, pages
	$(BIN)/pytest tests/browser $(addprefix --lab=,$(notdir $(wildcard notebooks/*)))

hostile: $(READY) ## hostile notebooks and the sandbox; where root runs it, also as an ordinary user
ifeq ($(shell id -u),0)
	for user in 0 1500; do AS_USER_ID=$$user bash tests/as_user.sh "$(CURDIR)" \
	    "$$($(BIN)/python -c 'import sys; print(sys.base_prefix)')" -- \
	    env HOME=/tmp $(BIN)/pytest -p no:cacheprovider $(ATTACKS) || exit 1; done
else
	$(BIN)/pytest $(ATTACKS)
endif

built: $(READY) ## are the notebooks those that the sources make?
	$(BIN)/autograder build --check

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

nbval: $(READY) ## run every notebook again and compare the outputs
	$(BIN)/pytest -q --nbval --nbval-current-env -c tests/nbval/pytest.ini --rootdir . solutions
	$(BIN)/pytest -q --nbval-lax --nbval-current-env -c tests/nbval/pytest.ini --rootdir . \
	    -p tests.nbval.student notebooks

bench: $(READY) ## how fast grading and the GloVe loader are, how it scales (tables, figures)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[test,bench]'
	$(BIN)/python -m tests.bench.grading $(ARTEFACTS)
	$(BIN)/python -m tests.bench.sandbox
	$(BIN)/python -m tests.bench.scale $(ARTEFACTS)
	$(BIN)/python -m tests.bench.loader

data: $(READY) ## make the files in data/ anew
	@for script in data/make_*.py data/train_*.py; do echo $$script; $(BIN)/python $$script; done

clean: ## remove the environment and everything made by a run
	rm -rf $(VENV) $(DEMO) $(ARTEFACTS) .pytest_cache .ruff_cache .hypothesis
