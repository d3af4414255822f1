/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the whole mesh: what every node must agree on.  Plain values; any thread. */
#ifndef WGMESH_MODEL_MESH_H
#define WGMESH_MODEL_MESH_H

#include "base/addr.h"
#include "base/error.h"

enum { MESH_DOMAIN_MAX = 253, MESH_ULA_RANDOM = 5 /* bytes: RFC 4193's global ID */ };

#define MESH_IPV4_DEFAULT "172.16.0.0/12"
#define MESH_DOMAIN_DEFAULT "webmesh.internal"

struct mesh {
	/*
	 * Every node gets a /64 of it.  A /48 holds 65,536 of them: a mesh that is
	 * to grow further needs a shorter prefix from the start.
	 */
	struct prefix ula;
	struct prefix ipv4;
	char domain[MESH_DOMAIN_MAX + 1];
};

/* Labels as in a node id, 253 characters at most (RFC 1123, lower case). */
bool mesh_domain_valid(const char *domain);

/* The defaults with a fresh /48 (RFC 4193, 3.2) made of @random, which the caller draws. */
void mesh_init(struct mesh *mesh, const uint8_t random[MESH_ULA_RANDOM]);

/*
 * ULA: a network in fc00::/7 of 32 to 56 bits; IPv4: a network of 8 to 30 bits;
 * domain: labels as in a node id.  ERR_INVALID names field and remedy.
 */
int mesh_validate(const struct mesh *mesh, struct error *err);

#endif
