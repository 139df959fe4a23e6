# Needs git, make and some Python 3. Everything else goes into .venv (and .tools, when there is no uv).
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

BIN := .venv/bin
INSTALL = "$$(tools/bootstrap.sh uv)" pip install --quiet --python $(BIN)/python
ARGS =
OUT = bayesdose-demo

# An environment whose interpreter has gone is made anew.
ifneq ($(shell test -x $(BIN)/python && echo works),works)
.PHONY: .venv/pyvenv.cfg
endif

.PHONY: help setup demo test lint format bench calibrate fits library library-check gallery notebooks lock wheel clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.installed ## Make .venv with the pinned versions of requirements.lock

demo: setup ## Run the main job: 56 neonates to the dose of one; OUT=bayesdose-demo
	@echo "==> bayesdose demo"
	@$(BIN)/bayesdose demo --out "$(OUT)" $(ARGS)

test: setup ## Run the tests; ARGS="-k study -x" goes to pytest
	@echo "==> pytest"
	@$(BIN)/python -m pytest -m "not calibration" $(ARGS)

lint: setup ## Check style, types and the floors of the house
	@echo "==> ruff check"
	@$(BIN)/ruff check .
	@echo "==> ruff format --check"
	@$(BIN)/ruff format --check .
	@echo "==> mypy"
	@$(BIN)/mypy
	@echo "==> lint-imports"
	@$(BIN)/lint-imports

format: setup ## Format the code and apply the safe fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup ## Measure, and write docs/benchmarks.md (minutes)
	@echo "==> benchmarks"
	@$(BIN)/python -m benchmarks $(ARGS)

fits: setup ## Make the stored fits that ship, from the data that ship
	@echo "==> fits"
	@$(BIN)/python tools/make_fits.py

library: setup ## Make the prior draws and worked patients of the model library
	@echo "==> model library"
	@$(BIN)/python tools/make_library.py $(ARGS)

library-check: setup ## Check the model library on simulated patients; NAME=... one spec (long)
	@echo "==> checks of the model library"
	@$(BIN)/python tools/library_checks.py $(NAME)

gallery: setup ## Write docs/models from the cards of the model library
	@echo "==> docs/models"
	@$(BIN)/python tools/gallery.py

calibrate: setup ## Run simulation-based calibration and coverage (long)
	@echo "==> pytest -m calibration"
	@$(BIN)/python -m pytest -m calibration $(ARGS)
	@echo "==> simulation-based calibration"
	@$(BIN)/python tools/calibrate.py

notebooks: setup ## Execute the notebooks against the stored fits
	@echo "==> notebooks"
	@$(BIN)/python -m pytest tests/test_notebooks.py $(ARGS)

lock: ## Choose the versions anew and write requirements.lock
	@echo "==> requirements.lock"
	@"$$(tools/bootstrap.sh uv)" pip compile -q --universal --python-version 3.12 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group dev pyproject.toml -o requirements.lock

wheel: setup ## Build the wheel into dist/
	@echo "==> dist/"
	@"$$(tools/bootstrap.sh uv)" build --quiet --wheel --python $(BIN)/python \
		--build-constraints requirements.lock --out-dir dist
	@ls dist

clean: ## Remove the environment, caches and builds (not what the demo wrote)
	rm -rf .venv .tools .cache dist build .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/pyvenv.cfg:
	@tools/bootstrap.sh venv

.venv/.locked: requirements.lock .venv/pyvenv.cfg
	@echo "==> Installing the versions of requirements.lock (1 GB; the first time downloads it)"
	@$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

.venv/.installed: pyproject.toml .venv/.locked
	@echo "==> Installing bayesdose from this folder"
	@$(INSTALL) --no-deps --build-constraints requirements.lock -e .
	@touch $@
