#!/usr/bin/env bash
# Makes the product image: image.sh BINARY OUT.tar. FRR and its libraries are one layer, cached; the binary is the other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/archive.sh"

[ $# = 2 ] || die "usage: $0 BINARY OUT.tar"
binary=$1 out=$2
[ -x "$binary" ] || die "$binary is not there: build it first (cargo build --release)"

frr=/usr/lib/frr
programs=("$frr"/{mgmtd,zebra,staticd,bgpd,bfdd} /usr/bin/{vtysh,ip,dash})

# vtysh asks PAM, even for root.
stage_pam() {
	local module=("$root"/usr/lib/*/security/pam_permit.so)
	install -D -m 0644 "$module" "$stage${module#"$root"}"
	mkdir -p "$stage/etc/pam.d"
	printf '%s sufficient pam_permit.so\n' auth account >"$stage/etc/pam.d/frr"
}

base_layer() {
	[ -e "$base" ] && return
	local stage
	stage=$(mktemp -d "$cache/image-base.XXXXXX")
	stage_skeleton "$stage"
	stage_account "$root" "$stage" frr
	# FRR's daemons run as the container's root and refuse an account outside of their group.
	sed -n 's/^frrvty:.*/&,root/p' "$root/etc/group" >>"$stage/etc/group"
	# The one library that Rust needs beside libc.
	local unwinder=("$root"/usr/lib/*/libgcc_s.so.1)
	stage_programs "$root" "$stage" "${programs[@]}" "${unwinder[0]#"$root"}"
	ln -s dash "$stage/usr/bin/sh"
	stage_pam
	mkdir -p "$stage"/etc/frr "$stage"/run/frr "$stage"/usr/share/yang "$stage"/var/{lib,log,tmp}/frr
	layer "$stage" "$base.part"
	mv "$base.part" "$base"
	rm -rf "$stage"
}

root=$("$repo/hack/lab/rootfs.sh")
base=$cache/image-base-$(recipe_key "$repo"/hack/{image,archive}.sh "$repo/hack/lab/rootfs.sh").tar
locked image-base base_layer

mkdir -p "$(dirname "$out")"
stage=$(mktemp -d "$(dirname "$out")/image.XXXXXX")
trap 'rm -rf "$stage" "$stage.tar"' EXIT
install -D -m 0755 "$binary" "$stage/usr/local/bin/ferroute"
layer "$stage" "$stage.tar"
archive ferroute:dev "$out" '{
	"Entrypoint": ["/usr/local/bin/ferroute"],
	"Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
}' "$base" "$stage.tar"
