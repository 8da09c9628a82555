# `make app` and `make test` each do all the set-up and then run. `make` alone lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8501
BIN := .venv/bin
TESTS ?=
PARALLEL ?= -n auto --maxprocesses 8 --dist loadfile
export OMP_WAIT_POLICY := passive

.DEFAULT_GOAL := help
.PHONY: help app test test-slow lint screenshots clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

app: .venv/installed ## serve the dashboard on http://127.0.0.1:8501 (PORT= and HOST= override)
	@$(BIN)/python scripts/port.py $(HOST) $(PORT)
	@echo "Prunescope is at http://$(HOST):$(PORT) (Ctrl-C stops it)"
	@$(BIN)/streamlit run app.py --server.address $(HOST) --server.port $(PORT) --server.headless true

test: .venv/installed-dev lint ## check style and types, then run the tests (TESTS= narrows them)
	@$(BIN)/pytest $(PARALLEL) $(TESTS)

test-slow: .venv/installed-dev ## run the slow tests too
	@$(BIN)/pytest $(PARALLEL) -m slow $(TESTS)

lint: .venv/installed-dev ## ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

screenshots: .venv/installed-dev ## take the README's pictures of the pages and draw its figure (needs Chromium)
	@$(BIN)/python -m scripts.screenshots && $(BIN)/python -m scripts.figures

clean: ## remove the virtual environment; the cache stays
	rm -rf .venv

.venv/installed: requirements.txt
	@$(PYTHON) scripts/environment.py requirements.txt && touch $@

.venv/installed-dev: requirements.txt requirements-dev.txt
	@$(PYTHON) scripts/environment.py requirements-dev.txt && touch .venv/installed $@
