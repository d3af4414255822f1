// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/random.h>

#include "egress.h"
#include "mesh.h"
#include "recall.h"

#define SESSION_LIFE	180	/* s; WireGuard's REJECT_AFTER_TIME */

void wgm_recall_init(struct wgm_recall *recall)
{
	get_random_bytes(&recall->secret, sizeof(recall->secret));
	spin_lock_init(&recall->lock);
}

static struct wgm_recall_slot *slot_of(struct wgm_recall *recall, const struct wgm_endpoint *at)
{
	u32 hash = at->family == AF_INET ?
		   hsiphash_2u32((__force u32)at->v4, (__force u32)at->port, &recall->secret) :
		   hsiphash(&at->v6, sizeof(at->v6), &recall->secret);

	return &recall->slots[hash % WGM_RECALL_SLOTS];
}

static void clear(struct wgm_recall *recall, struct wgm_recall_slot *slot)
{
	lockdep_assert_held(&recall->lock);
	if (!slot->endpoint.family)
		return;
	slot->endpoint.family = 0;
	WRITE_ONCE(recall->n, recall->n - 1);
}

static bool session_may_live(const struct wgm_peer *peer)
{
	u64 last = peer->extra ? peer->extra->last_handshake : 0;

	return last && ktime_get_real_ns() < last + SESSION_LIFE * NSEC_PER_SEC;
}

void wgm_recall_note_evicted(struct wgm_recall *recall, const struct wgm_peer *peer)
{
	const struct wgm_endpoint *at = wgm_peer_endpoint(peer);
	struct wgm_recall_slot *slot;

	if (!session_may_live(peer) || !at->family)
		return;
	spin_lock_bh(&recall->lock);
	slot = slot_of(recall, at);
	clear(recall, slot);
	slot->endpoint = *at;
	slot->until = jiffies + SESSION_LIFE * HZ;
	slot->due = false;
	memcpy(slot->key, peer->key, WGMESH_KEY_LEN);
	WRITE_ONCE(recall->n, recall->n + 1);
	spin_unlock_bh(&recall->lock);
}

bool wgm_recall_note_data(struct wgm_recall *recall, const struct wgm_endpoint *from)
{
	struct wgm_recall_slot *slot = slot_of(recall, from);
	bool wanted;

	spin_lock_bh(&recall->lock);
	wanted = !slot->due && slot->endpoint.family && wgm_endpoint_equal(&slot->endpoint, from);
	slot->due |= wanted;
	spin_unlock_bh(&recall->lock);
	return wanted;
}

/* Whether @ret_key is to be called. */
static bool take(struct wgm_recall *recall, struct wgm_recall_slot *slot, u8 *ret_key)
{
	bool due;

	spin_lock_bh(&recall->lock);
	due = slot->endpoint.family && slot->due;
	if (due)
		memcpy(ret_key, slot->key, WGMESH_KEY_LEN);
	if (due || time_after(jiffies, slot->until))
		clear(recall, slot);
	spin_unlock_bh(&recall->lock);
	return due;
}

static void call(struct wgm_mesh *mesh, const u8 *key)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_peer *peer;

	wgm_table_lock(table);
	peer = wgm_peer_lookup(table, key);
	if (peer && peer->state == WGMESH_PEER_STATE_DORMANT && wgm_egress_allows(mesh, peer)) {
		peer->marks |= WGM_PEER_CALL;
		wgm_egress_activate(mesh, peer);
		atomic64_inc(&mesh->doorman.stats.recalled);
		wgm_mesh_queue(mesh, &mesh->sync.work, 0);
	}
	wgm_table_unlock(table);
}

void wgm_recall_attend(struct wgm_mesh *mesh)
{
	struct wgm_recall *recall = &mesh->doorman.recall;
	u8 key[WGMESH_KEY_LEN];
	int i;

	if (wgm_recall_is_empty(recall))
		return;
	for (i = 0; i < WGM_RECALL_SLOTS; i++)
		if (take(recall, &recall->slots[i], key))
			call(mesh, key);
}
