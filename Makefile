# Every target is a line or a few; what it does is in crates/devstack or in cargo. `make help` lists them.

CARGO := $(shell command -v cargo 2>/dev/null)
ifeq ($(CARGO),)
$(error cargo was not found. Install Rust from https://rustup.rs, open a new shell and run make again)
endif
# Tests start the programs that were built beside them, so these are not built a second time.
BUILT = $(or $(CARGO_TARGET_DIR),target)/debug
# Not `-p rmu-devstack`: chosen over the whole workspace, its dependencies have the features that the services
# need too, and are built once instead of twice. A first build takes minutes, and is to be seen.
DEVSTACK := cargo run $(if $(wildcard $(BUILT)/devstack),-q) --locked --bin devstack --

# Tools that are no part of the toolchain, in the versions that were used last. Installed only when missing.
NEXTEST := cargo-nextest@0.9.143
DENY := cargo-deny@0.20.2
MACHETE := cargo-machete@0.9.2
OHA := oha@1.16.0
need = command -v $(1) >/dev/null || cargo install --locked --debug $(2)

.DEFAULT_GOAL := help
.PHONY: help run up down status truth truth-faults test soak bench-scrape bench-api lint fmt contracts

help: ## Lists the targets.
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: ## Installs what is missing, builds, starts everything and shows the first scrape; Ctrl-C stops it.
	@$(DEVSTACK) run

up: ## The same in the background; returns when the API is ready and its first scrape has finished.
	@$(DEVSTACK) up

down: ## Stops what `make up` or `make run` started and leaves no process behind.
	@$(DEVSTACK) down

status: ## Says what is running and where.
	@$(DEVSTACK) status

truth: ## Compares every unit of the running stack with what its demo handbooks meant.
	@$(DEVSTACK) truth

truth-faults: ## Scrapes a thousand units a site into a stack of its own, then with faults, and compares every fact.
	@$(DEVSTACK) truth-faults

test: ## Runs the whole test suite against real servers that it starts itself.
	@$(call need,cargo-nextest,$(NEXTEST))
	@cargo nextest run --locked --workspace --no-run
	@$(BUILT)/devstack test -- cargo nextest run --locked --workspace

soak: ## Kills browsers, workers and the broker hundreds of times and prints what came of it; about an hour.
	@$(call need,cargo-nextest,$(NEXTEST))
	@cargo nextest run --locked --workspace --no-run
	@RMU_SOAK=1 $(BUILT)/devstack test -- cargo nextest run --locked --workspace --profile soak -E 'test(/^soak::/)'

bench-scrape: ## Prints pages per second of the worker beside a bare WebDriver loop, and with 1, 2 and 4 browsers.
	@$(DEVSTACK) test -- cargo bench -q --locked -p rmu-scraper-worker --bench scrape

bench-api: ## Prints rates and latencies of search, units, reviews and more over 10 000 to 1 000 000 units; half an hour.
	@command -v oha >/dev/null || cargo install --locked $(OHA)
	@cargo build -q --locked --release --bin api-gateway
	@$(DEVSTACK) test --postgres-buffers 4GB -- cargo bench -q --locked -p rmu-api-gateway --bench api

lint: ## Checks format, lints, documentation, dependencies and published contracts.
	@$(call need,cargo-deny,$(DENY))
	@$(call need,cargo-machete,$(MACHETE))
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc -q --locked --workspace --no-deps --document-private-items
	@cargo deny --locked check bans licenses sources
	@cargo machete
	@cargo run -q --locked --bin rmu -- contracts --check

fmt: ## Formats the code.
	@cargo fmt --all

contracts: ## Writes the published contracts in proto/, and the table of variables in README.md, anew.
	@cargo build -q --workspace --bins
	@$(BUILT)/rmu contracts
	@$(BUILT)/rmu readme
	@$(BUILT)/api-gateway openapi > proto/openapi.json.new && mv proto/openapi.json.new proto/openapi.json
