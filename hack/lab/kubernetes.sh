#!/usr/bin/env bash
# Builds the lab's Kubernetes and Helm from source and prints the folder of their binaries.
. "$(dirname "$0")/../lib.sh"

tools=$(cd "$(dirname "$0")/../lab-tools" && pwd)
target=$cache/kubernetes-$(recipe_key "$0" "$tools/go.mod" "$tools/go.sum" "$tools/cmd/pause/main.go")

compile() {
	local version flags
	version=$(cd "$tools" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
	flags="-s -w -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$(echo "$version" | cut -d. -f2)"
	flags+=" -X k8s.io/client-go/pkg/version.gitVersion=$version"
	local package
	for package in k8s.io/kubernetes/cmd/kube{-apiserver,-controller-manager,-scheduler,let,-proxy,ctl} \
		helm.sh/helm/v3/cmd/helm ./cmd/pause; do
		echo "compiling $package"
		(cd "$tools" && CGO_ENABLED=0 go build -trimpath -ldflags="$flags" -o "$target.part/" "$package")
	done
	mv "$target.part" "$target"
}

make_kubernetes() {
	[ -d "$target" ] && return
	rm -rf "$target.part"
	quietly "lab Kubernetes (5 to 10 minutes, once)" "$cache/log/kubernetes.log" compile
}

locked kubernetes make_kubernetes
printf '%s\n' "$target"
