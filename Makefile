# `make help` lists the targets. The slow parts (root file system, kernel, Kubernetes) are built once and cached in
# ~/.cache/ferroute (or $XDG_CACHE_HOME/ferroute), for every clone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
BINARY := $(CARGO_TARGET_DIR)/release/ferroute
IMAGE := $(CARGO_TARGET_DIR)/ferroute-image.tar

##@ Use it

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: root setup build ## The whole system on a real two-node cluster inside one process; KEEP=1 leaves a shell in it
	@cargo run --locked --quiet -p ferroute-e2e --bin demo $(if $(KEEP),-- --keep)

.PHONY: demo-metallb
demo-metallb: ## The same on kind and containerlab, where Docker is; KEEP=1 leaves it running
	@KEEP=$(KEEP) hack/demo-metallb.sh

.PHONY: build
build: ## The release binary, target/release/ferroute
	@cargo build --release --locked -p ferroute

.PHONY: image
image: root setup build ## The container image, target/ferroute-image.tar (docker load, kind load image-archive)
	@hack/image.sh "$(BINARY)" "$(IMAGE)"
	@echo "image ferroute:dev is in $(IMAGE)"

##@ Check it

.PHONY: test
test: root setup lint arch test-unit fuzz-short chart crds-check test-e2e ## Everything below except deny

.PHONY: test-unit
test-unit: root setup ## Unit, property, kernel and FRR tests of every crate (they need root)
	@cargo test --locked --workspace --exclude ferroute-e2e

.PHONY: fuzz
fuzz: setup ## Strings from outside through FRR's model, rendered and read again; N=10000000 cases (docs/security.md)
	@hack/fuzz.sh $(or $(N),10000000)

.PHONY: fuzz-short
fuzz-short: setup ## The first 200,000 cases of it, or 30 seconds
	@hack/fuzz.sh 200000 30

.PHONY: test-e2e
test-e2e: root setup build ## Whole scenarios in the lab; ONLY=word runs those whose name has the word
	@cargo test --locked -p ferroute-e2e -- $(ONLY)

.PHONY: oracle
oracle: root setup ## FRR's client against frr-reload.py on N pairs of configurations; FRR=8.4|10.3|10.7 SEED=n (docs/oracle.md)
	@FERROUTE_LAB_FRR=$(or $(FRR),10.3) FERROUTE_ORACLE_PAIRS=$(or $(N),2000) $(if $(SEED),FERROUTE_ORACLE_SEED=$(SEED)) \
		cargo test --locked -p ferroute-frr our_client_and_frr_reload -- --nocapture

.PHONY: bench-latency
bench-latency: root setup build ## From a Service to its route, and back, 100 times in the lab (docs/benchmarks.md)
	@cargo run --locked --quiet -p ferroute-e2e --bin latency

.PHONY: bench-frr
bench-frr: root setup ## What a change costs FRR, by us and by frr-reload.py in one run (docs/benchmarks.md); QUICK=1 is short
	@cargo build --release --locked --quiet -p ferroute-frr --example instance
	@QUICK=$(QUICK) cargo bench --locked --quiet -p ferroute-frr --bench frr

.PHONY: lint
lint: ## Format, clippy, documentation, shell scripts
	@cargo fmt --all --check
	@cargo fmt --manifest-path crates/frr/fuzz/Cargo.toml --check
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@cargo clippy --locked --manifest-path crates/frr/fuzz/Cargo.toml --target-dir $${CARGO_TARGET_DIR:-target} -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items --quiet
	@hack/shellcheck.sh

.PHONY: arch
arch: ## Who may depend on whom (docs/architecture.md), and each crate compiles alone
	@hack/arch.sh

.PHONY: chart
chart: setup ## The Helm chart: lint, render, refuse wrong values
	@hack/chart.sh

.PHONY: crds-check
crds-check: ## config/crd and the chart hold the CRDs of the code
	@hack/crds.sh --check

.PHONY: deny
deny: ## Licences, sources and known vulnerabilities of the dependencies (installs cargo-deny)
	@hack/deny.sh

##@ Change it

.PHONY: setup
setup: ## Install the Debian packages that building and testing need
	@hack/setup.sh

.PHONY: crds
crds: ## Write the CRDs of the code to config/crd and the chart
	@hack/crds.sh

.PHONY: fmt
fmt: ## Format the code
	@cargo fmt --all
	@cargo fmt --manifest-path crates/frr/fuzz/Cargo.toml

.PHONY: clean
clean: ## Remove what was built here (the cache stays)
	@cargo clean

.PHONY: root
root:
	@[ "$$(id -u)" = 0 ] || { echo "error: root is needed: this makes network namespaces and mounts (try: sudo -E make $(MAKECMDGOALS))" >&2; exit 1; }
