#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed.sh PROTOC PROTO_ROOT WKT_ROOT C_OUT NAME…
# All .proto files NAME… and what they import, as one FileDescriptorSet in C, for those who ask what the API is.
set -eu
protoc=$1 root=$2 wkt=$3 out=$4
shift 4
for name; do
	set -- "$@" "$name.proto"
	shift
done
"$protoc" -I"$root" -I"$wkt" --include_imports --descriptor_set_out="$out.set" "$@"
{
	echo '#include "proto/descriptor_set.h"'
	echo 'const unsigned char descriptor_set[] = {'
	od -An -v -tx1 "$out.set" | sed 's/ \(..\)/0x\1,/g'
	echo '};'
	echo 'const size_t descriptor_set_len = sizeof(descriptor_set);'
} > "$out"
rm "$out.set"
