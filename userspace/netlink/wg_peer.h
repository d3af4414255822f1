/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer as the kernel's interfaces tell and take it: the families "wgmesh"
 * and "wireguard", and WireGuard's UAPI text.  Fields that an interface does
 * not have stay zero.  A value: no thread rules; the prefixes are borrowed.
 */
#ifndef WGMESH_NETLINK_WG_PEER_H
#define WGMESH_NETLINK_WG_PEER_H

#include <stddef.h>
#include <stdint.h>

#include <linux/wgmesh.h>

#include "base/addr.h"
#include "base/key.h"

struct wg_prefix {
	struct prefix prefix;
	uint32_t metric;	/* wgmesh: order among the next hops, lowest first */
	uint32_t flags;		/* WGMESH_PREFIX_FLAGS_* */
};

/* Which of the optional fields a message carries; absent ones keep their value. */
enum wg_peer_fields {
	WG_PEER_PRESHARED_KEY = 1,	/* all zero: remove it */
	WG_PEER_ENDPOINT = 2,
	WG_PEER_KEEPALIVE = 4,
	WG_PEER_STATE = 8,
	WG_PEER_FLOOR = 16,
	WG_PEER_FLAGS = 32,		/* wgmesh: the flags that are stored, when none is set */
	WG_PEER_COUNTERS_AGE = 64,
};

/*
 * The preshared key of a peer that waits (model/peer_set.h), and no secret: the other side
 * has another one, none.  So an initiation is answered, and counted as received, and the answer is
 * of no use to the caller, who goes on holding what it has to send.
 */
#define WG_WAITING_KEY "wgmesh: this key is not used yet"

struct wg_peer {
	struct key public_key;
	uint32_t fields;		/* WG_PEER_*, or-ed */
	uint32_t flags;			/* WGMESH_PEER_FLAGS_*, see each client */
	struct key preshared_key;	/* never told by wgmesh; wipe after use */
	struct endpoint endpoint;
	uint16_t keepalive;		/* seconds, 0 is off */
	uint8_t floor[WGMESH_FLOOR_LEN];
	const struct wg_prefix *prefixes;
	size_t prefix_count;		/* at most WGMESH_PREFIXES_MAX in wgmesh */

	/* Only in answers. */
	uint32_t counters_age;		/* wgmesh: ms since endpoint and counters were read */
	uint32_t state;			/* enum wgmesh_peer_state */
	uint64_t generation;		/* that last changed the peer */
	uint64_t rx_bytes, tx_bytes;
	uint64_t last_handshake;	/* nanoseconds since 1970, 0 is never */
};

/*
 * Told one peer, with everything borrowed for the call.  0 goes on; anything
 * else ends the listing, which then returns that value.
 */
typedef int wg_peer_fn(void *data, const struct wg_peer *peer);

#endif
