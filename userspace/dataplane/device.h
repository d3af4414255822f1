/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to dataplane/: the network device under a backend. */
#ifndef WGMESH_DATAPLANE_DEVICE_H
#define WGMESH_DATAPLANE_DEVICE_H

#include "dataplane/dataplane.h"
#include "netlink/link.h"
#include "netlink/wg.h"

/*
 * Makes the device of @kind unless it is there.  ERR_PRECONDITION: it is there,
 * but of another kind.
 */
int device_ensure(struct link_client *link, const char *ifname, const char *kind,
		  struct error *err);

/* Gives a device of the kernel's WireGuard key and port where they differ, and sets it up. */
int device_configure(struct link_client *link, struct wg_client *wg,
		     const struct dataplane_config *config, struct error *err);

/* The UDP port that the kernel's WireGuard listens on now. */
/* Ends every session's sending; what is received goes on until each peer has a new one. */
int device_set_key(struct wg_client *wg, const char *ifname, const struct key *private_key,
		   struct error *err);

int device_listen_port(struct wg_client *wg, const char *ifname, uint16_t *ret, struct error *err);

/* Has the packets of a device of the kernel's WireGuard marked with LINK_ANNOUNCED_MARK. */
int device_set_mark(struct wg_client *wg, const char *ifname, struct error *err);

/* Sets it up with its MTU, and explains the port that is taken. */
int device_set_up(struct link_client *link, const struct dataplane_config *config,
		  struct error *err);

/* Peers first, all in one message: a device with many would take a grace period for each. */
int device_delete(struct link_client *link, struct wg_client *wg, const char *ifname,
		  struct error *err);

/* Addresses or routes: what a device has becomes what is wanted, by the difference. */
struct prefix_ops {
	int (*list)(struct link_client *c, uint32_t ifindex, link_prefix_fn *fn, void *data,
		    struct error *err);
	int (*add)(struct link_client *c, uint32_t ifindex, const struct prefix *p,
		   struct error *err);
	int (*delete)(struct link_client *c, uint32_t ifindex, const struct prefix *p,
		      struct error *err);
};

extern const struct prefix_ops device_addresses, device_routes;

int device_set_prefixes(struct link_client *link, const char *ifname,
			const struct prefix_ops *ops, const struct prefix *wanted, size_t count,
			struct error *err);

#endif
