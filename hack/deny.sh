#!/usr/bin/env bash
# Checks licences, sources, versions and known vulnerabilities of every dependency (deny.toml).
. "$(dirname "$0")/lib.sh"
cd "$repo"

version=0.20.2
tools=$cache/cargo-deny-$version

install_deny() {
	[ -x "$tools/bin/cargo-deny" ] ||
		quietly "cargo-deny $version (several minutes, once)" "$cache/log/cargo-deny.log" \
			cargo install --locked --root "$tools" "cargo-deny@$version"
}

locked cargo-deny install_deny
"$tools/bin/cargo-deny" --workspace check bans licenses sources
"$tools/bin/cargo-deny" --workspace check advisories || die "vulnerable, or the advisory database (RustSec, on the Internet) cannot be read"
