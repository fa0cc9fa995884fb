# make run       print the relations of two samples, one of them without marked entities; of FILE; or of TEXT
# make test      run the tests; make test-lowest runs the core tests with the lowest versions of all dependencies
# make demo      serve the page of demo/ until it is stopped
# make check     check style and formatting (make lint), types, spelling, and that all files name one version
# make coverage  run the tests and show which lines they leave out; as pages in build/coverage/
# make check-kgx check the networks of samples/ with the tools of Biolink and KGX, which it installs into .venv/kgx
# make check-networks  open networks of samples/ with ndex2, networkx, igraph and INDRA, which it installs into .venv
# make test-runtime  predict with ONNX graphs in an environment without torch, which it makes in .venv/runtime
# make check-image  run the steps of the Dockerfile in build/image without a container, and send the server a text
# make docs      write the documentation, with the reference of the Python interface, to build/docs/
# make clean     remove the output of builds and tests; make distclean also removes .venv
#
# Each target sets itself up in .venv; nothing is installed twice. Needs Python 3.11 or newer with its venv module.
#   FILE    the file to read, such as plain text or PubTator: make run FILE="my file.txt"
#   TEXT    the text to read: make run TEXT="Metformin lowered TNF and improved hepatic steatosis in mice."
#   PORT    where the page is served: make demo PORT=8000
#   PYTHON  the interpreter to build .venv with
#   TORCH   the torch that the first set-up installs; the CPU build unless you name another, such as TORCH=torch==2.13.0

PORT ?= 7860
PYTHON ?= python3
# On Linux the plain version brings gigabytes of CUDA libraries; the local version "+cpu" exists only there.
TORCH ?= torch==2.13.0$(if $(filter Linux,$(shell uname -s)),+cpu)

# Variables of the recipe's environment keep spaces and quotes in them intact, and value keeps a "$".
override FILE := $(value FILE)
override TEXT := $(value TEXT)
export FILE
export TEXT
export PORT

python := .venv/bin/python
lowest := .venv/lowest/bin/python
cff := .venv/cff/bin
kgx := .venv/kgx/bin/python
readers := .venv/readers/bin/python
indra := .venv/indra/bin/python
runtime := .venv/runtime/bin/python
BIOLINK := 4.4.6
metadata := setup.cfg pyproject.toml

.PHONY: help run test test-lowest test-runtime demo lint check check-kgx check-networks check-image coverage docs clean distclean
.NOTPARALLEL:

help:
	@awk '/^$$/ {exit} {sub(/^# ?/, ""); print}' Makefile

run: .venv/.biodir-run
	@if [ -n "$$TEXT" ] && [ -n "$$FILE" ]; then echo "give TEXT or FILE, not both" >&2; exit 2; fi
	@if [ -n "$$TEXT" ]; then printf '%s\n' "$$TEXT" | .venv/bin/biodir predict --model . -; \
	elif [ -n "$$FILE" ]; then .venv/bin/biodir predict --model . "$$FILE"; \
	else .venv/bin/biodir predict --model . samples/sample.pubtator samples/plain.txt; fi

test: .venv/.biodir-dev
	$(python) -m pytest -q

# tests/training needs accelerate and tests/publishing the whole development installation; these need neither.
test-lowest: .venv/.biodir-lowest
	$(lowest) -m pytest -q tests/hub tests/formats tests/test_remote_loading.py tests/test_shipped_checkpoint.py

# The graphs are written where torch is, and used where it is not.
test-runtime: .venv/.biodir-dev .venv/.biodir-runtime
	rm -rf build/runtime
	mkdir -p build/runtime
	$(python) -m biodir export-onnx build/runtime/graphs --model .
	$(python) -m biodir predict --model . --backend torch samples/*.pubtator samples/plain.txt -o build/runtime/torch.jsonl
	$(runtime) scripts/check_runtime.py build/runtime

demo: .venv/.biodir-demo
	@$(python) demo/app.py

lint: .venv/.biodir-dev
	$(python) -m ruff check .
	$(python) -m ruff format --check .

check: lint .venv/.biodir-cff
	$(python) -m mypy
	$(python) -m codespell_lib
	$(python) -m pytest -q tests/test_version.py
	$(cff)/cffconvert --validate

coverage: .venv/.biodir-dev
	$(python) -m pytest -q --cov --cov-report=term-missing --cov-report=html

# The files of Biolink's own release are used, so nothing is downloaded while it checks.
check-kgx: .venv/.biodir-run .venv/.biodir-kgx
	rm -rf build/kgx
	mkdir -p build/kgx
	$(python) -m biodir predict --model . samples/*.pubtator --return-entities -o build/kgx/predicted.jsonl
	$(python) scripts/kgx_samples.py build/kgx build/kgx/predicted.jsonl
	$(kgx) scripts/check_kgx.py .venv/kgx/biolink_model-$(BIOLINK) build/kgx

# Of Neo4j and Cytoscape there are no packages to install; the checks of the CSV are the rules of Neo4j's manual.
check-networks: .venv/.biodir-demo .venv/.biodir-readers .venv/.biodir-indra
	rm -rf build/networks
	mkdir -p build/networks
	$(python) -m biodir predict --model . samples/*.pubtator --return-entities -o build/networks/predicted.jsonl
	for suffix in csv cx2 graphml indra.json; do \
		$(python) -m biodir network build/networks/predicted.jsonl -o build/networks/graph.$$suffix || exit 1; \
	done
	$(readers) scripts/check_networks.py build/networks
	$(indra) scripts/check_indra.py build/networks/graph.indra.json

check-image: .venv/.biodir-dev
	rm -rf build/image
	mkdir -p build/image
	$(python) -m biodir export-onnx build/image/graphs --model .
	$(python) scripts/check_image.py build/image/root --onnx build/image/graphs

docs: .venv/.biodir-dev
	$(python) scripts/build_docs.py build/docs

clean:
	rm -rf build dist *.egg-info runtime/build runtime/*.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -path ./.venv -prune -o -path ./.git -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean
	rm -rf .venv

.venv/.biodir-run: .venv/.biodir-torch $(metadata)
	$(python) -m pip install --quiet -e .
	@touch $@

.venv/.biodir-demo: .venv/.biodir-torch $(metadata)
	@echo "installing what the page needs ..."
	$(python) -m pip install --quiet -e ".[demo]"
	@touch .venv/.biodir-run $@

# The development installation holds the others: no second installation for `make run` after `make test`.
.venv/.biodir-dev: .venv/.biodir-torch $(metadata)
	$(python) -m pip install --quiet -e ".[dev]"
	@touch .venv/.biodir-run .venv/.biodir-demo $@

# cffconvert wants an older jsonschema than mcp.
.venv/.biodir-cff: | .venv/bin/pip
	$(python) -m venv .venv/cff
	$(cff)/python -m pip install --quiet "cffconvert>=2,<3" "setuptools<81"
	@touch $@

# An environment of its own, inside .venv so that it goes with it.
.venv/.biodir-lowest: .venv/.biodir-torch tests/lowest.txt $(metadata)
	$(python) -m venv .venv/lowest
	$(lowest) -m pip install --quiet "$(TORCH)" -e ".[data,formats]" pytest hypothesis -c tests/lowest.txt
	@touch $@

.venv/.biodir-runtime: runtime/setup.py $(metadata) | .venv/bin/pip
	$(python) -m venv .venv/runtime
	rm -rf runtime/build runtime/*.egg-info
	$(runtime) -m pip install --quiet ./runtime
	rm -rf runtime/build runtime/*.egg-info
	@touch $@

.venv/.biodir-kgx: | .venv/bin/pip
	$(python) -m venv .venv/kgx
	$(kgx) -m pip install --quiet bmt==1.5.0 kgx==2.6.0 biolink-model==$(BIOLINK) jsonschema==4.26.0
	$(kgx) -m pip download --quiet --no-deps --no-binary biolink-model -d .venv/kgx biolink-model==$(BIOLINK)
	tar -xzf .venv/kgx/biolink_model-$(BIOLINK).tar.gz -C .venv/kgx
	@touch $@

.venv/.biodir-readers: | .venv/bin/pip
	$(python) -m venv .venv/readers
	$(readers) -m pip install --quiet ndex2==3.12.0 networkx==3.6.1 igraph==1.0.0 "pandas>=3,<4"
	@touch $@

# INDRA wants an old ndex2.
.venv/.biodir-indra: | .venv/bin/pip
	$(python) -m venv .venv/indra
	$(indra) -m pip install --quiet indra==1.24.0
	@touch $@

.venv/.biodir-torch: | .venv/bin/pip
	@echo "installing $(TORCH) ..."
	@$(python) -m pip install --quiet "$(TORCH)" || { \
	  echo "make: pip did not get $(TORCH)." >&2; \
	  echo "  No such version: name PyTorch's CPU wheel index in PIP_EXTRA_INDEX_URL (the address is in PyTorch's own" >&2; \
	  echo "  installation instructions) and run make again, or choose another build: make $(MAKECMDGOALS) TORCH=torch" >&2; \
	  exit 1; }
	@touch $@

.venv/bin/pip:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "make: no $(PYTHON) here. Install Python 3.11 or newer (apt install python3 python3-venv), or name one: PYTHON=..." >&2; \
	  exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $$("$(PYTHON)" --version) is too old. biodir needs Python 3.11 or newer; name one: make PYTHON=python3.11" >&2; \
	  exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: $(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; }
	"$(PYTHON)" -m venv .venv
