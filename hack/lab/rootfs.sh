#!/usr/bin/env bash
# Makes the lab's root file system (Debian 13: FRR 10.3, etcd, containerd) and prints its path.
# It is also where the product image takes FRR from.
. "$(dirname "$0")/../lib.sh"

suite=trixie
packages=(
	frr frr-pythontools                                        # the fabric, and the product image
	etcd-server containerd runc crun containernetworking-plugins nftables
	iproute2 nginx-light curl iputils-ping arping tcpdump ethtool
	kmod procps jq
)
target=$cache/rootfs-$(recipe_key "$0")

make_rootfs() {
	[ -e "$target/.complete" ] && return
	[ "$(id -u)" = 0 ] || die "root is needed to make the lab's root file system"
	rm -rf "$target" "$target.part"
	quietly "lab root file system (Debian $suite)" "$cache/log/rootfs.log" \
		mmdebstrap --variant=apt --include="$(IFS=,; echo "${packages[*]}")" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
		"$suite" "$target.part" "$(debian_mirror)"
	mv "$target.part" "$target"
	touch "$target/.complete"
}

locked rootfs make_rootfs
printf '%s\n' "$target"
