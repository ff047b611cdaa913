#!/usr/bin/env bash
# Fuzzes what reaches FRR's configuration: hack/fuzz.sh CASES [SECONDS], whichever is reached first. Prints what was run.
. "$(dirname "$0")/lib.sh"

version=0.13.2
tools=$cache/cargo-fuzz-$version
fuzz=$repo/crates/frr/fuzz
built=${CARGO_TARGET_DIR:-$repo/target}/fuzz
cases=${1:-10000000}
seconds=${2:-0}
seed=${SEED:-1}

install_fuzz() {
	[ -x "$tools/bin/cargo-fuzz" ] ||
		quietly "cargo-fuzz $version (a minute, once)" "$cache/log/cargo-fuzz.log" \
			cargo install --locked --root "$tools" "cargo-fuzz@$version"
}

# Without a sanitizer (the code is safe Rust) the stable toolchain does. What is compared is not traced: that takes half
# of the time, and the dictionary knows the words. Short inputs find more in the same time; long values are the tests'.
fuzz() {
	local target=$1 log=$built/$1.log
	rm -rf "$built/corpus/$target" # a seed tells the whole run only from the same beginning
	mkdir -p "$built/corpus/$target" "$built/found"
	quietly "building the fuzz target $target" "$built/build.log" \
		"$tools/bin/cargo-fuzz" fuzz build --fuzz-dir "$fuzz" --sanitizer none --no-trace-compares --target-dir "$built" "$target"
	quietly "fuzzing $target: $cases cases, seed $seed" "$log" \
		"$built/$(rustc -vV | sed -n 's/^host: //p')/release/$target" -runs="$cases" -max_total_time="$seconds" \
		-seed="$seed" -max_len=160 -dict="$fuzz/$target.dict" -artifact_prefix="$built/found/" -verbosity=1 \
		-print_final_stats=1 "$built/corpus/$target"
	grep -E '^Done|^stat::(number_of_executed_units|average_exec_per_sec)' "$log"
}

locked cargo-fuzz install_fuzz
fuzz rendered
