#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# generate.sh PROTOC PROTO_ROOT WKT_ROOT NAME OUTDIR C_OUT STAMP_OUT
# Puts NAME.pb-c.h (the header that code includes) below OUTDIR, and the source at C_OUT.
set -eu
protoc=$1 root=$2 wkt=$3 name=$4 outdir=$5 c_out=$6 stamp=$7
mkdir -p "$outdir"
"$protoc" -I"$root" -I"$wkt" --c_out="$outdir" "$name.proto"
mv "$outdir/$name.pb-c.c" "$c_out"
echo "/* $name */" > "$stamp"
