/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices, addresses and routes of the calling thread's network
 * namespace, by route netlink.  Changes need CAP_NET_ADMIN.  Blocking,
 * deadlines and threads as in netlink/mesh.h.
 */
#ifndef WGMESH_NETLINK_LINK_H
#define WGMESH_NETLINK_LINK_H

#include <net/if.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/error.h"

/* Marks routes as ours ("proto 157" in ip-route(8)); no other routing daemon uses it. */
enum { LINK_ROUTE_PROTOCOL = 157 };

/* What WireGuard's own packets carry where netlink/rule.h's rules are. */
enum { LINK_ANNOUNCED_MARK = 0x77000067 };

enum link_table {
	LINK_TABLE_MAIN = 254,
	LINK_TABLE_ANNOUNCED = 157,	/* asked when the main one knows no better than its default */
};

struct link_client;

int link_client_open(struct link_client **ret, struct error *err);
void link_client_close(struct link_client *c);

struct link_info {
	uint32_t ifindex;
	uint32_t mtu;
	bool up;		/* administratively */
	char kind[16];		/* "wireguard", "tun", ...; "" for plain devices */
};

/* ERR_NOT_FOUND: no such device. */
int link_get(struct link_client *c, const char *ifname, struct link_info *ret, struct error *err);

/* ERR_EXISTS: the name is taken; ERR_UNSUPPORTED: the kernel has no such kind of device. */
int link_add(struct link_client *c, const char *ifname, const char *kind, struct error *err);
int link_delete(struct link_client *c, const char *ifname, struct error *err);

/* @mtu 0: leave it. */
int link_set_up(struct link_client *c, const char *ifname, bool up, uint32_t mtu,
		struct error *err);

/* Called for each; 0 goes on, anything else ends the listing, which then returns it. */
typedef int link_prefix_fn(void *data, const struct prefix *prefix);

/*
 * Addresses with the length of their network ("172.16.0.1/12" is known on the
 * link, but no route is made for it: link_route_add() does that).  Adding one
 * that is there and deleting one that is not succeed.
 */
int link_address_add(struct link_client *c, uint32_t ifindex, const struct prefix *address,
		     struct error *err);
int link_address_delete(struct link_client *c, uint32_t ifindex, const struct prefix *address,
			struct error *err);
/* Link-local addresses are not told: the kernel makes them itself. */
int link_address_list(struct link_client *c, uint32_t ifindex, link_prefix_fn *fn, void *data,
		      struct error *err);

/*
 * Routes of protocol LINK_ROUTE_PROTOCOL in @table through the device; host bits clear.  Listed
 * with @ifindex 0: through any.
 */
int link_route_add(struct link_client *c, uint32_t ifindex, enum link_table table,
		   const struct prefix *destination, struct error *err);
int link_route_delete(struct link_client *c, uint32_t ifindex, enum link_table table,
		      const struct prefix *destination, struct error *err);
int link_route_list(struct link_client *c, uint32_t ifindex, enum link_table table,
		    link_prefix_fn *fn, void *data, struct error *err);

#endif
