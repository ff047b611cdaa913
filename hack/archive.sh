# Makes container images without a container engine: a stage folder becomes a layer, layers become a docker-archive that
# `docker load`, `kind load image-archive` and `ctr images import` take. Sourced after lib.sh, never run.

architecture=$(dpkg --print-architecture)

# A root file system's skeleton: merged /usr, the folders every program expects, and root.
stage_skeleton() {
	local stage=$1 folder
	mkdir -p "$stage"/{dev,etc,proc,root,run,sys,tmp,usr/{bin,sbin,lib,lib64},var/{lib,log,tmp}}
	for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$stage/$folder"; done
	ln -s /run "$stage/var/run"
	chmod 1777 "$stage/tmp" "$stage/var/tmp"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$stage/etc/passwd"
	echo 'root:x:0:' >"$stage/etc/group"
}

# Copies an account and its group of the same name from the root file system.
stage_account() {
	local root=$1 stage=$2 name=$3
	grep "^$name:" "$root/etc/passwd" >>"$stage/etc/passwd"
	grep "^$name:" "$root/etc/group" >>"$stage/etc/group"
}

# Copies programs of a root file system with the loader and the libraries they are linked to.
stage_programs() {
	local root=$1 stage=$2 program
	shift 2
	for program in "$@"; do
		printf '%s\n' "$program"
		chroot "$root" ldd "$program" | grep -o '/[^ ]*'
	done | sort -u | while read -r program; do
		mkdir -p "$stage$(dirname "$program")"
		cp -L "$root$program" "$stage$program"
	done
}

# The same folder always makes the same layer, byte for byte.
layer() {
	tar --create --file "$2" --directory "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner .
}

sha256() { sha256sum "$1" | cut -d' ' -f1; }

# archive NAME OUT CONFIG LAYER...: CONFIG is the JSON of the image's entrypoint, environment and so on.
archive() {
	local name=$1 out=$2 config=$3 work digest file
	local digests=() names=()
	shift 3
	work=$(mktemp -d "$(dirname "$out")/archive.XXXXXX")
	for file in "$@"; do
		digest=$(sha256 "$file")
		# Never a hard link: it changes the cached file's inode while another tar may be reading it.
		ln -s "$(realpath "$file")" "$work/$digest.tar"
		digests+=("sha256:$digest")
		names+=("$digest.tar")
	done
	jq -n --arg architecture "$architecture" --argjson config "$config" \
		'{$architecture, os: "linux", $config, rootfs: {type: "layers", diff_ids: $ARGS.positional}, history: []}' \
		--args "${digests[@]}" >"$work/config.json"
	jq -n --arg name "$name" '[{Config: "config.json", RepoTags: [$name], Layers: $ARGS.positional}]' \
		--args "${names[@]}" >"$work/manifest.json"
	tar --create --dereference --file "$out.part" --directory "$work" manifest.json config.json "${names[@]}"
	mv "$out.part" "$out"
	rm -rf "$work"
}
