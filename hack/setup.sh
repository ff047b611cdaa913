#!/usr/bin/env bash
# Installs the Debian packages that building and testing ferroute needs. Does nothing when they are there.
. "$(dirname "$0")/lib.sh"

packages=(
	mmdebstrap debian-archive-keyring     # root file systems of the lab and the image
	flex bison bc libelf-dev xz-utils     # the lab's kernel
	gcc make                              # the same, and Rust's linker
	g++                                   # libFuzzer
	iproute2 jq curl ca-certificates      # scripts and tests
	openssl util-linux                    # the lab: a key for its tokens, setpriv to end with its parent
)

missing=()
for package in "${packages[@]}"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
tools_ok() {
	command -v cargo >/dev/null || die "Rust is missing: install rustup, then run this again"
	command -v go >/dev/null || die "Go is missing: version 1.25 or newer is needed for the lab's Kubernetes"
}

command -v apt-get >/dev/null || die "this is not Debian: the lab is made of Debian's packages (apt-get is missing)"
tools_ok
if ((${#missing[@]})); then
	[ "$(id -u)" = 0 ] || die "root is needed to install: ${missing[*]} (run as root, or install them yourself)"
	say "installing ${missing[*]}"
	log=$cache/apt.log
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
		{ tail -n 5 "$log" >&2; die "apt-get could not install ${missing[*]}: is there a network? (log: $log)"; }
fi
