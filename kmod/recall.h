/* SPDX-License-Identifier: GPL-2.0 */
/* Peers that were evicted though their sessions may be alive on the other side: what comes
 * from their addresses is lost until one of both shakes hands again.  The other side takes 15 s
 * to notice, so we do it: the first data packet has the peer activated and called.
 *
 * Few are remembered, for as long as sessions live: who was idle for longer than that before
 * it was evicted, as it should be, is none of them.
 */
#ifndef _WGM_RECALL_H
#define _WGM_RECALL_H

#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "peer.h"

struct wgm_mesh;

#define WGM_RECALL_SLOTS	64

struct wgm_recall {
	hsiphash_key_t secret;
	u32 n;				/* slots in use; READ_ONCE in the hook */
	spinlock_t lock;		/* all below, and n; also from softirq */
	struct wgm_recall_slot {
		struct wgm_endpoint endpoint;
		unsigned long until;	/* jiffies; of no meaning when the family is 0 */
		bool due;		/* data came */
		u8 key[WGMESH_KEY_LEN];
	} slots[WGM_RECALL_SLOTS];	/* by the endpoint's hash: a new one takes its place */
};

void wgm_recall_init(struct wgm_recall *recall);

/* The peer has just been evicted.  Table's lock held. */
void wgm_recall_note_evicted(struct wgm_recall *recall, const struct wgm_peer *peer);

/* Data came from there: whether the doorman's worker is wanted.  Softirq. */
bool wgm_recall_note_data(struct wgm_recall *recall, const struct wgm_endpoint *from);

static inline bool wgm_recall_is_empty(const struct wgm_recall *recall)
{
	return !READ_ONCE(recall->n);
}

/* Activates those from whom data came, and has WireGuard call them; forgets those whose
 * sessions are dead.  The doorman's worker.
 */
void wgm_recall_attend(struct wgm_mesh *mesh);

#endif /* _WGM_RECALL_H */
