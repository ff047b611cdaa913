#!/usr/bin/env bash
# The demo on kind and containerlab: a two-node cluster, a fabric of four routers and four hosts, ferroute, the
# manifests of examples/metallb, and the checks of the demo. KEEP=1 leaves everything running.
. "$(dirname "$0")/lib.sh"
cd "$repo"

cluster=ferroute-demo
fabric=hack/demo-metallb/fabric.clab.yaml
target=${CARGO_TARGET_DIR:-$repo/target}
nodes=("$cluster-control-plane:192.168.11.3/24" "$cluster-worker:192.168.11.4/24")

check_tools() {
	local missing=() tool
	for tool in docker kind containerlab helm kubectl ip nsenter; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	((${#missing[@]} == 0)) || die "missing: ${missing[*]}. \`make demo\` shows the same without Docker, kind and containerlab"
	[ "$(id -u)" = 0 ] || die "root is needed: containerlab makes network namespaces and links"
	docker info >/dev/null 2>&1 || die "no Docker engine answers (docker info fails)"
	modprobe vrf 2>/dev/null || grep -qw vrf /proc/kallsyms || die "this kernel has no VRF (CONFIG_NET_VRF)"
}

# Runs a program of this machine in a container's network.
inside() {
	local container=$1
	shift
	nsenter --net --target "$(docker inspect --format '{{.State.Pid}}' "$container")" "$@"
}

remove() {
	containerlab destroy --topo "$fabric" --cleanup >/dev/null 2>&1 || true
	kind delete cluster --name "$cluster" >/dev/null 2>&1 || true
	ip link delete ferroute-switch 2>/dev/null || true
}

make_image() {
	hack/setup.sh
	cargo build --release --locked -p ferroute
	hack/image.sh "$target/release/ferroute" "$target/ferroute-image.tar"
	docker load --input "$target/ferroute-image.tar"
	docker pull nginx:1.25
}

make_cluster() {
	kind create cluster --name "$cluster" --config hack/demo-metallb/kind.yaml --wait 3m
	kind load docker-image --name "$cluster" ferroute:dev nginx:1.25
}

make_fabric() {
	ip link add ferroute-switch type bridge
	ip link set ferroute-switch up
	containerlab deploy --topo "$fabric"
	configure_router spine eth1=192.168.1.0/31 eth2=192.168.1.2/31 eth3=192.168.1.4/31
	configure_router leafkind eth1=192.168.1.5/31 toswitch=192.168.11.2/24
	configure_leaf A 100.64.0.1 192.168.1.1/31 192.168.20 192.168.21 aa:bb:cc:00:00:65 aa:bb:cc:00:00:66
	configure_leaf B 100.64.0.2 192.168.1.3/31 192.169.20 192.169.21 aa:bb:cc:00:00:67 aa:bb:cc:00:00:68
	local node
	for node in "${nodes[@]}"; do
		inside "${node%%:*}" ip address add "${node#*:}" dev toswitch
		inside "${node%%:*}" ip link set toswitch up
	done
}

# configure_router NAME DEVICE=ADDRESS…
configure_router() {
	local container=clab-ferroute-$1 pair
	shift
	for pair in "$@"; do
		inside "$container" ip address add "${pair#*=}" dev "${pair%%=*}"
		inside "$container" ip link set "${pair%%=*}" up
	done
}

# configure_leaf LETTER VTEP UPLINK RED_NET BLUE_NET RED_MAC BLUE_MAC
configure_leaf() {
	local leaf=leaf$1 vtep=$2
	configure_router "$leaf" "lo=$vtep/32" "eth1=$3"
	configure_tenant "$1" "$vtep" red 100 "$4" "$6"
	configure_tenant "$1" "$vtep" blue 200 "$5" "$7"
}

# configure_tenant LETTER VTEP VRF VNI NET MAC: a VRF with its overlay, and the host behind it.
configure_tenant() {
	local letter=$1 vtep=$2 vrf=$3 vni=$4 net=$5 mac=$6
	local leaf=clab-ferroute-leaf$letter host=clab-ferroute-host${letter}_$vrf
	inside "$leaf" ip -batch - <<-BATCH
		link add $vrf type vrf table $((1000 + vni))
		link set $vrf up
		link add br$vni address $mac type bridge
		link set br$vni master $vrf addrgenmode none
		link set br$vni up
		link add vni$vni type vxlan id $vni local $vtep dstport 4789 nolearning
		link set vni$vni master br$vni addrgenmode none
		link set vni$vni type bridge_slave neigh_suppress on learning off
		link set vni$vni up
		link set eth$vrf master $vrf
		address add $net.1/24 dev eth$vrf
		link set eth$vrf up
	BATCH
	inside "$host" ip -batch - <<-BATCH
		address add $net.2/24 dev eth1
		link set eth1 up
		route replace default via $net.1
	BATCH
}

install_ferroute() {
	helm install ferroute charts/ferroute --namespace ferroute-system --create-namespace --wait --timeout 5m
	kubectl apply -f examples/metallb/namespaces.yaml
	kubectl apply -f examples/metallb
	kubectl wait deployment --all --all-namespaces --for condition=Available --timeout 5m
}

# eventually COMMAND…: until it succeeds, for at most two minutes.
eventually() {
	local end=$((SECONDS + 120))
	until "$@"; do
		((SECONDS < end)) || die "for two minutes not true: $*"
		sleep 1
	done
}

all_established() {
	local states
	states=$(kubectl get bgpsessionstates.frrk8s.metallb.io -A -o jsonpath='{range .items[*]}{.status.bgpStatus}{"\n"}{end}')
	[ "$(grep -c . <<<"$states")" = 4 ] && ! grep -qv Established <<<"$states"
}

red_is_served() { docker exec clab-ferroute-hostA_red curl --silent --max-time 2 172.30.0.10 | grep -q 'Welcome to nginx'; }

verify() {
	eventually all_established
	kubectl get bgpsessionstates.frrk8s.metallb.io -A
	kubectl get svc -n red
	eventually red_is_served
	docker exec clab-ferroute-hostA_red curl --no-progress-meter 172.30.0.10
	local code=0
	docker exec clab-ferroute-hostA_blue curl --max-time 2 --no-progress-meter 172.30.0.10 || code=$?
	[ "$code" = 28 ] || die "from hostA_blue curl ended with $code instead of 28 (timeout): the overlays are not isolated"
	say "red reaches the service, blue does not"
}

check_tools
remove
[ -n "${KEEP:-}" ] || trap remove EXIT
say "image"
make_image
say "cluster"
make_cluster
say "fabric"
make_fabric
say "ferroute and examples/metallb"
install_ferroute
say "checks"
verify
[ -z "${KEEP:-}" ] || say "left running; to remove: containerlab destroy --topo $fabric --cleanup; kind delete cluster --name $cluster; ip link delete ferroute-switch"
