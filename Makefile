# make run, make test: nothing before them but git, make and Python 3.11-3.13.
# GNU make; every path is relative to this file's folder.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
VENV := .venv
PY := $(VENV)/bin/python
# what tests and screenshots run with: no window server, no faces but the bundled ones
OFFSCREEN := QT_QPA_PLATFORM=offscreen FONTCONFIG_FILE=$(ROOT)tests/fonts.conf
PYTEST := $(OFFSCREEN) $(PY) -m pytest
WORKERS := 2
SAMPLE := build/sample-desk

.PHONY: help setup qt-libs fonts run test check lint bench faults demo-sync shots dist lock clean

help:
	@sed -n 's/^## //p' Makefile

## make run     open the sample desk; without a display play its night offscreen
run: setup
	@PY=$(PY) SAMPLE=$(SAMPLE) packaging/run.sh

## make test    everything that must hold
test: setup
	@$(PYTEST) -n $(WORKERS) --dist worksteal

## make check   what needs no window and no server, in less than a minute
check: setup
	@$(PYTEST) -q -n $(WORKERS) --dist worksteal -m "not gui and not server and not bench and not faults"

## make lint    ruff, basedpyright, import-linter
lint: setup
	@failed=; \
	for tool in "-m ruff check ." "-m ruff format --check ." "-m basedpyright" \
	    "-m basedpyright -p packaging/pyright-qt.json" "$(VENV)/bin/lint-imports --no-cache"; do \
	    echo "== $$tool"; $(PY) $$tool || failed=yes; \
	done; test -z "$$failed"

## make bench   measure, and write docs/performance.md
bench: setup
	@rm -f build/bench.json
	@$(PYTEST) -m bench -n 0 -s -o faulthandler_timeout=0 --durations=0 --durations-min=1 tests/bench
	@$(PY) packaging/bench_report.py

## make faults  the fault tests with their full counts
faults: setup
	@DUTYDESK_FAULTS=full DUTYDESK_EXAMPLES=10000 $(PYTEST) -o faulthandler_timeout=0 -m "faults or not faults" -n $(WORKERS) tests/faults \
	    tests/sync tests/journal/test_journal_merge.py tests/admin/test_admin_watch.py

## make demo-sync   two desks and a hub live through a bad week
demo-sync: setup
	@$(OFFSCREEN) $(PY) packaging/demo_sync.py

## make shots   the pictures of docs/screens
shots: setup
	@$(OFFSCREEN) $(PY) packaging/shots.py docs/screens

## make dist    the wheel, in dist/
dist: setup
	@$(PY) -m hatchling build -t wheel -d dist

## make lock    resolve the requirements again (needs uv)
lock:
	@PATH="$(ROOT)$(VENV)/bin:$$PATH" $(PY) packaging/lock.py

## make clean   remove what make made, .venv too
clean:
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .ruff_cache .import_linter_cache
	find dutydesk tests packaging -name __pycache__ -type d -prune -exec rm -rf {} +
	find resources/i18n -name '*.mo' -delete

fonts: build/fonts.stamp

setup: qt-libs $(VENV)/.stamp build/fonts.stamp build/i18n.stamp

$(VENV)/.stamp: requirements-dev.lock packaging/venv.sh
	@VENV=$(VENV) packaging/venv.sh requirements-dev.lock
	@touch $@

# looked at every time: a tenth of a second, and what was there yesterday may be gone
qt-libs:
	@packaging/setup-qt-libs.sh

build/fonts.stamp: packaging/fonts.py $(VENV)/.stamp
	@$(PY) packaging/fonts.py build/fonts
	@touch $@

build/i18n.stamp: $(wildcard resources/i18n/*/LC_MESSAGES/*.po) packaging/catalogue.py $(VENV)/.stamp
	@$(PY) packaging/catalogue.py compile
	@mkdir -p build && touch $@
