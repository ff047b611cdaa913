# Shared by the scripts of hack/: where the cache is, how to key it, how to speak. Sourced, never run.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ferroute
mkdir -p "$cache"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
	printf '\033[1;31merror:\033[0m %s\n' "$*" >&2
	exit 1
}

# The first 12 digits of the hash of everything that decides what a recipe makes.
recipe_key() { cat "$@" | sha256sum | cut -c1-12; }

# Runs a long command with its output in a log, and a line every ten seconds that says how far the log is.
quietly() {
	local what=$1 log=$2
	shift 2
	say "$what (log: $log)"
	mkdir -p "$(dirname "$log")"
	local start=$SECONDS
	"$@" >"$log" 2>&1 &
	local pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		if (((SECONDS - start) % 10 == 9)); then
			printf '    %3ds  %s\n' $((SECONDS - start)) "$(tail -n 1 "$log" | tr -d '\r' | cut -c1-100)" >&2
		fi
	done
	if ! wait "$pid"; then
		tail -n 20 "$log" >&2
		die "$what failed after $((SECONDS - start)) s; the whole log is $log"
	fi
	say "$what: done in $((SECONDS - start)) s"
}

# One builder at a time for each cached thing: two clones of the project may share the cache.
locked() {
	local name=$1
	shift
	exec 9>"$cache/$name.lock"
	flock 9
	"$@"
	exec 9>&-
}

# The Debian mirror and proxy-free apt options of this machine, so that nothing here names a host.
debian_mirror() {
	local uri
	uri=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -E '/debian/?$' | head -n 1 || true)
	[ -n "$uri" ] || die "no Debian mirror among this machine's apt sources"
	printf '%s\n' "$uri"
}
