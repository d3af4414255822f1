/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client of stock WireGuard's netlink family "wireguard".  Needs CAP_NET_ADMIN.
 * Blocking, deadlines and threads as in netlink/mesh.h; besides, WireGuard
 * works under the kernel's rtnl lock: about 1 ms for a peer added, up to
 * 13 ms for one removed.
 */
#ifndef WGMESH_NETLINK_WG_H
#define WGMESH_NETLINK_WG_H

#include <net/if.h>

#include "base/error.h"
#include "netlink/wg_peer.h"

struct wg_client;

/* ERR_UNSUPPORTED when the kernel has no WireGuard, built in or as a module. */
int wg_client_open(struct wg_client **ret, struct error *err);
void wg_client_close(struct wg_client *c);

enum wg_device_fields {
	WG_DEVICE_PRIVATE_KEY = 1,	/* all zero: remove it */
	WG_DEVICE_LISTEN_PORT = 2,
	WG_DEVICE_FWMARK = 4,
	WG_DEVICE_PUBLIC_KEY = 8,	/* answers only */
};

struct wg_device {
	uint32_t fields;
	struct key private_key;		/* wipe after use */
	struct key public_key;
	uint16_t listen_port;
	uint32_t fwmark;		/* 0: none */
};

/* ERR_NOT_FOUND: no such device; ERR_UNSUPPORTED: it is not a WireGuard device. */
int wg_device_get(struct wg_client *c, const char *ifname, struct wg_device *ret,
		  struct error *err);

/* Changes what @device->fields names.  A new private key costs one curve25519 per peer. */
int wg_device_set(struct wg_client *c, const char *ifname, const struct wg_device *device,
		  struct error *err);

/* Calls @fn with each peer once, however many messages it took. */
int wg_peer_list(struct wg_client *c, const char *ifname, wg_peer_fn *fn, void *data,
		 struct error *err);

/*
 * Adds or changes @peers, many per message.  Prefixes are added (one that
 * another peer had moves at once); of the flags only REPLACE_PREFIXES and
 * UPDATE_ONLY are known here.  REPLACE_PREFIXES first empties the peer's
 * list, which drops its traffic for a moment: only for a peer that loses a
 * prefix that goes to nobody.  Messages are applied in order and stop at the
 * first refused one: not atomic.
 */
int wg_peers_set(struct wg_client *c, const char *ifname, const struct wg_peer *peers,
		 size_t count, struct error *err);

/* Removes peers, those that do not exist too. */
int wg_peers_remove(struct wg_client *c, const char *ifname, const struct key *public_keys,
		    size_t count, struct error *err);

/* Removes every peer in one message: the quick way before the device is deleted. */
int wg_peers_clear(struct wg_client *c, const char *ifname, struct error *err);

#endif
