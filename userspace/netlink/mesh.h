/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client of the kernel module's netlink family "wgmesh"
 * (proto/netlink/specs/wgmesh.yaml).  Needs CAP_NET_ADMIN.
 *
 * Every call blocks for one round trip to the kernel, or as many as a dump or
 * a transaction takes, and fails with ERR_DEADLINE when the kernel says
 * nothing for NETLINK_TIMEOUT_MS.  A client is used by one thread at a time.
 * Error texts carry what the kernel said about the cause, and which attribute.
 */
#ifndef WGMESH_NETLINK_MESH_H
#define WGMESH_NETLINK_MESH_H

#include <net/if.h>

#include "base/error.h"
#include "netlink/wg_peer.h"

enum { NETLINK_TIMEOUT_MS = 5000 };

struct mesh_client;

/* ERR_UNSUPPORTED when the running kernel has no module "wgmesh" loaded. */
int mesh_client_open(struct mesh_client **ret, struct error *err);
void mesh_client_close(struct mesh_client *c);

struct mesh_stats {
	uint64_t value[__WGMESH_A_STATS_MAX];	/* by WGMESH_A_STATS_* */
};

/* "peers-active" for WGMESH_A_STATS_PEERS_ACTIVE; NULL when out of range. */
const char *mesh_stat_name(unsigned int stat);

struct mesh_info {
	uint32_t ifindex;
	char ifname[IF_NAMESIZE];
	uint32_t flags;			/* WGMESH_MESH_FLAGS_* */
	uint32_t features;		/* WGMESH_MESH_FEATURES_* */
	uint64_t generation;		/* batches committed so far */
	uint64_t removal_generation;	/* of the last batch that removed a peer; 0: none did */
	uint32_t peers_max;
	uint32_t active_max;
	uint32_t transaction_timeout;	/* ms */
	uint32_t idle_timeout;		/* ms */
	struct mesh_stats stats;
};

enum mesh_settings_fields {
	MESH_SET_FLAGS = 1,
	MESH_SET_PEERS_MAX = 2,
	MESH_SET_ACTIVE_MAX = 4,
	MESH_SET_TRANSACTION_TIMEOUT = 8,
	MESH_SET_IDLE_TIMEOUT = 32,
	MESH_SET_SOCKET_NETNS = 16,	/* mesh_new() only */
};

struct mesh_settings {
	uint32_t fields;		/* MESH_SET_*; the others keep the module's value */
	uint32_t flags;
	uint32_t peers_max;
	uint32_t active_max;
	uint32_t transaction_timeout;	/* ms */
	uint32_t idle_timeout;		/* ms */
	int socket_netns_fd;		/* where the device was created; borrowed */
};

typedef int mesh_info_fn(void *data, const struct mesh_info *info);

/* @settings may be NULL.  ERR_EXISTS: the device has a mesh already; ERR_NOT_FOUND: no device. */
int mesh_new(struct mesh_client *c, const char *ifname, const struct mesh_settings *settings,
	     struct error *err);
int mesh_set(struct mesh_client *c, const char *ifname, const struct mesh_settings *settings,
	     struct error *err);
int mesh_del(struct mesh_client *c, const char *ifname, struct error *err);
int mesh_get(struct mesh_client *c, const char *ifname, struct mesh_info *ret, struct error *err);
int mesh_list(struct mesh_client *c, mesh_info_fn *fn, void *data, struct error *err);
int mesh_stats_get(struct mesh_client *c, const char *ifname, struct mesh_stats *ret,
		   struct error *err);

#endif
