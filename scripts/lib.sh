# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by the scripts; sourced, with the repository's root as the working folder.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/wgmesh

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# fetch_deb PACKAGE: downloads the package into the cache, prints the file's path.
fetch_deb() {
	local dir=$cache/debs/$1 file
	mkdir -p "$dir"
	file=$(find "$dir" -name '*.deb' | head -n 1)
	if [ -z "$file" ]; then
		say "fetching $1"
		# apt's sandbox user may not enter the cache: the download is checked by hash anyway.
		(cd "$dir" && apt-get -o APT::Sandbox::User=root download "$1" >&2) || die "cannot download $1; run apt-get update"
		file=$(find "$dir" -name '*.deb' | head -n 1)
	fi
	printf '%s\n' "$file"
}

# private_apt DIR SOURCE: from here on apt has this one source, and lists and an archive of its own in DIR; the
# machine's stay as they are. Signatures are checked with Debian's keys.
# shellcheck disable=SC2034 # for those who source this
mirror=${WGMESH_MIRROR:-http://deb.debian.org/debian}
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg
private_apt() {
	mkdir -p "$1"/{lists,archives}/partial
	printf '%s\n' "deb [signed-by=$debian_keys] $2" > "$1/sources.list"
	cat > "$1/apt.conf" <<-END
		Dir::Etc::SourceList "$1/sources.list";
		Dir::Etc::SourceParts "-";
		Dir::State::Lists "$1/lists";
		Dir::State::Status "/dev/null";
		Dir::Cache "$1";
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	END
	export APT_CONFIG=$1/apt.conf
}

# The names of Debian's releases, by number.
# shellcheck disable=SC2034
declare -A debian_suites=([12]=bookworm [13]=trixie)

# kernel_tools: parts of the kernel's source that we use as tools; prints their folder.
kernel_tools() {
	local parts=(tools/net/ynl Documentation/netlink scripts/checkpatch.pl scripts/const_structs.checkpatch
		scripts/spelling.txt scripts/coccinelle)
	local dir=$cache/kernel-tools
	if [ "$(cat "$dir/.complete" 2> /dev/null)" != "${parts[*]}" ]; then
		local deb
		deb=$(fetch_deb linux-source-6.12)
		say "unpacking the kernel's tools"
		rm -rf "$dir" "$dir.deb"
		mkdir -p "$dir"
		dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
			tar -xJ -C "$dir" --strip-components=1 --wildcards "${parts[@]/#/linux-source-*/}" ||
			die "cannot unpack $deb"
		printf '%s\n' "${parts[*]}" > "$dir/.complete"
	fi
	printf '%s\n' "$dir"
}

# copy_modules KERNEL ROOT MODULE…: modules of a kernel of scripts/kernel, and what they need, into
# ROOT/modules, in the order in which they must be loaded, without compression: busybox has none.
copy_modules() {
	local kernel=$1 root=$2 file name release
	shift 2
	release=$(cat "$kernel/release")
	mkdir -p "$root/modules"
	: > "$root/modules/order"	# the debug kernel has them built in
	for name; do
		modprobe -d "$kernel" -S "$release" --show-depends "$name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		name=$(basename "$file")
		cp "$file" "$root/modules/$name"
		case $name in
		*.xz) xz -d "$root/modules/$name"; name=${name%.xz} ;;
		*.zst) zstd -q -d --rm "$root/modules/$name"; name=${name%.zst} ;;
		esac
		printf '%s\n' "$name" >> "$root/modules/order"
	done
}

# copy_kernel KERNEL ROOT: its modules and its configuration, as Debian's package has them, into a root.
copy_kernel() {
	local release config
	release=$(cat "$1/release")
	config=$1/boot/config-$release
	[ -e "$config" ] || config=$1/lib/modules/$release/config
	mkdir -p "$2/usr/lib/modules" "$2/boot"
	cp -a "$1/lib/modules/$release" "$2/usr/lib/modules/"
	rm -f "$2/usr/lib/modules/$release"/{build,source}
	cp "$config" "$2/boot/config-$release"
}

# make_initramfs KERNEL INIT FILE MODULE…: busybox, the modules, and INIT as the first process.
make_initramfs() {
	local kernel=$1 init=$2 file=$3 root
	shift 3
	root=$(mktemp -d)
	mkdir -p "$root"/{bin,proc,sys,dev,lower,upper,newroot}
	cp "$(command -v busybox)" "$root/bin/busybox"
	install -m 755 "$init" "$root/init"
	copy_modules "$kernel" "$root" "$@"
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) > "$file.new"
	mv "$file.new" "$file"
	rm -rf "$root"
}
