#!/usr/bin/env bash
# Builds the lab's user-mode Linux kernel (with the VRF that many build machines lack) and prints its path.
. "$(dirname "$0")/../lib.sh"

suites=(trixie-backports sid)
config=$(dirname "$0")/kernel.config
target=$cache/kernel-$(recipe_key "$0" "$config")

# An apt of its own, so that the machine's package lists stay as they are.
fetch_source() {
	local work=$1 suite
	mkdir -p "$work"/{lists/partial,cache/archives/partial,etc}
	local options=(-o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache"
		-o "Dir::Etc::sourcelist=$work/etc/sources.list" -o APT::Sandbox::User=root)
	for suite in "${suites[@]}"; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $suite main" >"$work/etc/sources.list"
		apt-get "${options[@]}" update
		local package
		package=$(apt-cache "${options[@]}" search --names-only '^linux-source-[0-9.]+$' | awk '{print $1}' | sort -V | tail -n 1)
		# The fast seccomp mode of user-mode Linux came with 6.16.
		if [ -n "$package" ] && [ "$(printf '%s\n' linux-source-6.16 "$package" | sort -V | head -n 1)" = linux-source-6.16 ]; then
			(cd "$work" && apt-get "${options[@]}" download "$package")
			dpkg-deb -x "$work"/linux-source-*.deb "$work/deb"
			mkdir "$work/linux"
			tar -xf "$work"/deb/usr/src/linux-source-*.tar.xz -C "$work/linux" --strip-components=1
			return
		fi
	done
	echo "none of ${suites[*]} has linux-source 6.16 or newer" >&2
	return 1
}

compile() {
	local work=$1
	fetch_source "$work"
	cp "$config" "$work/linux/arch/um/configs/lab_defconfig"
	make -C "$work/linux" ARCH=um lab_defconfig
	make -C "$work/linux" ARCH=um -j"$(nproc)" linux
	strip -o "$target.part" "$work/linux/linux"
	mv "$target.part" "$target"
}

make_kernel() {
	[ -x "$target" ] && return
	local work
	work=$(mktemp -d "$cache/kernel-build.XXXXXX")
	quietly "lab kernel (user-mode Linux with VRF; 5 to 10 minutes, once)" "$cache/log/kernel.log" compile "$work"
	rm -rf "$work"
}

locked kernel make_kernel
printf '%s\n' "$target"
