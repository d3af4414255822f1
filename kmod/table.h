/* SPDX-License-Identifier: GPL-2.0 */
/* The table of a mesh: its peers by key and by id, its prefixes by address, and
 * the queues of peers about which WireGuard has yet to be told.
 *
 * The lock serialises all writers and all readers that need several fields to
 * agree.  What the data path reads (tries, hops, a peer's state) is RCU.
 * Order of locks: see mesh.c.
 */
#ifndef _WGM_TABLE_H
#define _WGM_TABLE_H

#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/string.h>
#include <linux/xarray.h>
#include <uapi/linux/wgmesh.h>

#include "hold.h"
#include "reap.h"
#include "recent.h"

struct wgm_peer;
struct wgm_prefix;

/* First in, first out; linked through the peers, so that queueing cannot fail. */
struct wgm_queue {
	struct wgm_peer *head;
	struct wgm_peer **tail;
	u32 n;
};

struct wgm_table {
	struct mutex lock;

	/* All below is protected by the lock. */
	struct rhashtable by_key;	/* RCU lookup; holds peers that are gone, too */
	struct xarray by_id;		/* the order of dumps: ids grow */
	u32 next_id;
	struct wgm_prefix __rcu *root[2];	/* IPv4, IPv6; RCU lookup */
	unsigned long version;		/* see recent.h; read without the lock */
	struct wgm_recent __percpu *recent;

	u64 generation;			/* batches committed */
	u64 removal_generation;		/* the last one that removed a peer; 0: none did */
	bool authoritative;		/* a whole table was committed: foreign peers go */
	bool own_key_known;
	u8 own_key[WGMESH_KEY_LEN];	/* the device's; WireGuard ignores a peer of that key */

	u32 peers_max;
	u32 n_peers;			/* visible */
	u32 n_active;			/* in WireGuard, as it acknowledged */
	u32 n_awake;			/* not DORMANT, hidden ones included */
	u32 n_prefixes;			/* with a visible hop */
	u32 in_flight;			/* peers of the message that is on its way */
	u32 pending;			/* peers whose change has not reached WireGuard: as of the
					 * last unlock; smp_load_acquire() anywhere
					 */
	size_t memory;			/* bytes of peers, hops and prefixes */

	bool lazy;			/* peers are put into WireGuard on demand */
	bool on_demand;			/* packets may have to wait; READ_ONCE in the data path */

	u32 n_parked;			/* prefixes, see park.h */
	bool stale_parks;		/* some of them are nobody's */
	u64 park_epoch;			/* +1 when there may be more to park than there was */

	struct wgm_queue urgent;	/* peers for which packets wait; before all updates */
	struct wgm_queue updates;	/* peers to add or change in WireGuard */
	struct wgm_queue removals;	/* peers to remove; after all updates */
	struct wgm_queue retries;	/* WireGuard refused; after a while back to one of the above */

	struct wgm_holds holds;
	struct wgm_reaper reaper;
};

#define wgm_table_deref(table, p) \
	rcu_dereference_protected(p, lockdep_is_held(&(table)->lock))

static inline unsigned int wgm_family_index(u8 bits)
{
	return bits == 128;
}

static inline bool wgm_table_is_own_key(const struct wgm_table *table, const u8 *key)
{
	return table->own_key_known && !memcmp(key, table->own_key, WGMESH_KEY_LEN);
}

/* -ENOMEM. */
int wgm_table_init(struct wgm_table *table, u32 peers_max);

/* Frees everything; nobody may look any more. */
void wgm_table_fini(struct wgm_table *table);

void wgm_table_lock(struct wgm_table *table);
/* Also starts the grace period of what was removed, and tells how much is pending. */
void wgm_table_unlock(struct wgm_table *table);

/* Appends; no-op when the peer is in a queue already. */
void wgm_queue_push(struct wgm_queue *queue, struct wgm_peer *peer);
struct wgm_peer *wgm_queue_pop(struct wgm_queue *queue);	/* may be NULL */
/* Puts a peer at the front; no-op as above. */
void wgm_queue_unpop(struct wgm_queue *queue, struct wgm_peer *peer);

/* Peers whose change has not reached WireGuard.  The lock. */
static inline u32 wgm_table_pending(const struct wgm_table *table)
{
	return table->urgent.n + table->updates.n + table->removals.n + table->retries.n +
	       table->in_flight;
}

/* Bytes that the table takes, indexes included. */
u64 wgm_table_memory(struct wgm_table *table);

#endif /* _WGM_TABLE_H */
