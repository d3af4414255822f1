#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Certificates for the tests, into the folder $1: NAME.pem and NAME.key, and
# the authorities ours.pem and theirs.pem.
set -eu
cd "$1"

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-keyout "$1.key" -out "$1.pem" -subj "/CN=$1" 2>/dev/null
}

# NAME AUTHORITY SUBJECT-ALT-NAMES
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
	printf 'subjectAltName=%s\n' "$3" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 \
		-extfile "$1.ext" -out "$1.pem" 2>/dev/null
}

authority ours
authority theirs
certificate n1 ours URI:wgmesh://mesh-a/node/n1,DNS:wgmesh.internal
certificate n2 ours URI:wgmesh://mesh-a/node/n2,DNS:wgmesh.internal
certificate ann ours URI:wgmesh://mesh-a/admin/ann
certificate stranger ours URI:wgmesh://mesh-b/node/n1,DNS:wgmesh.internal
certificate two-faced ours URI:wgmesh://mesh-a/node/n1,URI:wgmesh://mesh-a/admin/ann
certificate plain ours DNS:wgmesh.internal
certificate forged theirs URI:wgmesh://mesh-a/node/n1,DNS:wgmesh.internal
