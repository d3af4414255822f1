/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mesh table holds: peers and prefixes, read.  Blocking and threads as
 * in netlink/mesh.h.  When the table changes while it is listed, the listing
 * goes on and returns ERR_UNAVAILABLE at its end: what was told may be of two
 * generations.
 */
#ifndef WGMESH_NETLINK_MESH_PEERS_H
#define WGMESH_NETLINK_MESH_PEERS_H

#include <stdbool.h>

#include "netlink/mesh.h"

enum { MESH_ANY_STATE = -1 };

struct mesh_peer_filter {
	int state;			/* enum wgmesh_peer_state or MESH_ANY_STATE */
	uint64_t since_generation;	/* only peers changed after it; 0: all */
};

/*
 * Calls @fn with each peer once, prefixes complete however many messages they
 * took.  @filter may be NULL.  @ret_generation (may be NULL): the table's;
 * untouched when no peer was told.
 */
int mesh_peer_list(struct mesh_client *c, const char *ifname,
		   const struct mesh_peer_filter *filter, wg_peer_fn *fn, void *data,
		   uint64_t *ret_generation, struct error *err);

/* Calls @fn once.  ERR_NOT_FOUND: the table has no such peer. */
int mesh_peer_get(struct mesh_client *c, const char *ifname, const struct key *public_key,
		  wg_peer_fn *fn, void *data, struct error *err);

/*
 * Puts a dormant peer of a lazy mesh into WireGuard, or takes an idle one out of it, @force
 * even when its session may be alive; 0 when it is there already.  ERR_NOT_FOUND: no such
 * peer; ERR_PRECONDITION: not now; ERR_DENIED: it is always active.  WireGuard follows.
 */
int mesh_peer_activate(struct mesh_client *c, const char *ifname, const struct key *public_key,
		       struct error *err);
int mesh_peer_evict(struct mesh_client *c, const char *ifname, const struct key *public_key,
		    bool force, struct error *err);

/* "dormant", "activating", "active", "evicting"; NULL when unknown. */
const char *mesh_state_name(uint32_t state);

struct mesh_hop {
	struct key public_key;
	uint32_t metric;
	uint32_t flags;		/* WGMESH_PREFIX_FLAGS_CHOSEN: it carries the prefix now */
	uint32_t state;		/* enum wgmesh_peer_state of the peer */
};

struct mesh_prefix {
	struct prefix prefix;
	struct mesh_hop hops[WGMESH_HOPS_MAX];	/* in order of the metric */
	size_t hop_count;
};

typedef int mesh_prefix_fn(void *data, const struct mesh_prefix *prefix);

/* The longest prefix that matches @address; ERR_NOT_FOUND when none does. */
int mesh_prefix_get(struct mesh_client *c, const char *ifname, const struct ip *address,
		    struct mesh_prefix *ret, struct error *err);
int mesh_prefix_list(struct mesh_client *c, const char *ifname, mesh_prefix_fn *fn, void *data,
		     struct error *err);

#endif
