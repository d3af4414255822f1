/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data plane: one WireGuard device of this node, driven to what the planner
 * wants, by whichever means this host has.
 *
 *	mesh		the kernel module wgmesh beside stock WireGuard
 *	kernel		stock WireGuard alone, by its own netlink family
 *	userspace	wireguard-go, a process of its own
 *	none		nothing: for tests of the control plane
 *
 * It only ever changes differences, so that a restarted daemon adopts what runs:
 * handshakes survive, and an endpoint that WireGuard learnt from a roaming peer
 * is kept unless the configured one changes.
 *
 * One thread.  Every call blocks for netlink round trips, each at most
 * NETLINK_TIMEOUT_MS: well under a millisecond for a small change; about 1 ms
 * per peer added and 13 ms per peer removed with "kernel", 10 µs per peer with
 * "mesh"; dumps a few µs per peer.  "userspace" besides waits at most 5 s for the
 * process to start.
 */
#ifndef WGMESH_DATAPLANE_DATAPLANE_H
#define WGMESH_DATAPLANE_DATAPLANE_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/key.h"
#include "model/peer_set.h"
#include "netlink/wg_peer.h"

enum { DATAPLANE_ACTIVE_SECONDS = 180 };	/* WireGuard's REJECT_AFTER_TIME */

/* Whether WireGuard is told of peers only while they are used: the first packet, of either side,
 * makes them known, and they leave when their session is over.
 */
enum dataplane_lazy {
	DATAPLANE_LAZY_AUTO,	/* with "mesh", where its kernel can */
	DATAPLANE_LAZY_ON,	/* or ERR_UNSUPPORTED */
	DATAPLANE_LAZY_OFF,
};

/* The newest handshake timestamp that was ever seen of a peer; false: none is known. */
typedef bool dataplane_floor_fn(void *data, const struct key *public_key,
				uint8_t ret[WGMESH_FLOOR_LEN]);

struct dataplane_config {
	const char *backend;	/* one of the above, or "auto": the first of them that works */
	const char *ifname;	/* 1 to 15 characters */
	struct key private_key;
	enum dataplane_lazy lazy;
	uint16_t listen_port;	/* 0: WireGuard picks one */
	uint32_t mtu;		/* 0: the device's default */
	/*
	 * "mesh" asks it of each peer that it adds: no older handshake is replayed.  May be NULL.
	 */
	dataplane_floor_fn *floor_of;
	void *floor_data;
};

struct dataplane;

/*
 * Makes the device, or takes over the one that runs; it is up afterwards.
 * ERR_UNSUPPORTED: this host cannot, and the text says what is missing.
 */
int dataplane_open(const struct dataplane_config *config, struct dataplane **ret,
		   struct error *err);

/* Lets go: tunnels, addresses and routes stay and work on.  @dp may be NULL. */
void dataplane_close(struct dataplane *dp);

/* Takes everything down: peers, routes, device, process.  Frees @dp in any case. */
int dataplane_remove(struct dataplane *dp, struct error *err);

/*
 * Whether the device is still there: ERR_NOT_FOUND when somebody deleted it or
 * wireguard-go ended.  Each of dataplane_set_addresses(), dataplane_set_routes(),
 * dataplane_apply() and dataplane_set_announced() makes such a device anew first; call all then,
 * in this order.
 * One round trip: cheap enough for every few seconds.
 */
int dataplane_check(struct dataplane *dp, struct error *err);

const char *dataplane_backend(const struct dataplane *dp);	/* "mesh", ... never "auto" */
/* One line for the operator: why this backend and not a better one. */
const char *dataplane_reason(const struct dataplane *dp);

/* What one dataplane_apply() did. */
struct dataplane_changes {
	size_t added, changed, removed, kept;	/* peers */
};

/*
 * Makes the device's peers those of @wanted, which is sealed; takes it over in
 * any case.  The first call, and the first after a failure, compares with what
 * the device really has.  With "mesh" all or nothing; with the others a failure may
 * leave a part done, and the next call goes on from there.  @ret may be NULL.
 */
int dataplane_apply(struct dataplane *dp, struct peer_set *wanted, struct dataplane_changes *ret,
		    struct error *err);

/* Makes the next dataplane_apply() compare with the device: after a doubt, or for an audit. */
void dataplane_forget(struct dataplane *dp);

/*
 * Makes @addresses the device's only ones (link-local ones aside), each with the
 * length of its network; and @routes the only ones of ours through it.  No route comes
 * with an address: name the mesh's networks in @routes.
 */
int dataplane_set_addresses(struct dataplane *dp, const struct prefix *addresses, size_t count,
			    struct error *err);
int dataplane_set_routes(struct dataplane *dp, const struct prefix *routes, size_t count,
			 struct error *err);

/*
 * Routes that other nodes announce, default ones among them, become the only ones of their kind
 * through the device.  Whatever the main table has goes before them, but for its own default
 * route.  With the first one WireGuard's packets get a mark, with which they pass them by.
 */
int dataplane_set_announced(struct dataplane *dp, const struct prefix *routes, size_t count,
			    struct error *err);

/* What this node carries for the mesh. */
struct dataplane_forwarding {
	const struct prefix *routes;	/* that it announces */
	size_t count;
	bool masquerade_ipv4, masquerade_ipv6;	/* what leaves the mesh here has this node's address */
	bool bridges;	/* of either family from node to node, whatever the routes */
};

/*
 * Makes this host carry it: a table of nftables, "inet wgmesh-IFNAME", then forwarding (see
 * dataplane/firewall.h and dataplane/forwarding.h).  NULL: the table goes; forwarding stays.
 */
int dataplane_set_forwarding(struct dataplane *dp, const struct dataplane_forwarding *forwarding,
			     struct error *err);

struct dataplane_stats {
	uint64_t peers_known;
	uint64_t peers_active;		/* last handshake less than DATAPLANE_ACTIVE_SECONDS ago */
	uint64_t last_handshake;	/* newest of all peers, ns since 1970; 0 is never */
	uint64_t rx_bytes, tx_bytes;	/* of the peers that WireGuard holds now */
	uint16_t listen_port;
};

int dataplane_stats(struct dataplane *dp, struct dataplane_stats *ret, struct error *err);

/* Tells each peer that the device has; preshared keys are not told. */
int dataplane_list(struct dataplane *dp, wg_peer_fn *fn, void *data, struct error *err);

/*
 * Those only that WireGuard holds now: with "mesh" the time that this takes does not grow with
 * the mesh.  ERR_UNAVAILABLE: the table changed meanwhile, and some may have been told twice.
 */
int dataplane_list_active(struct dataplane *dp, wg_peer_fn *fn, void *data, struct error *err);

/* As the above, told by WireGuard itself, with counters of this moment. */
int dataplane_list_sessions(struct dataplane *dp, wg_peer_fn *fn, void *data, struct error *err);

/*
 * Gives the device another private key.  From this moment nothing is sent under the old one: up to 128
 * packets a peer wait in WireGuard for a handshake of the new key, while what arrives under the
 * old one is taken for as long as its session would have lasted.
 */
int dataplane_set_key(struct dataplane *dp, const struct key *private_key, struct error *err);

/*
 * Has WireGuard begin a handshake with a peer to whom it has no session, and has an endpoint,
 * without waiting for traffic; with "mesh" perhaps not at the first call.  To no effect within 5 s of
 * the last handshake message to it.
 */
int dataplane_call(struct dataplane *dp, const struct key *public_key, struct error *err);

#endif
