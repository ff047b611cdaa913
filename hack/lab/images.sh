#!/usr/bin/env bash
# Makes the images the lab's nodes need beside the product's, and prints their folder: pause.tar, nginx.tar.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../archive.sh"

lab=$repo/hack/lab
root=$("$lab/rootfs.sh")
kubernetes=$("$lab/kubernetes.sh")
target=$cache/images-$(recipe_key "$0" "$repo/hack/archive.sh" "$lab"/nginx/* "$lab/rootfs.sh" "$kubernetes/pause")

pause() {
	install -D "$kubernetes/pause" "$work/pause/pause"
	layer "$work/pause" "$work/pause.layer"
	archive registry.k8s.io/pause:3.10 "$target.part/pause.tar" '{"Entrypoint": ["/pause"]}' "$work/pause.layer"
}

nginx() {
	local stage=$work/nginx
	stage_skeleton "$stage"
	stage_account "$root" "$stage" www-data
	# nginx asks for the account nobody when none is configured.
	grep '^nobody:' "$root/etc/passwd" >>"$stage/etc/passwd"
	grep '^nogroup:' "$root/etc/group" >>"$stage/etc/group"
	stage_programs "$root" "$stage" /usr/sbin/nginx /usr/bin/dash
	ln -s dash "$stage/usr/bin/sh"
	install -D -m 0644 "$lab/nginx/nginx.conf" "$stage/etc/nginx/nginx.conf"
	install -D -m 0644 "$lab/nginx/index.html" "$stage/usr/share/nginx/html/index.html"
	mkdir -p "$stage"/var/{lib,log}/nginx
	layer "$stage" "$work/nginx.layer"
	archive nginx:1.25 "$target.part/nginx.tar" '{
		"Entrypoint": ["/usr/sbin/nginx"], "Cmd": ["-e", "/dev/stderr", "-g", "daemon off;"],
		"Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "StopSignal": "SIGQUIT", "ExposedPorts": {"80/tcp": {}}
	}' "$work/nginx.layer"
}

make_images() {
	[ -d "$target" ] && return
	rm -rf "$target.part"
	mkdir -p "$target.part"
	work=$(mktemp -d "$cache/images-work.XXXXXX")
	pause
	nginx
	rm -rf "$work"
	mv "$target.part" "$target"
}

locked images make_images
printf '%s\n' "$target"
