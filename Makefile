# On a fresh Debian machine with a Swift toolchain two commands do everything: `make demo` and
# `make test`. What a command has to say at length goes to .logs/.

# SwiftPM caches its manifest by text and environment: naming the plugin folders here makes a new
# folder visible without a clean build.
export ZOO_PLUGINS := $(sort $(notdir $(wildcard Plugins/*)))

export SWIFT ?= swift
PREFIX ?= /usr/local
BUILD := $(SWIFT) build -c release --disable-build-manifest-caching

.PHONY: help setup build demo examples test bench lint format docs size install uninstall clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the libraries that are missing (apt-get, as root or through sudo)
	@.ci/setup

build: setup ## the command line, .build/release/zoo
	@$(BUILD) --product zoo

demo: build ## a tour in about a minute: what there is, what it sees, how it learns; and a page of it
	@$(BUILD) --product workshop
	@.ci/demo

examples: build ## what stands under Examples/, by itself and loaded by an installed zoo
	@.ci/examples

test: setup ## every test, with a summary; all that they say is in .logs/test.log
	@.ci/test

bench: build ## beside PyTorch and others: ARGS="--only inference" (Benchmarks/README.md)
	@Benchmarks/run $(ARGS)

lint: ## the format, and constructs that do not belong into the sources
	@.ci/lint

format: ## put every Swift file into the house's format
	@$(SWIFT) format -i -r Package.swift Sources Plugins Tests \
	  Examples/*/Package.swift Examples/*/Sources

docs: setup ## the reference, .build/docs; a warning is an error
	@.ci/docs

size: ## lines of code by target
	@.ci/size

install: ## zoo, its manual, completion and weights under PREFIX (/usr/local)
	@# `sudo make install` after `make build`: root need not have the toolchain on its path.
	@if command -v $(SWIFT) >/dev/null || ! [ -x .build/release/zoo ]; then \
	  $(MAKE) --no-print-directory build; fi
	@DESTDIR="$(DESTDIR)" .ci/install "$(PREFIX)"

uninstall: ## takes away what install put under PREFIX
	@DESTDIR="$(DESTDIR)" .ci/install --remove "$(PREFIX)"

clean: ## forget everything that was built
	@rm -rf .build .logs
