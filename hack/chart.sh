#!/usr/bin/env bash
# Checks the chart: Helm's lint, every values file of ci/ renders, wrong values are refused, and who is privileged.
. "$(dirname "$0")/lib.sh"
cd "$repo/charts"

helm=$("$repo/hack/lab/kubernetes.sh")/helm
rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT

render() { "$helm" template ferroute ferroute --namespace ferroute-system --kube-version 1.31.0 "$@"; }

lint() { "$helm" lint --strict --quiet ferroute "$@" || die "helm lint $* failed"; }

# refused SETTING: values.schema.json must not let it pass.
refused() {
	local answer
	answer=$(render --set "$1" 2>&1 >/dev/null || true)
	[[ $answer == *"don't meet the specifications of the schema"* ]] || die "values.schema.json lets $1 pass"
}

# count PATTERN NUMBER: how many lines of the last rendering must match.
count() {
	local found
	found=$(grep -cE "$1" "$rendered" || true)
	[ "$found" = "$2" ] || die "the rendered chart has $found lines like '$1' instead of $2"
}

diff -r "$repo/config/crd" ferroute/crds >&2 || die "the chart's CRDs differ from config/crd: run \`make crds\`"

lint
render >"$rendered"
count 'privileged: true' 1              # the init container netns
count 'mountPropagation: Bidirectional' 1
count 'drop: \[ALL\]' 5                 # controller, agent, frr-router, frr-speaker, uninstall
count 'readOnlyRootFilesystem: true' 6  # the same and netns
count 'hostNetwork: true' 1
count 'host(PID|IPC): true' 0
count '\- secrets|\[secrets\]' 0

for values in ferroute/ci/*-values.yaml; do
	lint --values "$values"
	render --values "$values" >"$rendered" || die "$values does not render"
done

render --set router.enabled=false >"$rendered"
count 'privileged: true|netns' 0

refused router.enable=true
refused controller.replicas=0
refused agent.host=192.0.2.1
refused 'image.tag=not a tag'
refused 'secretNamespaces={Not_A_Namespace}'
refused node.maxUnavailable=0

say "chart: lints, renders, refuses wrong values"
