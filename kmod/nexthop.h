/* SPDX-License-Identifier: GPL-2.0 */
/* A hop says that a peer may carry a prefix.  A prefix orders its hops by
 * metric; one of them is chosen, and its peer has the prefix in WireGuard.
 *
 * A hop's fields are fixed when it is made, but for its links and flags.  All
 * changes are made under the table's lock; readers use RCU.
 */
#ifndef _WGM_NEXTHOP_H
#define _WGM_NEXTHOP_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "prefix.h"
#include "table.h"

struct wgm_peer;

enum wgm_hop_flags {
	/* What the table says. */
	WGM_HOP_NEW = BIT(0),		/* of a batch that is not committed */
	WGM_HOP_LEAVING = BIT(1),	/* removed by a batch that is not committed */
	WGM_HOP_NAMED = BIT(7),		/* by a batch that is not committed */
	WGM_HOP_GONE = BIT(2),		/* removed; kept while WireGuard may have it */
	/* What WireGuard has. */
	WGM_HOP_IN_WG = BIT(3),		/* maybe: it was told, or a message is on its way */
	WGM_HOP_ACKED = BIT(4),		/* surely: it said so, and nothing moved it since */
	WGM_HOP_ADDING = BIT(5),	/* a message that adds it is on its way */
	WGM_HOP_DROPPING = BIT(6),	/* a message that removes it is on its way */

	WGM_HOP_HIDDEN = WGM_HOP_NEW | WGM_HOP_GONE,
	WGM_HOP_WG_MASK = WGM_HOP_IN_WG | WGM_HOP_ACKED | WGM_HOP_ADDING | WGM_HOP_DROPPING,
};

struct wgm_hop {
	struct wgm_hop __rcu *next;	/* of the prefix, by metric */
	struct wgm_hop *peer_next;	/* of the peer, in no order */
	struct wgm_peer *peer;
	struct wgm_prefix *prefix;
	u32 metric;
	u8 flags;
};

/* Whether lookups and dumps see the hop. */
static inline bool wgm_hop_visible(const struct wgm_hop *hop)
{
	return !(READ_ONCE(hop->flags) & WGM_HOP_HIDDEN);
}

/* Whether the hop will be there after the batch that is being prepared. */
static inline bool wgm_hop_staying(const struct wgm_hop *hop)
{
	return !(hop->flags & (WGM_HOP_GONE | WGM_HOP_LEAVING));
}

/* Under RCU or the table's lock. */
#define wgm_for_each_hop(table, hop, prefix)						\
	for ((hop) = rcu_dereference_check((prefix)->hops,				\
					   lockdep_is_held(&(table)->lock)); (hop);	\
	     (hop) = rcu_dereference_check((hop)->next, lockdep_is_held(&(table)->lock)))

/* Makes a hop and links it into its prefix and peer.  NULL without memory. */
struct wgm_hop *wgm_hop_new(struct wgm_table *table, struct wgm_peer *peer,
			    struct wgm_prefix *prefix, u32 metric, u8 flags);

/* Unlinks the hop from its prefix, which goes too when this was its last hop.
 * The caller has unlinked the hop from its peer.
 */
void wgm_hop_free(struct wgm_table *table, struct wgm_hop *hop);

/* The hop of @peer in the prefix, rather one that is not gone; may be NULL. */
struct wgm_hop *wgm_hop_find(const struct wgm_table *table, const struct wgm_prefix *prefix,
			     const struct wgm_peer *peer);

/* Whether lookups see the prefix, for another hop than @except. */
bool wgm_hop_any_visible(const struct wgm_table *table, const struct wgm_prefix *prefix,
			 const struct wgm_hop *except);

/* The hop that carries the prefix now; NULL when nobody does. Under RCU or the lock. */
struct wgm_hop *wgm_hop_chosen(const struct wgm_table *table, const struct wgm_prefix *prefix);

/* The chosen hop, when its peer is in WireGuard or on its way there; else NULL.  With
 * the table's lock.
 */
struct wgm_hop *wgm_hop_owner(const struct wgm_table *table, const struct wgm_prefix *prefix);

/* WireGuard gave the prefix to the peer of @to, or with NULL to one that is not in the table,
 * and with that took it from all others.  Says whether any of them was thought to have it.
 */
bool wgm_hop_note_taken(struct wgm_table *table, const struct wgm_prefix *prefix,
			const struct wgm_hop *to);

/* Queues the peers that have something to tell WireGuard about @prefix. */
void wgm_hop_kick(struct wgm_table *table, struct wgm_prefix *prefix);

int wgm_hop_init(void);
void wgm_hop_fini(void);

#endif /* _WGM_NEXTHOP_H */
