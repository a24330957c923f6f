# make demo, make test: both set up what they need in .venv on first use.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
SHARED ?= ../shared
WET ?= $(SHARED)/data/wet/*.gz

.PHONY: help demo test test-full lint bench bench-vocab bench-train train-tiny clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(VENV)/.train ## from the sample that ships with the project to a corpus, a vocabulary and a tiny T5
	@rm -rf out/demo
	$(BIN)/c4forge build --variant=en,realnews,webtext --webtext_urls=sample/webtext_urls.txt \
	  --input='sample/wet/*.warc.wet.gz' --output=out/demo --format=tfrecord,jsonl
	@echo; echo "One of the documents:"; gzip -dc out/demo/c4/en/3.1.0/jsonl/c4-train.*.json.gz | head -n 1 | cut -c 1-600
	@echo; $(BIN)/c4forge vocab train --preset=tiny --size=300 --corpus=out/demo/c4/en/3.1.0 --output=out/demo/vocab
	@echo; $(BIN)/t5x train --config=sample/tiny.toml --steps=200 --eval_period=100 \
	  --corpus=out/demo/c4/en/3.1.0 --vocab=out/demo/vocab --model_dir=out/demo/run

train-tiny: $(VENV)/.train ## from real WET files (WET='…') to a corpus, a vocabulary and a tiny T5: minutes
	$(BIN)/c4forge build --variant=en --input='$(WET)' --output=out/tiny
	$(BIN)/c4forge vocab train --preset=tiny --corpus=out/tiny/c4/en/3.1.0 --output=out/tiny/vocab
	$(BIN)/t5x train --config=sample/tiny.toml \
	  --corpus=out/tiny/c4/en/3.1.0 --vocab=out/tiny/vocab --model_dir=out/tiny/run

test: $(VENV)/.test lint ## every check: lint, types, import contracts, tests
	$(BIN)/python -m pytest -m 'not slow' --numprocesses=auto --dist=loadfile

test-full: $(VENV)/.test ## the tests that take minutes too: whole-corpus differential, scaling, kills
	$(BIN)/python -m pytest

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test ## reference and c4forge in turn on the same files: CPU-seconds a page, ratios
	$(BIN)/python -m benchmarks.corpus --wet=$(SHARED)/data/wet --refs=$(SHARED)/data/refs

bench-vocab: $(VENV)/.test ## vocabularies and tokens beside plain SentencePiece: characters and CPU-seconds a token
	$(BIN)/python -m benchmarks.vocab --wet=$(SHARED)/data/wet --refs=$(SHARED)/data/refs

bench-train: $(VENV)/.train ## a training step and the input pipeline: tokens/s, examples/s, MFU, share of waiting
	$(BIN)/python -m benchmarks.training --wet='$(SHARED)/data/wet/*.gz'

clean: ## remove what make made
	rm -rf $(VENV) out build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# The first Python that is 3.11 or 3.12 and can make virtual environments.
$(VENV)/bin/python:
	@for python in python3.12 python3.11 python3 python; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then \
	    echo "setting up $(VENV) with $$($$python --version)"; exec $$python -m venv $(VENV); fi; done; \
	echo "c4forge needs Python 3.11 or 3.12 with venv on the PATH; none was found." >&2; exit 1

$(VENV)/.corpus: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,trainer]'
	@touch $@ $(VENV)/.corpus $(VENV)/.train

$(VENV)/.train: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[trainer]'
	@touch $@ $(VENV)/.corpus
