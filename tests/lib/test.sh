# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Tests in shell, to be sourced. A test is a function; `run SENTENCE FUNCTION` runs it in a subshell
# that ends at the first command that fails, and undoes what it has set up. `finish` prints the last
# line, "N passed, N failed". Commands are echoed with their namespace: at once with V=1, and for a
# test that fails in any case.

passed=0 failed=0 output=''
test_log=$(mktemp)
trap 'rm -f "$test_log"' EXIT

note() {
	printf '%s\n' "$*" >> "$test_log"
	[ ! "${V:-}" ] || printf '    %s\n' "$*" >&2
}

fail() {
	note "FAILED: $*"
	exit 1
}

# on NAMESPACE COMMAND…: "-" is the namespace that we are in.
on() {
	local ns=$1 code=0
	shift
	note "[$ns] $*"
	if [ "$ns" = - ]; then
		"$@" 2> >(tee -a "$test_log" >&2) || code=$?
	else
		ip netns exec "$ns" "$@" 2> >(tee -a "$test_log" >&2) || code=$?
	fi
	[ "$code" = 0 ] || note "    exit code $code"
	return "$code"
}

# refuses CODE NAMESPACE COMMAND…: the command must exit with this code; $output is what it wrote.
refuses() {
	local wanted=$1 code=0
	shift
	output=$(on "$@" 2>&1) || code=$?
	note "    $output"
	[ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted: ${*:2}"
}

equal() {	# FOUND WANTED WHAT
	[ "$1" = "$2" ] || fail "$3: found '$1', wanted '$2'"
}

contains() {	# TEXT WORD WHAT
	[[ $1 == *"$2"* ]] || fail "$3: '$2' is not in '$1'"
}

# wait_until SECONDS COMMAND…: looks again and again, without output, until the command succeeds.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	note "[wait] $*"
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || fail "still not: $*"
		sleep 0.05
	done
}

# defer COMMAND…: runs when the test ends; the last one deferred comes first.
defer() { deferred=("$(printf '%q ' "$@")" "${deferred[@]}"); }

undo() {
	local command
	for command in "${deferred[@]}"; do
		eval "$command" >> "$test_log" 2>&1 || note "cleanup: $command: exit code $?"
	done
}

ns_add() {	# NAMESPACE…
	local ns
	for ns; do
		on - ip netns add "$ns"
		defer ip netns del "$ns"
		on - ip -n "$ns" link set lo up
	done
}

# veth_add NS1 DEVICE1 ADDRESS1 NS2 DEVICE2 ADDRESS2
veth_add() {
	on - ip -n "$1" link add "$2" type veth peer name "$5" netns "$4"
	on - ip -n "$1" address add "$3" dev "$2"
	on - ip -n "$4" address add "$6" dev "$5"
	on - ip -n "$1" link set "$2" up
	on - ip -n "$4" link set "$5" up
}

# bridge_add NS DEVICE: a switch; bridge_join NS BRIDGE NODE ADDRESS: a node's veth0 on it.
bridge_add() {
	on - ip -n "$1" link add "$2" type bridge forward_delay 0
	on - ip -n "$1" link set "$2" up
}

bridge_join() {
	on - ip -n "$1" link add "port-$3" type veth peer name veth0 netns "$3"
	on - ip -n "$1" link set "port-$3" master "$2" up
	on - ip -n "$3" address add "$4" dev veth0
	on - ip -n "$3" link set veth0 up
}

run_isolated() {	# FUNCTION
	set -eE -o pipefail
	deferred=()
	trap 'note "FAILED: line $LINENO: $BASH_COMMAND"' ERR
	trap undo EXIT
	"$1" > >(sed 's/^/    /' >> "$test_log")
}

run() {	# SENTENCE FUNCTION
	local start=$SECONDS code
	: > "$test_log"
	(run_isolated "$2") 2>> "$test_log"
	code=$?
	if [ "$code" = 0 ]; then
		passed=$((passed + 1))
		echo "ok      $1 ($((SECONDS - start)) s)"
	else
		failed=$((failed + 1))
		echo "FAILED  $1"
		tail -n 60 "$test_log" | sed 's/^/        /'
	fi
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
	exit
}
