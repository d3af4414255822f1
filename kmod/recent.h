/* SPDX-License-Identifier: GPL-2.0 */
/* Which prefix the last packets to an address matched: a packet goes mostly where one
 * went just now, and in a large table a longest match is twenty nodes far apart.
 *
 * Each processor has a small table of its own.  An entry is good only for the version of
 * the mesh table that it was found in, which changes before a node is freed and after a
 * batch is in: so what is found is never freed, and is as new as the last batch.
 */
#ifndef _WGM_RECENT_H
#define _WGM_RECENT_H

#include <linux/types.h>

struct wgm_hop;
struct wgm_recent;
struct wgm_table;

/* -ENOMEM; all zero is an empty one. */
int wgm_recent_init(struct wgm_recent __percpu **ret);
void wgm_recent_fini(struct wgm_recent __percpu *recent);	/* takes NULL */

/* The chosen hop of the longest prefix that holds @addr; may be NULL.  RCU, and bottom
 * halves off.
 */
struct wgm_hop *wgm_recent_hop(struct wgm_table *table, u8 bits, const u8 *addr);

/* What was found before counts no more.  The table's lock. */
void wgm_recent_forget(struct wgm_table *table);

#endif /* _WGM_RECENT_H */
