# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016
# Machines that lose their power and come back, with another kernel, too, to be sourced. $lost is the one.

survives() {	# $lost has lost its power
	local left=() name
	for name in "${names[@]}"; do [ "$name" = "$lost" ] || left+=("$name"); done
	for name in "${left[@]}"; do
		wait_until 300 leader_is_other "$name" "$lost"
	done
	in_machine "${left[0]}" "test -d /var/lib/wgmesh/admin || $readme_admin"
	wait_until 300 in_machine "${left[0]}" 'wmctl token create --role observer'
	wait_until 120 pings "${left[0]}" "${left[1]}"
	equal "$(field "${left[1]}" nodes)" 3 "nodes known"
}

returns() {
	local other=n1
	[ "$lost" != n1 ] || other=n2
	wait_until 600 awake "$lost"
	wait_until 300 voters 3 "$lost"
	wait_until 300 pings "$other" "$lost"
	wait_until 120 pings "$lost" "$other"
	equal "$(field "$lost" backend)" mesh "what carries the traffic of $lost"
	in_machine "$lost" 'systemctl is-active wgmeshd; systemctl is-system-running --wait'
}

# ---- kernels ----

# One that follows, and is not n3, which has the packages' tests.
voter() { [ "$(field n1 leader)" = n1 ] && echo n2 || echo n1; }

other() { [ "$lost" != n1 ] && echo n1 || echo n2; }

has_kernel() {
	wait_until 600 awake "$lost"
	equal "$(in_machine "$lost" 'uname -r')" "$next_release" "the kernel of $lost"
	wait_until 300 voters 3 "$lost"
}

# falls_back TEXT…: stock WireGuard carries the traffic; status, doctor and the journal say why.
falls_back() {
	local text
	equal "$(field "$lost" backend)" kernel "what carries the traffic of $lost"
	wait_until 300 pings "$(other)" "$lost"
	in_machine "$lost" 'wmctl status' > "$work/status" || :
	in_machine "$lost" 'wmctl doctor' > "$work/doctor" || :
	in_machine "$lost" 'journalctl -b -u wgmeshd --no-pager' > "$work/journal"
	for text; do
		contains "$(tr -s '\n ' ' ' < "$work/status")" "$text" "wmctl status"
		contains "$(tr -s '\n ' ' ' < "$work/doctor")" "$text" "wmctl doctor"
		contains "$(cat "$work/journal")" "$text" "the journal"
	done
}

misses_headers() {
	has_kernel
	falls_back "the kernel module wgmesh is not built for the running kernel"
	contains "$(cat "$work/doctor")" 'apt install linux-headers-$(uname -r)' "wmctl doctor"
}

gets_headers() {
	in_machine "$lost" "$(module_put "$version" "$next_release"); modprobe wgmesh; systemctl restart wgmeshd"
	wait_until 300 voters 3 "$lost"
	equal "$(field "$lost" backend)" mesh "what carries the traffic of $lost"
	wait_until 300 pings "$(other)" "$lost"
	contains "$(in_machine "$lost" 'modinfo -F signer wgmesh')" "DKMS" "who signed the module"
}

shuts_down() {
	in_machine "$lost" 'systemd-run -q --on-active=1 systemctl poweroff'
	wait_until 600 machine_is_off "$lost"
}

shuts_down_alone() {
	in_machine "$lost" 'mv /etc/systemd/network/10-ethernet.network .'
	shuts_down
}

# ---- the order at boot ----

# when_started UNIT: microseconds since the machine's start.
when_started() { in_machine "$lost" "systemctl show -P ActiveEnterTimestampMonotonic $1"; }

# $switched_on is when the machine was switched on, in microseconds.
boots() {
	local address end
	address=$(cat "$work/$lost.address")
	in_machine "$(other)" "for i in \$(seq 200); do ! ping -n -c 1 -W 1 $address || exit 0; done; exit 1"
	end=${EPOCHREALTIME/./}
	tell "from power-on to the first ping by the mesh: $(((end - switched_on) / 1000)) ms"
	has_kernel
	equal "$(field "$lost" backend)" mesh "what carries the traffic of $lost"
	[ "$(when_started wgmeshd)" -ge "$(when_started systemd-networkd)" ] || fail "the daemon started before the network"
	in_machine "$lost" 'systemctl is-active wgmeshd; systemctl is-system-running --wait'
}

# What docs/operators/boot.md says of systemd-networkd, with a file that matches the device, too.
networkd_keeps_out() {
	in_machine n2 'set -e
		printf "[Match]\nName=wgmesh0\n[Network]\nAddress=203.0.113.9/24\nLinkLocalAddressing=no\n" > /etc/systemd/network/90-all.network
		ip -o addr show wgmesh0 > /tmp/addresses
		ip route show proto 157 > /tmp/routes
		systemctl restart systemd-networkd
		networkctl reload'
	wait_until 120 in_machine n2 'networkctl status --no-pager wgmesh0 | grep -i "state:.*unmanaged"'
	in_machine n2 'set -e
		ip -o addr show wgmesh0 | diff /tmp/addresses -
		ip route show proto 157 | diff /tmp/routes -
		rm /etc/systemd/network/90-all.network
		networkctl reload'
	wait_until 120 pings n2 n1
}

# The module is one that this kernel has no key for; besides, the network is not there when the daemon starts.
refuses_module() {
	has_kernel_alone
	wait_until 300 in_machine "$lost" 'systemctl is-active wgmeshd'
	in_machine "$lost" '! modprobe wgmesh 2> /tmp/modprobe; cat /tmp/modprobe' > "$work/modprobe"
	contains "$(cat "$work/modprobe")" "Key was rejected by service" "modprobe"
	in_machine "$lost" 'mv 10-ethernet.network /etc/systemd/network/ && networkctl reload'
	wait_until 300 voters 3 "$lost"
	falls_back "this kernel refuses those without a known signature"
	contains "$(cat "$work/doctor")" "mokutil --import /var/lib/dkms/mok.pub" "wmctl doctor"
}

has_kernel_alone() {
	wait_until 600 awake "$lost"
	equal "$(in_machine "$lost" 'cat /sys/module/module/parameters/sig_enforce')" Y "whether signatures are demanded"
	! in_machine "$lost" 'ip -4 -o addr show scope global | grep 192.0.2.' || fail "the network is there"
}
