# libperiodic. `make help` lists the targets; scripts/ has what is longer than a few lines.

PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
SEED ?= 1
COUNT ?= 1000
SWIFT ?= swift

# What is shipped leaves out the checks for overlapping access to one object's variables: a quarter of
# the loop's time. Tests, simulator and fuzzers are built with them.
RELEASE_FLAGS := -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked

.PHONY: help setup demo test swift-tests python-tests check check-slow install uninstall library wheel daemon \
  sim bench bench-inproc bench-load profile instructions fuzz format lint abi configuration deb install-only

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

setup: ## Install what the build needs (apt), if something is missing
	@scripts/setup.sh

demo: setup library daemon ## Run the main job for real: daemon, script worker, C, Python, curl
	@scripts/demo.sh

test: setup ## Build and run the tests
	$(SWIFT) build --build-tests
	@$(MAKE) --no-print-directory -j2 swift-tests python-tests
	scripts/integration-tests.sh

swift-tests:
	$(SWIFT) test --skip-build

# Beside those, on what they leave of the processors.
python-tests: library
	LIBPERIODIC_SO=$(CURDIR)/.build-library/release/libperiodic.so scripts/python-tests.sh

check: test lint ## The tests and the lint

check-slow: setup library daemon ## What does not fit into ten minutes: many seeds, crashes, power cuts
	scripts/check-slow.sh

library: ## Build libperiodic.so for release
	scripts/build-library.sh

wheel: setup ## Make the Python wheel, for manylinux, in .build/wheel
	@scripts/wheel.sh

daemon: ## Build the command line and daemon for release
	$(SWIFT) build $(RELEASE_FLAGS) --product periodic-cli

install: library daemon ## Install to PREFIX (/usr/local), below DESTDIR if given
	@$(MAKE) --no-print-directory install-only

install-only:
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" LIBDIR="$(LIBDIR)" scripts/install.sh

deb: ## Make the Debian packages in .build/deb
	@scripts/deb.sh

uninstall: ## Remove what install put there
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" scripts/uninstall.sh

abi: ## Write docs/abi and periodic.map from the header; what went or changed needs BREAK=1
	@scripts/abi.py $(if $(BREAK),--break)

configuration: ## Write docs/CONFIGURATION.md from the tables of options
	$(SWIFT) build --product periodic-cli
	.build/debug/periodic-cli configuration > docs/CONFIGURATION.md

sim: ## Run the simulator (SEED=1 COUNT=1000), twice in part: both digests must agree
	$(SWIFT) build -c release --product simulate
	@scripts/simulate.sh $(SEED) $(COUNT)

bench: setup daemon library ## Measure it beside Redis, beanstalkd and gearmand (QUICK=1, ROUNDS=5, ONLY=ping,...)
	@scripts/setup.sh beanstalkd gearman-job-server redis-server wrk python3-matplotlib
	$(SWIFT) build $(RELEASE_FLAGS) --product bench
	@scripts/bench.sh

bench-inproc: ## CPU time of a job inside one process, beside a Unix socket (ROUNDS=5)
	@scripts/bench-inproc.sh

profile: setup daemon ## Where the daemon's instructions for a job go, by callgrind (OTHER=daemon to compare with)
	$(SWIFT) build $(RELEASE_FLAGS) --product bench
	@scripts/bench/profile.py $(OTHER) .build/release/periodic-cli

bench-load: ## How long dlopen() of libperiodic.so takes, how large it is, and what it needs
	@scripts/bench-load.sh

instructions: library ## Compare instructions per job with Tests/cbench/baseline.txt (UPDATE=1 writes it)
	@scripts/instructions.sh

fuzz: setup ## Fuzz each codec under the address sanitizer, FUZZ_SECONDS (600) each
	@scripts/fuzz.sh

format: ## Format the Swift sources
	$(SWIFT) format -i -r Sources Tests Package.swift

lint: ## Check the format of the Swift sources
	$(SWIFT) format lint --strict -r Sources Tests Package.swift
