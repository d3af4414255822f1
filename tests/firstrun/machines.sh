# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2054
# Machines of the tests, to be sourced: n1, n2 and n3 at 192.0.2.1 to 192.0.2.3, each a QEMU of its own
# on one Ethernet, which is a multicast group in a network namespace that has nothing else in it.
# Wanted: $image (tests/firstrun/image), $work, a folder for disks and logs.
# (The commas that shellcheck would complain of belong to QEMU's options.)

network=wgmesh-firstrun-$$
declare -A machine_pids=()

network_up() {
	ip netns add "$network"
	ip -n "$network" link set lo up multicast on
	ip -n "$network" route add 224.0.0.0/4 dev lo
}

accelerator() {
	if [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo; then echo kvm; else echo tcg,thread=multi; fi
}

# machine_make NUMBER KERNEL FILE…: a disk with the machine's name, its address, the modules of a second kernel, and
# files and folders in /root. The first machine is the others' server of names; the third has nothing that asks it.
machine_make() {
	local name=n$1 number=$1 disk second=$2
	shift 2
	disk=$(mktemp -d)
	mkdir -p "$disk"/{work,data/etc/systemd/{network,system}}
	install -d -m 700 "$disk/data/root"
	cp -r "$@" "$disk/data/root/"
	echo "$name" > "$disk/data/etc/hostname"
	printf '[Match]\nName=en* eth*\n[Network]\nAddress=192.0.2.%s/24\nDNS=192.0.2.1\n' "$number" \
		> "$disk/data/etc/systemd/network/10-ethernet.network"
	[ "$number" != 3 ] || ln -s /dev/null "$disk/data/etc/systemd/system/systemd-resolved.service"
	copy_kernel "$second" "$disk/data"
	mke2fs -q -t ext4 -d "$disk" "$work/$name.ext4" 1G > "$work/$name.mke2fs.log"
	rm -rf "$disk"
}

# machine_start NUMBER KERNEL [WORD…]: with that kernel (scripts/kernel) and more words on its command line.
# To be called by the process that ends last: with it the machine ends, too. The disk's cache is this
# machine's: what the machine's kernel has not written is lost when the plug is pulled, and nothing else.
machine_start() {
	local name=n$1 number=$1 kernel=$2 initramfs args
	shift 2
	initramfs=$work/initramfs-$(cat "$kernel/release")
	[ -e "$initramfs" ] || make_initramfs "$kernel" tests/firstrun/init "$initramfs" virtio_pci virtio_blk overlay
	args=(
		-M q35 -accel "$(accelerator)" -cpu max -m 512 -smp 1
		-nodefaults -no-user-config -display none -no-reboot
		-kernel "$kernel/vmlinuz" -initrd "$initramfs"
		-append "console=ttyS0 quiet loglevel=5 panic=-1 panic_on_warn=1 oops=panic mitigations=off systemd.show_status=0 $*"
		-drive "if=none,id=root,file=$image/root.ext4,format=raw,readonly=on"
		-device virtio-blk-pci,drive=root
		-drive "if=none,id=own,file=$work/$name.ext4,format=raw,cache=unsafe"
		-device virtio-blk-pci,drive=own
		-netdev socket,id=ethernet,mcast=230.0.2.1:5100,localaddr=127.0.0.1
		-device "virtio-net-pci,netdev=ethernet,mac=52:54:00:00:02:0$number"
		-chardev "file,id=console,path=$work/$name.console,append=on" -serial chardev:console
		-chardev "socket,id=agent,path=$work/$name.agent,server=on,wait=off" -serial chardev:agent
		-device virtio-rng-pci
	)
	setpriv --pdeathsig KILL ip netns exec "$network" qemu-system-x86_64 "${args[@]}" \
		< /dev/null >> "$work/$name.qemu.log" 2>&1 &
	machine_pids[$name]=$!
	disown	# that it was killed is no news
}

machine_pull_plug() {	# NAME
	kill -KILL "${machine_pids[$1]}"
	for _ in $(seq 600); do
		kill -0 "${machine_pids[$1]}" 2> /dev/null || return 0
		sleep 0.05
	done
	return 1
}

machine_is_off() { ! kill -0 "${machine_pids[$1]}" 2> /dev/null; }	# NAME

machines_down() {
	local name
	for name in "${!machine_pids[@]}"; do
		machine_pull_plug "$name" 2> /dev/null
	done
	ip netns del "$network" 2> /dev/null
}

# in_machine NAME COMMAND: for a shell there, as root in /root; its output and its exit code.
in_machine() {
	local code=0
	note "[$1] ${*:2}"
	tests/firstrun/in-machine "$work/$1.agent" 600 "${*:2}" || code=$?
	[ "$code" = 0 ] || note "    exit code $code"
	return "$code"
}

awake() { tests/firstrun/in-machine "$work/$1.agent" 3 true; }

# in_each COMMAND NAME…: at the same time on all of them.
in_each() {
	local command=$1 name pids=() pid
	shift
	for name; do
		in_machine "$name" "$command" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
}
