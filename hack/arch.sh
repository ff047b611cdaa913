#!/usr/bin/env bash
# Checks what docs/architecture.md says about who may depend on whom, and that each crate compiles alone.
. "$(dirname "$0")/lib.sh"
cd "$repo"

# A crate and those of the workspace it may depend on.
rules='
api
frr
net
service
plan       api
controller api plan service
agent      api frr net service
ferroute   agent api controller frr net plan service
'

failures=0
wrong() {
	printf 'arch: %s\n' "$*" >&2
	failures=$((failures + 1))
}

package() { [ "$1" = ferroute ] && echo ferroute || echo "ferroute-$1"; }

# The names of everything a crate is linked with; a first argument of 1 is the direct dependencies only.
dependencies() {
	cargo tree --locked -e normal --prefix none --format '{lib}' --depth "$1" -p "$(package "$2")" | tail -n +2 | sort -u
}

check_layers() {
	local crate allowed found
	while read -r crate allowed; do
		[ -n "$crate" ] || continue
		for found in $(dependencies 1 "$crate" | sed -n 's/^ferroute_//p'); do
			[[ " $allowed " == *" $found "* ]] || wrong "$crate depends on $found; it may depend on: ${allowed:-no crate of the workspace}"
		done
	done <<<"$rules"
}

check_every_crate_has_a_rule() {
	local folder crate
	for folder in crates/*/; do
		crate=$(basename "$folder")
		grep -q "^$crate\b" <<<"$rules" || wrong "crates/$crate has no rule in hack/arch.sh"
	done
}

# never CRATE LIBRARY…: not even through others.
never() {
	local crate=$1 linked library
	shift
	linked=$(dependencies 99 "$crate")
	for library in "$@"; do
		! grep -qx "$library" <<<"$linked" || wrong "$crate is linked with $library"
	done
}

# only CRATE LIBRARY: no other crate names the library among its dependencies.
only() {
	local crate linked
	while read -r crate _; do
		[ -n "$crate" ] && [ "$crate" != "$1" ] || continue
		linked=$(dependencies 1 "$crate")
		! grep -qx "$2" <<<"$linked" || wrong "$crate depends on $2; only $1 may"
	done <<<"$rules"
}

check_yaml_is_in_one_module() {
	local modules
	modules=$(grep -rl --exclude=tests.rs 'serde_yaml::' crates/*/src || true)
	[ "$(wc -w <<<"$modules")" -le 1 ] || wrong "serde_yaml is used in more than one module:" $modules
}

check_each_compiles_alone() {
	local crate
	while read -r crate _; do
		[ -z "$crate" ] || cargo check --locked --quiet -p "$(package "$crate")" || wrong "$crate does not compile alone"
	done <<<"$rules"
}

check_every_crate_has_a_rule
check_layers
never api tokio kube_client rtnetlink
never plan tokio kube_client rtnetlink tracing
never frr kube_core kube_client k8s_openapi
never net kube_core kube_client k8s_openapi
only net rtnetlink
only api serde_yaml
check_yaml_is_in_one_module
check_each_compiles_alone

((failures == 0)) || die "$failures rules of the architecture are broken"
say "architecture: every rule holds"
