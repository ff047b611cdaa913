#!/usr/bin/env bash
# Runs shellcheck over every script of the project; installs it from Debian when it is missing.
. "$(dirname "$0")/lib.sh"
cd "$repo"

if ! command -v shellcheck >/dev/null; then
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "shellcheck is missing and only root can install it: apt-get install shellcheck"
	say "installing shellcheck"
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends shellcheck; } >"$cache/apt.log" 2>&1 ||
		die "apt-get could not install shellcheck: is there a network? (log: $cache/apt.log)"
fi

mapfile -t scripts < <(grep -rlE '^#!.*\b(ba)?sh$' hack tests .ci --include='*' --exclude-dir=target --exclude-dir=bin)
# Excluded: lib.sh is sourced by a computed path, so its variables (SC2154) and its `set -e` (SC2164) go unseen;
# an array made from a pattern that matches one file is read as that file (SC2128).
shellcheck --shell bash --severity warning --exclude SC2154,SC2164,SC2128 "${scripts[@]}"
say "shellcheck: ${#scripts[@]} scripts"
