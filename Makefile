# On a fresh Debian machine with a Swift toolchain, `make demo` and `make test` do everything. Long
# output goes to .logs/.

# SwiftPM caches its manifest by text and environment: naming the plugin folders here makes a new
# folder visible without a clean build.
export ZOO_PLUGINS := $(sort $(notdir $(wildcard Plugins/*)))

export SWIFT ?= swift
PREFIX ?= /usr/local
BUILD := $(SWIFT) build -c release --disable-build-manifest-caching

.PHONY: help setup build demo examples test torture bench lint format docs size install uninstall deb clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install missing libraries (apt-get, as root or through sudo)
	@.ci/setup

build: setup ## build the command line, .build/release/zoo
	@$(BUILD) --product zoo

demo: build ## a tour in about a minute: list, predict, fine-tune; writes a page of the results
	@$(BUILD) --product workshop
	@.ci/demo

examples: build ## build and run Examples/, as programs and loaded by an installed zoo
	@.ci/examples

test: setup ## run every test and print a summary; full output in .logs/test.log
	@.ci/test

torture: build ## try to break Documentation/promises.md: ARGS="limits --count 76"
	@.ci/torture $(ARGS)

bench: build ## compare speed with PyTorch and others: ARGS="--only inference" (Benchmarks/README.md)
	@Benchmarks/run $(ARGS)

lint: ## check the format, and constructs that the sources must not use
	@.ci/lint

format: ## format every Swift file
	@$(SWIFT) format -i -r Package.swift Sources Plugins Templates Tests \
	  Examples/*/Package.swift Examples/*/Sources

docs: setup ## build the API reference, .build/docs; a warning is an error
	@.ci/docs

size: ## count lines of code by target
	@.ci/size

install: ## install zoo, its manual, completion and weights under PREFIX (/usr/local)
	@# After `make build`, `sudo make install` works without the toolchain on root's path.
	@if command -v $(SWIFT) >/dev/null || ! [ -x .build/release/zoo ]; then \
	  $(MAKE) --no-print-directory build; fi
	@DESTDIR="$(DESTDIR)" .ci/install "$(PREFIX)"

uninstall: ## remove what install put under PREFIX
	@DESTDIR="$(DESTDIR)" .ci/install --remove "$(PREFIX)"

deb: build ## make a Debian package in .build; ARGS=--check also installs, uses and purges it
	@.ci/deb $(ARGS)

clean: ## delete everything that was built
	@rm -rf .build .logs
