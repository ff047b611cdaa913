#!/usr/bin/env bash
# Prints the path of a root file system with one version of FRR: `frr.sh 8.4|10.3|10.7`. 10.3 is the lab's own; the
# others are made of another Debian suite, with nothing in them but FRR, frr-reload.py and iproute2.
. "$(dirname "$0")/../lib.sh"

case ${1:-10.3} in
8.4) suite=bookworm ;;
10.3) exec "$(dirname "$0")/rootfs.sh" ;;
10.7) suite=sid ;;
*) die "no Debian suite is known for FRR $1: 8.4, 10.3 or 10.7" ;;
esac
target=$cache/frr-$suite-$(recipe_key "$0")

make_frr() {
	[ -e "$target/.complete" ] && return
	[ "$(id -u)" = 0 ] || die "root is needed to make a root file system"
	rm -rf "$target" "$target.part"
	# A mirror may keep the daily index of sid for longer than it is valid.
	quietly "root file system of FRR $1 (Debian $suite)" "$cache/log/frr-$suite.log" \
		mmdebstrap --variant=apt --include=frr,frr-pythontools,iproute2 \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
		"$suite" "$target.part" "$(debian_mirror)"
	mv "$target.part" "$target"
	touch "$target/.complete"
}

locked "frr-$suite" make_frr "$1"
printf '%s\n' "$target"
