#!/usr/bin/env bash
# Writes the CRDs to config/crd and the chart. With --check it writes nothing and fails when they are stale.
. "$(dirname "$0")/lib.sh"
cd "$repo"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cargo run --locked --quiet -p ferroute -- crds --output "$fresh" >&2

folders=(config/crd charts/ferroute/crds)
for folder in "${folders[@]}"; do
	if [ "${1:-}" = --check ]; then
		diff -r "$fresh" "$folder" >&2 || die "$folder is stale: run \`make crds\`"
	else
		mkdir -p "$folder"
		rm -f "$folder"/*.yaml
		cp "$fresh"/*.yaml "$folder"
	fi
done
