# Stepwright. `make` alone says what there is.

CARGO ?= cargo
ZSTANDARD := 0.25.0
EXAMPLE := examples/order-fulfilment

.DEFAULT_GOAL := help

help: ## this text
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: ## build, and run the order example on four real orders
	@$(CARGO) build --quiet --bin stepwright
	@./$(EXAMPLE)/run-all ./target/debug/stepwright

test: ## everything that must hold: unit, contract, scenario, API and client tests, the stack on an emulator of AWS
	./tests/aws-emulator $(CARGO) test --workspace
	./tests/clients/run
	./tests/deploy/run

test-deploy: ## template.yaml on an emulator of AWS (MiniStack, from PyPI), compared with the local binary
	./tests/deploy/run

test-sam: ## sam validate, sam build, and sam local invoke where Docker can run
	./tests/sam/run

test-arm64: ## the binary for arm64, built as sam build builds it, and started under QEMU (minutes; see tests/sam/arm64)
	./tests/sam/arm64

deploy: ## the stack into your AWS account (needs the SAM CLI and credentials)
	sam build
	sam deploy --guided

check: ## formatting, lints, documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

core: ## the inner loop: the pure core alone, in seconds
	$(CARGO) test --quiet -p stepwright-core

test-jsonata: ## random expressions against jsonata-js 2.0.6, from npm (COUNT=100000)
	$(CARGO) build --quiet --release -p stepwright-core --example jsonata_lines
	node tests/jsonata/compare.mjs target/release/examples/jsonata_lines $(or $(COUNT),100000)

aws-models: ## the API models of AWS's services once more, from the pinned botocore on PyPI
	python3 -m venv .venv-models
	.venv-models/bin/pip install --quiet --disable-pip-version-check botocore==1.44.5 zstandard==$(ZSTANDARD)
	.venv-models/bin/python src/task/sdk/models/make.py

fuzz: ## fuzz targets (TARGET=api SECONDS=60); with GUIDED=1 guided by coverage
	@./fuzz/run $(or $(TARGET),all) $(or $(SECONDS),60)

test-forgery: ## task tokens and signed requests, forged by the hundred thousand (COUNT=1000000)
	STEPWRIGHT_FORGERIES=$(or $(COUNT),1000000) $(CARGO) test --quiet --lib turn::token
	STEPWRIGHT_FORGERIES=$(or $(COUNT),1000000) PROPTEST_CASES=10000 $(CARGO) test --quiet --test all api::auth

journals: ## one more generation of journals that later engines have to read (tests/journals)
	$(CARGO) test --quiet --test all -- --ignored --exact journals::a_new_generation_is_written

kill: ## kill -9 of the real server under load, and starts with 10,000 open executions (KILLS=2000, IN_FLIGHT=1000, SEED=1)
	$(CARGO) build --quiet --release --bin stepwright
	$(CARGO) run --quiet -p stepwright-crash -- target/release/stepwright $(or $(KILLS),2000) $(or $(IN_FLIGHT),1000) $(or $(SEED),1)

torn: ## losses of power after every write of a traced process (POINTS=100000; needs strace)
	STEPWRIGHT_CRASH_POINTS=$(or $(POINTS),100000) $(CARGO) test --quiet --test all -- --ignored --nocapture --exact contract::torn::whatever_a_loss_of_power_leaves_after_any_write_holds_what_was_acknowledged

model: ## the journal protocol, every order of events and faults, and every seeded mistake (minutes, gigabytes)
	$(CARGO) run --release --quiet -p stepwright-model $(ONLY)

simulate: ## random machines through faults of every kind (SEEDS=10000, or SEED=k alone; eight runs each)
	SEEDS=$(or $(SEEDS),$(if $(SEED),1,10000)) SEED=$(or $(SEED),1) $(CARGO) test --quiet --profile simulate --test simulate

bench-jsonata: ## the evaluator against jsonata-js 2.0.6 and the crate jsonata-core; needs node
	CARGO_TARGET_DIR=target/bench-jsonata $(CARGO) run --quiet --release --manifest-path benches/jsonata/Cargo.toml

deny: ## licences, bans, sources and, where their database can be reached, advisories of dependencies
	./tests/deny

bench: ## throughput of the stores and the queue
	$(CARGO) bench --bench store --bench queue

# `sam build` calls `make build-<function>` with ARTIFACTS_DIR. All functions are one binary; cargo builds it once.
# ARCH: x86_64 or arm64; unless it says otherwise, that of the template's parameter Architecture. cargo-lambda builds for
# both and for the C library of Lambda, and is installed into target/ where it is needed and not there; plain cargo builds
# for this machine's processor, on a system whose C library is not newer than Lambda's (2.34).
ARCH ?= $(shell sed -n '/^  Architecture:/,/Default:/s/.*Default: *//p' template.yaml)
BOOTSTRAP_PROFILE ?= bootstrap

build-%Function:
	@infra/build-bootstrap "$(ARCH)" "$(BOOTSTRAP_PROFILE)" "$(ARTIFACTS_DIR)"

.PHONY: help run test test-deploy test-sam test-arm64 deploy check core test-jsonata bench-jsonata aws-models model simulate fuzz test-forgery journals deny bench kill torn
