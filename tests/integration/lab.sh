# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A mesh in one kernel, to be sourced:
#
#	   n1        n2        n3        n4        n5        a network namespace each, with its own
#	    |         |         |         |         |        wgmeshd, state folder and WireGuard device
#	  veth0     veth0     veth0     veth0     veth0      10.99.0.N/24  fd99::N/64
#	    +---------+---------+---------+---------+
#	                      br0                            namespace "switch"
#
# The caller sets these.
: "${lab:=}" "${logs:=}" "${backend:=}"	# a folder for state, a folder for logs, a name

lab_nodes=() lab_hosts=()
declare -A lab_pids=()

lab_ns() { printf 'wgm%s-%s' "$$" "$1"; }

# in_node NODE COMMAND…
in_node() {
	local node=$1
	shift
	WGMESH_STATE_DIR=$lab/$node ip netns exec "$(lab_ns "$node")" "$@"
}

lab_device() { printf 'mesh-%s' "$1"; }

lab_underlay() {
	ip netns add "$(lab_ns switch)"
	ip -n "$(lab_ns switch)" link add br0 type bridge forward_delay 0
	ip -n "$(lab_ns switch)" link set br0 up
}

lab_add_node() {	# NODE (n1, n2, …)
	local node=$1 number=${1#n} ns
	ns=$(lab_ns "$node")
	ip netns add "$ns"
	lab_nodes+=("$node")
	ip -n "$(lab_ns switch)" link add "port$number" type veth peer name veth0 netns "$ns"
	ip -n "$(lab_ns switch)" link set "port$number" master br0 up
	ip -n "$ns" link set lo up
	ip -n "$ns" address add "10.99.0.$number/24" dev veth0
	ip -n "$ns" address add "fd99::$number/64" dev veth0 nodad
	ip -n "$ns" link set veth0 up
}

# A machine behind the node, 192.168.N.2 and fd98:N::2, which knows of nothing but its router.
lab_add_host() {	# NODE
	local number=${1#n} ns
	ns=$(lab_ns "host$number")
	ip netns add "$ns"
	lab_hosts+=("$ns")
	ip -n "$ns" link add eth0 type veth peer name lan0 netns "$(lab_ns "$1")"
	ip -n "$ns" address add "192.168.$number.2/24" dev eth0
	ip -n "$ns" address add "fd98:$number::2/64" dev eth0 nodad
	ip -n "$ns" link set eth0 up
	in_node "$1" ip address add "192.168.$number.1/24" dev lan0
	in_node "$1" ip address add "fd98:$number::1/64" dev lan0 nodad
	in_node "$1" ip link set lan0 up
	ip -n "$ns" route add default via "192.168.$number.1"
	ip -n "$ns" route add default via "fd98:$number::1"
}

# Options of init and join that fit this lab.
lab_options() {	# NODE
	printf '%s\n' --id "$1" --endpoint "10.99.0.${1#n}" --endpoint "fd99::${1#n}" \
		--device "$(lab_device "$1")" --backend "$backend"
	case $1 in
	n3|n4) printf '%s\n' --routes "192.168.${1#n}.0/24" --routes "fd98:${1#n}::/64" ;;
	esac
}

lab_start() {	# NODE
	WGMESH_STATE_DIR=$lab/$1 ip netns exec "$(lab_ns "$1")" wgmeshd run >> "$logs/$1.log" 2>&1 &
	lab_pids[$1]=$!
	disown	# the shell is not to comment on how it ends
}

lab_kill() {	# NODE SIGNAL
	kill "-$2" "${lab_pids[$1]}"
	while kill -0 "${lab_pids[$1]}" 2>/dev/null; do
		sleep 0.02
	done
	unset "lab_pids[$1]"
}

lab_status() {	# NODE JQ-FILTER
	in_node "$1" wmctl --timeout 2 -o json status 2>/dev/null | jq -r "$2" 2>/dev/null
}

# wireguard-go outlives the daemon on purpose; it ends with its device.
lab_down() {
	local node
	for node in "${!lab_pids[@]}"; do
		kill -9 "${lab_pids[$node]}" 2>/dev/null || :
	done
	for node in "${lab_nodes[@]}"; do
		ip -n "$(lab_ns "$node")" link del "$(lab_device "$node")" 2>/dev/null || :
		ip netns del "$(lab_ns "$node")" 2>/dev/null || :
	done
	for node in "${lab_hosts[@]}"; do
		ip netns del "$node" 2>/dev/null || :
	done
	ip netns del "$(lab_ns switch)" 2>/dev/null || :
	lab_nodes=() lab_hosts=()
}
