# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016
# Names of the mesh on machines with systemd-resolved, to be sourced. n1 is their server for all other names,
# and knows one.

other_name=www.example.org

resolves() {
	in_machine n1 "systemd-run -q --unit=upstream dnsmasq --keep-in-foreground --no-resolv --no-hosts --bind-interfaces \
		--listen-address=192.0.2.1 --address=/$other_name/198.51.100.7"
	wait_until 120 in_machine n2 "resolvectl query $other_name | grep -F 198.51.100.7"
	wait_until 120 in_machine n2 "resolvectl query n3.webmesh.internal | grep -F $(cat "$work/n3.address")"
	in_machine n2 "getent ahosts n1.webmesh.internal | grep -F $(cat "$work/n1.address")"
	in_machine n2 'resolvectl domain wgmesh0 | grep -F webmesh.internal'
	equal "$(in_machine n2 'readlink /etc/resolv.conf')" "$(in_machine n1 'readlink /etc/resolv.conf')" "where resolv.conf leads"
	in_machine n2 'find /etc/resolv.conf -newer inventory | (! grep .)'
	# Without systemd-resolved nothing is asked of it, and nothing fails.
	in_machine n3 'systemctl is-active wgmeshd && ! systemctl is-active systemd-resolved'
}

fails_open() {
	in_machine n2 'systemctl stop wgmeshd'
	in_machine n2 "resolvectl flush-caches; resolvectl query $other_name | grep -F 198.51.100.7"
	in_machine n2 '! timeout 20 resolvectl query n3.webmesh.internal'
	in_machine n2 "resolvectl query $other_name"
	in_machine n2 '! resolvectl dns wgmesh0 | grep -F 172.16.'
	in_machine n2 'systemctl start wgmeshd'
	wait_until 120 in_machine n2 "resolvectl query n3.webmesh.internal | grep -F $(cat "$work/n3.address")"
	wait_until 300 voters 3 n2
}
