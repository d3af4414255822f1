# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016
# The packages, and the same once more with a higher version, to be sourced: built, installed, upgraded
# under traffic, downgraded, purged. Wanted: $debian, $kernel, $next, $image, $work.

version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' dkms.conf)
next_version=${version%.*}.$((${version##*.} + 1))
architecture=$(dpkg --print-architecture)

# folder VERSION; files VERSION: where scripts/deb leaves them.
folder() {
	case $debian-$1 in
	12-"$version") echo build/deb ;;
	*-"$version") echo "build/deb-$debian" ;;
	*) echo "build/deb-$debian-$1" ;;
	esac
}
files() { printf '%s\n' "$(folder "$1")/wgmesh_$1_$architecture.deb" "$(folder "$1")/wgmesh-dkms_$1_all.deb"; }

stale() {	# FILE…
	local file
	for file; do
		[ -e "$file" ] || return 0
	done
	[ "$(git ls-files -co --exclude-standard | grep -v ^tests/ | while read -r file; do
		[ ! "$file" -nt "$1" ] || echo "$file"
	done)" ]
}

packages_make() {
	mapfile -t debs < <(files "$version")
	mapfile -t next_debs < <(files "$next_version")
	if stale "${debs[@]}"; then scripts/deb "$debian" || return; fi
	if stale "${next_debs[@]}"; then scripts/deb "$debian" "$next_version" || return; fi
}

# Names of packages, without versions and alternatives.
needed() { dpkg-deb -f "$1" Depends "${@:2}" | tr , '\n' | sed -E 's/^([A-Za-z-]+: *)? *//; s/[ (|:].*//'; }

packages_needed() { { needed "${debs[0]}" Recommends; needed "${debs[1]}"; } | grep -vx 'wgmesh.*' | sort -u; }

# ---- the module ----

# A machine without the kernel's headers gets the modules that were built here: under emulation a compiler
# takes minutes for one, and on each of them the same. Headers of the next kernel come while the
# package is installed, as a kernel's upgrade brings them: the hook of DKMS builds then.
built_by_dkms() {
	tests/firstrun/in-chroot "$image" "$kernel" "$next" "$work" "
		names() { find / -xdev -path /out -prune -o -name '*wgmesh*' -print | sort; }
		pack() { tar -czf /out/module-\$1-\$2.tar.gz -C /var/lib/dkms/wgmesh/\$1 \$2; }
		names > /before
		apt-get -q install /out/$(basename "${debs[1]}") || { tail /var/lib/dkms/wgmesh/$version/build/make.log; false; }
		dkms status wgmesh/$version | grep '$release, x86_64: installed'
		pack $version $release
		sh -e /headers-come
		run-parts --verbose --arg=$next_release /etc/kernel/header_postinst.d
		dkms status wgmesh/$version | grep '$next_release, x86_64: installed'
		pack $version $next_release
		apt-get -q install /out/next/$(basename "${next_debs[1]}")
		dkms status wgmesh/$next_version | grep '$release, x86_64: installed'
		! dkms status | grep wgmesh/$version
		pack $next_version $release
		apt-get -q --allow-downgrades install /out/$(basename "${debs[1]}")
		dkms status wgmesh/$version | grep 'x86_64: installed'
		apt-get -q purge wgmesh-dkms
		names | diff /before -"
}

# module_put VERSION RELEASE: the command that has a machine's DKMS install what was built here.
module_put() {
	echo "set -e
		tar -xzf module-$1-$2.tar.gz -C /var/lib/dkms/wgmesh/$1
		dkms install wgmesh/$1 -k $2"
}

loaded() { in_machine "$1" 'cat /sys/module/wgmesh/version'; }

# ---- under traffic ----

# A ping from n2 every 0.2 s while the command runs on n3, and afterwards: none may be lost.
without_loss() {	# WHAT COMMAND
	in_machine n2 "rm -f /tmp/ping.log; systemd-run -q --unit=flow --collect -p StandardOutput=file:/tmp/ping.log \
		ping -n -i 0.2 -W 10 $(cat "$work/n3.address")"
	wait_until 120 in_machine n2 'test $(grep -c ttl= /tmp/ping.log) -ge 5'
	in_machine n3 "$2"
	in_machine n2 'n=$(grep -c ttl= /tmp/ping.log)
		for i in $(seq 150); do test $(grep -c ttl= /tmp/ping.log) -lt $((n + 10)) || break; sleep 0.2; done
		systemctl kill -s INT flow; for i in $(seq 300); do systemctl -q is-active flow || break; sleep 0.1; done; tail -n 3 /tmp/ping.log' > "$work/ping"
	note "$(cat "$work/ping")"
	read -r sent received < <(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$work/ping")
	# One may be under way when it ends.
	[ "$sent" ] && [ "$received" -ge 15 ] && [ "$received" -ge $((sent - 1)) ] || fail "$received of $sent pings were answered"
	tell "$1: $sent pings sent, $((sent - received)) not answered when it ended"
}

upgrades() {
	without_loss "the packages upgraded" "apt-get -q install ./next/wgmesh*.deb && systemctl is-active wgmeshd"
	wait_until 300 voters 3 n3
	equal "$(in_machine n3 'wgmeshd --version' | grep -oF "$next_version")" "$next_version" "the daemon's version"
	equal "$(loaded n3)" "$version" "the module that is loaded"
	in_machine n3 "wmctl doctor" > "$work/doctor" || :
	contains "$(cat "$work/doctor")" "wgmesh $version is loaded, the daemon is $next_version" "wmctl doctor"
}

# As docs/operators/upgrade.md says.
replaces_module() {
	in_machine n3 "$(module_put "$next_version" "$release")"
	without_loss "the module replaced" "set -e; $(block docs/operators/upgrade.md "A new module is built")"
	equal "$(loaded n3)" "$next_version" "the module that is loaded"
	equal "$(field n3 backend)" mesh "what carries the traffic of n3"
	wait_until 300 voters 3 n3
}

downgrades() {
	without_loss "packages and module downgraded" "apt-get -q --allow-downgrades install ./wgmesh_${version}_$architecture.deb \
		./wgmesh-dkms_${version}_all.deb && $(module_put "$version" "$release")
		$(block docs/operators/upgrade.md "A new module is built")"
	equal "$(loaded n3)" "$version" "the module that is loaded"
	equal "$(field n3 backend)" mesh "what carries the traffic of n3"
	wait_until 300 voters 3 n3
}

# ---- the packages go ----

purges() {
	in_machine n3 'set -e
		apt-get -q purge wgmesh wgmesh-dkms
		systemctl daemon-reload
		mkdir /after
		./inventory /after
		test "$(systemctl is-system-running)" = running'
	in_machine n3 'diff -r /before /after' > "$work/purge" || fail "purge leaves or takes: $(cat "$work/purge")"
}
