# Each target sets up what it needs and does nothing twice.
PY ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
LIBRARY := library
HOST ?= 127.0.0.1
export Q

PEERS := .venv-peers
MODELS := 0.5b 1.5b

.PHONY: help setup ask chat share test test-all story test-llm check bench peers clean

help:
	@echo 'make ask Q="…"   answer a question over samples/'
	@echo 'make chat        the same in a page'
	@echo 'make share       the page with a link and passwords for others'
	@echo 'make test        run the tests      make check   lint, types, imports'
	@echo 'make story       a visitor does it all in a browser (some minutes more)'
	@echo 'make test-llm    run real small models (fetches 1.6 GB once, takes long)'
	@echo 'make bench       measure            make peers   the same beside other libraries'
	@echo 'make clean       remove what was made here'

# The pip of an old Python cannot install some of what we need, so a newer one comes first.
$(VENV)/.base: pyproject.toml constraints.txt
	$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PY=python3.11 …")'
	$(PY) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "$$(grep '^pip==' constraints.txt)"
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) -e '.[test,check]'
	@touch $@

$(LIBRARY)/.samples: $(VENV)/.base $(wildcard samples/*)
	$(BIN)/yinzheng ingest samples --library $(LIBRARY)
	@touch $@

setup: $(VENV)/.base

ask: $(LIBRARY)/.samples
	@$(BIN)/yinzheng ask "$$Q" --library $(LIBRARY)

chat: $(LIBRARY)/.samples
	$(BIN)/yinzheng chat --library $(LIBRARY)

share: $(LIBRARY)/.samples
	$(BIN)/yinzheng chat --library $(LIBRARY) --share --host $(HOST)

test: $(VENV)/.dev
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 --dist loadfile

test-all: $(VENV)/.dev
	HF_HUB_OFFLINE=1 YINZHENG_STORY=1 $(BIN)/python -m pytest -n 2 --dist loadfile --hypothesis-profile=exhaustive -m "exhaustive or not exhaustive"

story: $(VENV)/.dev
	HF_HUB_OFFLINE=1 YINZHENG_STORY=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "exhaustive or not exhaustive" tests/page

$(VENV)/.llm: $(VENV)/.dev
	$(PIP) -e '.[local]'
	@touch $@

test-llm: $(VENV)/.llm
	$(BIN)/python tests/llm/fetch.py $(MODELS)
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -m llm tests/llm

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	HF_HUB_OFFLINE=1 $(BIN)/python -m bench

# An environment of their own: what the peers need is no concern of ours.
$(PEERS)/.ready: pyproject.toml constraints.txt bench/peers/requirements.txt
	$(PY) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "$$(grep '^pip==' constraints.txt)"
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e . -r bench/peers/requirements.txt
	@touch $@

peers: $(PEERS)/.ready
	HF_HUB_OFFLINE=1 $(PEERS)/bin/python -m bench.peers

clean:
	rm -rf $(VENV) $(PEERS) $(LIBRARY) .bench
