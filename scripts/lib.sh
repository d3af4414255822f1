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
