# Stepwright. `make` alone says what there is.

CARGO ?= cargo
EXAMPLE := examples/order-fulfilment

.DEFAULT_GOAL := help

help: ## this text
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

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

deny: ## licences, bans and sources of dependencies (needs cargo-deny)
	$(CARGO) deny --offline check licenses bans sources

bench: ## throughput of the stores
	$(CARGO) bench --bench store

.PHONY: help run test check core deny bench
