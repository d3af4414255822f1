/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to dataplane/: nftables' table "inet wgmesh-IFNAME", which is ours alone; nobody else's
 * is read or touched.  What comes from the mesh leaves it only for a network that this node
 * announces, under this node's address where that is wanted, and TCP's segments fit the tunnel.
 * Any thread; blocks for some ten milliseconds, FIREWALL_MS_MAX at most.
 */
#ifndef WGMESH_DATAPLANE_FIREWALL_H
#define WGMESH_DATAPLANE_FIREWALL_H

#include "base/buf.h"
#include "dataplane/dataplane.h"

enum { FIREWALL_TEXT_MAX = 16 * 1024, FIREWALL_MS_MAX = 5000 };

/*
 * As nft(8) reads it: the table replaced whole; @forwarding NULL: removed.  ERR_UNSUPPORTED: a
 * name that nft(8) cannot say.
 */
int firewall_text(const char *ifname, const struct dataplane_forwarding *forwarding,
		  struct buf *out, struct error *err);

/* In one transaction, by nft(8).  ERR_UNSUPPORTED: a kernel without nftables, or no nft(8). */
int firewall_set(const char *ifname, const struct dataplane_forwarding *forwarding,
		 struct error *err);

#endif
