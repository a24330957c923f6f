# make demo, make test: both set up what they need in .venv on first use.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
SHARED ?= ../shared
WET ?= $(SHARED)/data/wet/*.gz
COMMA := ,

.PHONY: help demo demo-corpus demo-train docs test test-full test-kills test-corrupt lint bench bench-vocab bench-train bench-checks train-tiny clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: demo-corpus demo-train ## from the sample to a corpus, a vocabulary and a tiny T5; says first what it installs
	@echo; echo "Made from sample/wet, in out/demo:"
	@echo "  c4/en/3.1.0                   the corpus"
	@echo "  c4_custom/realnewslike/1.0.0  of it, the pages of news sites, by a list of its own"
	@echo "  c4/webtextlike/3.1.0          of it, the pages of a list of URLs"
	@echo "  vocab                         the vocabulary"
	@echo "  run                           checkpoint_200 and loss.png, the loss by step"
	@echo "Next:"
	@echo "  . $(VENV)/bin/activate  # then c4forge and t5x are commands"
	@echo "  c4forge build --input='wet/*.warc.wet.gz' --output=out  # your own files"
	@echo "  c4forge build --crawl=CC-MAIN-2019-18 --estimate  # what a crawl takes"
	@echo "  README.md and docs/ say more; make clean removes $(VENV) and out."

demo-corpus: $(VENV)/.corpus ## the first part of the demo, without TensorFlow: a corpus and a vocabulary
	@rm -rf out/demo
	$(BIN)/c4forge build --variant=en,realnews,webtext --webtext_urls=sample/webtext_urls.txt \
	  --input='sample/wet/*.warc.wet.gz' --output=out/demo --format=tfrecord,jsonl
	@echo; echo "One of the documents:"; gzip -dc out/demo/c4/en/3.1.0/jsonl/c4-train.*.json.gz | head -n 1 | cut -c 1-600
	@echo; $(BIN)/c4forge vocab train --preset=tiny --size=300 --corpus=out/demo/c4/en/3.1.0 --output=out/demo/vocab

demo-train: demo-corpus $(VENV)/.train
	@echo; $(BIN)/t5x train --config=sample/tiny.toml --steps=200 --eval_period=100 \
	  --corpus=out/demo/c4/en/3.1.0 --vocab=out/demo/vocab --model_dir=out/demo/run

train-tiny: $(VENV)/.train ## from real WET files (WET='…') to a corpus, a vocabulary and a tiny T5: minutes
	$(BIN)/c4forge build --variant=en --input='$(WET)' --output=out/tiny
	$(BIN)/c4forge vocab train --preset=tiny --corpus=out/tiny/c4/en/3.1.0 --output=out/tiny/vocab
	$(BIN)/t5x train --config=sample/tiny.toml \
	  --corpus=out/tiny/c4/en/3.1.0 --vocab=out/tiny/vocab --model_dir=out/tiny/run

test: $(VENV)/.test lint ## every check: lint, types, import contracts, tests
	$(BIN)/python -m pytest -m 'not slow' --numprocesses=$$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist=loadfile

test-full: $(VENV)/.test ## the tests that take minutes too: whole-corpus differential, scaling, kills
	$(BIN)/python -m pytest

test-kills: $(VENV)/.test ## runs killed, and without power, at many moments: counts, each with the same bytes
	$(BIN)/python -m pytest -s tests/runs/test_resume.py tests/runs/test_faults.py tests/runs/test_work_files.py \
	  -k 'kill or killed or power or sigterm'

test-corrupt: $(VENV)/.test ## hundreds of faults in the files of stopped runs: counts, each with the same bytes
	$(BIN)/python -m pytest -s tests/runs/test_work_files.py -k 'fault or damaged or good'

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.test ## the documentation as a site, in out/site: every warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs out/site
	@echo "open out/site/index.html"

bench: $(VENV)/.test ## reference and c4forge in turn on the same files: CPU-seconds a page, ratios
	$(BIN)/python -m benchmarks.corpus --wet=$(SHARED)/data/wet --refs=$(SHARED)/data/refs

bench-vocab: $(VENV)/.test ## vocabularies and tokens beside plain SentencePiece: characters and CPU-seconds a token
	$(BIN)/python -m benchmarks.vocab --wet=$(SHARED)/data/wet --refs=$(SHARED)/data/refs

bench-train: $(VENV)/.train ## a training step and the input pipeline: tokens/s, examples/s, MFU, share of waiting
	$(BIN)/python -m benchmarks.training --wet='$(SHARED)/data/wet/*.gz'

bench-checks: $(VENV)/.test ## checksums and syncs of a run: CPU and waiting, as shares of it
	$(BIN)/python -m benchmarks.durability $(WET)

clean: ## remove what make made
	rm -rf $(VENV) out build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# The first Python from 3.11 to 3.13 that can make virtual environments.
$(VENV)/bin/python:
	@for python in python3.12 python3.11 python3.13 python3 python; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
	    echo "setting up $(VENV) with $$($$python --version)"; \
	    $$python -m venv $(VENV) & made=$$!; while sleep 1; kill -0 $$made 2>/dev/null; do \
	      if [ $$((SECONDS % 4)) = 0 ]; then echo "  $$SECONDS s"; fi; done; wait $$made; exit; fi; done; \
	echo "c4forge needs Python 3.11, 3.12 or 3.13 with venv on the PATH; none was found." >&2; exit 1

# What is installed and how large it gets; then every 5 seconds how far pip is, all of which is in
# pip.log. A terminal shows one line, which changes. pip compiles no modules, of which most are never
# imported: Python does so at the first import.
define install
	@echo; echo "Installing $(2) into $(VENV): $(3)."
	@printf 'started %s\n' "$$(date)" >$(VENV)/pip.log; \
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-compile --progress-bar off -e '$(1)' >>$(VENV)/pip.log 2>&1 & \
	pip=$$!; trap 'kill $$pip; exit 130' INT TERM; start=$$SECONDS; \
	if [ -t 1 ]; then from='\r\033[K'; to=; else from=; to='\n'; fi; \
	while kill -0 $$pip 2>/dev/null; do \
	  if [ $$(((SECONDS - start) % 5)) = 1 ]; then printf "$$from%4d s %6s  %.60s$$to" $$((SECONDS - start)) \
	    "$$(du -sh $(VENV) | cut -f 1)" "$$(grep -v WARNING $(VENV)/pip.log | tail -n 1 | sed 's/ packages:.*/ packages/')"; fi; \
	  sleep 1; \
	done; printf "$$from"; \
	wait $$pip || { tail -n 15 $(VENV)/pip.log >&2; echo "pip failed: the lines above, and all in $(VENV)/pip.log. The same command tries again." >&2; exit 1; }; \
	echo "Installed in $$((SECONDS - start)) s: $(VENV) has $$(du -sh $(VENV) | cut -f 1)."
endef

$(VENV)/.corpus: pyproject.toml | $(VENV)/bin/python
	$(call install,.,c4forge and its libraries,0.7 GB$(COMMA) 1 to 2 minutes)
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(call install,.[test$(COMMA)trainer],everything that the tests need,4.0 GB$(COMMA) 2 to 8 minutes)
	@touch $@ $(VENV)/.corpus $(VENV)/.train

$(VENV)/.train: pyproject.toml | $(VENV)/bin/python
	$(call install,.[trainer],the trainer (TensorFlow$(COMMA) JAX),3 GB more$(COMMA) 2 to 5 minutes)
	@touch $@ $(VENV)/.corpus
