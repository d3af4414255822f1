/* SPDX-License-Identifier: GPL-2.0 */
/* A peer: a WireGuard public key and what WireGuard should know of it.
 *
 * There may be a million of them in a table: what few peers have is in an extra
 * part of its own.  A peer that is removed from the table stays, hidden, until
 * WireGuard has forgotten it; only the worker (sync.c) lets go of it then.
 */
#ifndef _WGM_PEER_H
#define _WGM_PEER_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <uapi/linux/wgmesh.h>

struct wgm_hold;
struct wgm_hop;
struct wgm_table;

/* Where a peer is; family is 0 (unknown), AF_INET or AF_INET6. */
struct wgm_endpoint {
	u16 family;
	__be16 port;
	u32 scope_id;
	union {
		__be32 v4;
		struct in6_addr v6;
	};
};

/* What most dormant peers do not have. */
struct wgm_peer_extra {
	u8 psk[WGMESH_KEY_LEN];		/* all zero: none */
	u8 floor[WGMESH_FLOOR_LEN];	/* newest handshake initiation seen */
	struct wgm_endpoint seen;	/* where WireGuard saw the peer */
	u64 rx_bytes;
	u64 tx_bytes;
	u64 last_handshake;		/* ns since 1970 */
	u64 past_rx_bytes;		/* of what rx_bytes counts, before it was last evicted */
	u64 past_tx_bytes;
	u64 called_at;			/* ns of boottime: we sent an initiation; see admit.h */
	u64 quiet_since;		/* ns of boottime: a survey saw no change since; 0: not seen */
};

enum wgm_peer_marks {
	WGM_PEER_GONE = BIT(0),		/* not in the table (any more, or yet) */
	WGM_PEER_TOUCHED = BIT(1),	/* named by the batch that is being prepared */
	WGM_PEER_LEAVING = BIT(2),	/* removed by that batch */
	WGM_PEER_QUEUED = BIT(3),	/* in one of the table's queues */
	WGM_PEER_IN_WG = BIT(4),	/* WireGuard may have it */
	WGM_PEER_FOREIGN = BIT(5),	/* found in WireGuard, never in the table */
	WGM_PEER_SEEN = BIT(6),		/* by the survey that is under way */
	WGM_PEER_FAULTY = BIT(7),	/* WireGuard refused it, and listeners know */
	WGM_PEER_EVICT = BIT(8),	/* somebody wants it evicted, even if it is in use */
	WGM_PEER_CALL = BIT(9),		/* to be called once WireGuard has it: see recall.h */
	WGM_PEER_RENEW = BIT(10),	/* WireGuard has it from before it was removed and added again */
};

/* What differs from WireGuard, besides hops, of a peer that is in there. */
enum wgm_peer_dirt {
	WGM_DIRTY_ENDPOINT = BIT(0),
	WGM_DIRTY_PSK = BIT(1),
	WGM_DIRTY_KEEPALIVE = BIT(2),
};

struct wgm_peer {
	struct rhash_head hash;
	u8 key[WGMESH_KEY_LEN];
	u64 generation;			/* that last changed it */
	struct wgm_hop *hops;
	struct wgm_peer *next;		/* in a queue */
	struct wgm_peer_extra *extra;	/* may be NULL */
	struct wgm_hold *hold;		/* may be NULL; under the lock of the table's holds */
	struct wgm_endpoint endpoint;	/* as last configured */
	u32 id;
	u16 keepalive;			/* seconds; 0: off */
	u16 n_hops;			/* visible ones */
	u16 marks;			/* enum wgm_peer_marks */
	u8 flags;			/* enum wgmesh_peer_flags, the stored ones */
	u8 state;			/* enum wgmesh_peer_state */
	u8 dirty;			/* enum wgm_peer_dirt */
	u8 used;			/* set by the data path, cleared by surveys; no lock */
};

/* In WireGuard, or on its way there. */
static inline bool wgm_peer_is_awake(const struct wgm_peer *peer)
{
	return peer->state == WGMESH_PEER_STATE_ACTIVATING ||
	       peer->state == WGMESH_PEER_STATE_ACTIVE;
}

/* To be removed from WireGuard. */
static inline bool wgm_peer_must_leave(const struct wgm_peer *peer)
{
	return peer->marks & WGM_PEER_GONE || peer->state == WGMESH_PEER_STATE_EVICTING;
}

/* All of these want the table's lock. */

/* With that key, gone ones included; may be NULL. */
struct wgm_peer *wgm_peer_find(struct wgm_table *table, const u8 *key);
/* In the table; may be NULL. */
struct wgm_peer *wgm_peer_lookup(struct wgm_table *table, const u8 *key);

/* A hidden (gone) peer that is in the indexes.  ERR_PTR(-ENOMEM or as rhashtable). */
struct wgm_peer *wgm_peer_new(struct wgm_table *table, const u8 *key);

/* Takes a peer without hops out of the indexes and frees it after the readers. */
void wgm_peer_free(struct wgm_table *table, struct wgm_peer *peer);

/* Frees it at once; for the end of a table. */
void wgm_peer_destroy(struct wgm_peer *peer);

/* Gives the peer its extra part; -ENOMEM. */
int wgm_peer_extend(struct wgm_table *table, struct wgm_peer *peer);

/* Never NULL; all zero is none. */
const u8 *wgm_peer_psk(const struct wgm_peer *peer);

void wgm_peer_set_state(struct wgm_table *table, struct wgm_peer *peer, u8 state);

/* Whether the peer belongs into WireGuard though nothing is sent to it. */
bool wgm_peer_is_resident(const struct wgm_table *table, const struct wgm_peer *peer);

/* Where the peer was seen last, or where it should be. */
const struct wgm_endpoint *wgm_peer_endpoint(const struct wgm_peer *peer);

/* Puts an ACTIVATING peer before all others. */
void wgm_peer_hurry(struct wgm_table *table, struct wgm_peer *peer);

/* Puts the peer into the queue it belongs to. */
void wgm_peer_queue(struct wgm_table *table, struct wgm_peer *peer);

/* Frees those hops that are gone and that WireGuard does not have. */
void wgm_peer_sweep(struct wgm_table *table, struct wgm_peer *peer);

/* The next peer in the order of ids from *@id on, hidden ones included; moves *@id. */
struct wgm_peer *wgm_peer_next(struct wgm_table *table, unsigned long *id);

bool wgm_endpoint_equal(const struct wgm_endpoint *a, const struct wgm_endpoint *b);

/* From and to the bytes of a sockaddr_in or sockaddr_in6: false when @len and
 * family do not fit; the length written, 0 when the endpoint is unknown.
 */
bool wgm_endpoint_decode(struct wgm_endpoint *ret, const void *sockaddr, int len);
int wgm_endpoint_encode(const struct wgm_endpoint *endpoint, struct sockaddr_in6 *ret);

extern const struct rhashtable_params wgm_peer_hash_params;

int wgm_peer_init(void);
void wgm_peer_fini(void);

#endif /* _WGM_PEER_H */
