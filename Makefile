# Stepwright. `make` alone says what there is.

CARGO ?= cargo
EXAMPLE := examples/order-fulfilment

.DEFAULT_GOAL := help

help: ## this text
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: ## build, and run the order example on four real orders
	@$(CARGO) build --quiet --bin stepwright
	@./$(EXAMPLE)/run-all ./target/debug/stepwright

test: ## everything that must hold: unit, contract, scenario, API and client tests
	$(CARGO) test --workspace
	./tests/clients/run

check: ## formatting, lints, documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

core: ## the inner loop: the pure core alone, in seconds
	$(CARGO) test --quiet -p stepwright-core

test-jsonata: ## random expressions against jsonata-js 2.0.6, from npm (COUNT=100000)
	$(CARGO) build --quiet --release -p stepwright-core --example jsonata_lines
	node tests/jsonata/compare.mjs target/release/examples/jsonata_lines $(or $(COUNT),100000)

model: ## the journal protocol, every order of events and faults, and every seeded mistake (minutes, gigabytes)
	$(CARGO) run --release --quiet -p stepwright-model $(ONLY)

deny: ## licences, bans and sources of dependencies (needs cargo-deny)
	$(CARGO) deny --offline check licenses bans sources

bench: ## throughput of the stores and the queue
	$(CARGO) bench --bench store --bench queue

.PHONY: help run test check core test-jsonata model deny bench
