/* SPDX-License-Identifier: GPL-2.0 */
/* Prefixes in a path-compressed binary trie for each address family.
 *
 * A node without hops only joins its two children.  Changes are made under the
 * table's lock, each visible at once or not at all; lookups use RCU.
 */
#ifndef _WGM_PREFIX_H
#define _WGM_PREFIX_H

#include <linux/rcupdate.h>
#include <linux/types.h>

struct wgm_hop;
struct wgm_table;

/* Two links to children follow the address, but for a host prefix: half of all nodes in a
 * table of many peers.
 */
struct wgm_prefix {
	struct wgm_hop __rcu *hops;	/* see nexthop.h */
	u8 len;				/* 0 to bits */
	u8 bits;			/* 32 or 128 */
	u8 parked;			/* enum wgm_parked; such a node stays without hops, too */
	u8 addr[];			/* bits / 8 bytes; bits after len are zero */
};

/* The prefix itself, with @bits 32 or 128; may be NULL. Under RCU or the lock. */
struct wgm_prefix *wgm_prefix_find(const struct wgm_table *table, u8 bits, const u8 *addr, u8 len);

/* The longest prefix with a visible hop that holds @addr; may be NULL.  RCU. */
struct wgm_prefix *wgm_prefix_match(const struct wgm_table *table, u8 bits, const u8 *addr);

/* Finds the prefix or adds it, without hops yet: the caller gives it one or
 * calls wgm_prefix_prune().  NULL without memory.
 */
struct wgm_prefix *wgm_prefix_add(struct wgm_table *table, u8 bits, const u8 *addr, u8 len);

/* Takes the node out of the trie when it has no hops and joins nothing. */
void wgm_prefix_prune(struct wgm_table *table, struct wgm_prefix *prefix);

/* The node that follows addr/len in the order of a dump (by address, shorter
 * first), which need not be in the trie itself; with @addr NULL the first.
 * Includes nodes without hops.
 */
struct wgm_prefix *wgm_prefix_next(const struct wgm_table *table, u8 bits, const u8 *addr, u8 len);

/* The node below @at (NULL: above all) on the way to @prefix; NULL at its end.  The lock. */
struct wgm_prefix *wgm_prefix_down(struct wgm_table *table, const struct wgm_prefix *at,
				   const struct wgm_prefix *prefix);

/* Whether @addr lies within the prefix. */
bool wgm_prefix_holds(const struct wgm_prefix *prefix, const u8 *addr);

/* Whether the bits of @addr after @len are all zero. */
bool wgm_prefix_is_canonical(const u8 *addr, u8 bits, u8 len);

/* Frees all nodes; nobody may look any more. */
void wgm_prefix_free_all(struct wgm_table *table);

int wgm_prefix_init(void);
void wgm_prefix_fini(void);

#endif /* _WGM_PREFIX_H */
