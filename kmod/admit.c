// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "admit.h"
#include "doorman.h"
#include "egress.h"
#include "events.h"
#include "mesh.h"
#include "noise.h"
#include "peer.h"
#include "recall.h"
#include "sources.h"
#include "sync.h"
#include "tai64n.h"
#include "visitor.h"

#define BATCH		32		/* openings in a row */
#define CROSSING	NSEC_PER_SEC
#define DEFERRED_PAUSE	(HZ / 20 ?: 1)
#define IDLE_PAUSE	(HZ / 2)	/* until somebody is found to be late */
#define SOURCES_AGE	(10 * HZ)

enum verdict {
	DROP,
	LET_IN,
	SEAT,		/* the peer is not active yet */
};

static enum verdict drop(struct wgm_mesh *mesh, const struct wgm_visitor *visitor,
			 enum wgm_verdict why)
{
	wgm_doorman_note(&mesh->doorman, visitor->key, why);
	return DROP;
}

/* ---- who is it? ---- */

static bool is_in_table(struct wgm_table *table, const u8 *key)
{
	const struct wgm_peer *peer;
	bool found;

	wgm_table_lock(table);
	peer = wgm_peer_find(table, key);
	found = peer && (!(peer->marks & WGM_PEER_GONE) || peer->marks & WGM_PEER_IN_WG);
	wgm_table_unlock(table);
	return found;
}

/* The first step says who the sender claims to be, and only for somebody in the table is
 * the second one worth its price.  WGM_VERDICT_HELD: it is still to be judged.
 */
static enum wgm_verdict open_with(struct wgm_mesh *mesh, struct wgm_noise_device *keys,
				  struct wgm_visitor *visitor, u8 *ret_timestamp)
{
	struct wgm_noise_opening opening;

	if (wgm_noise_open_static(keys, &visitor->msg, &opening))
		return WGM_VERDICT_UNKNOWN;
	if (!is_in_table(&mesh->table, opening.initiator)) {
		wgm_noise_opening_wipe(&opening);
		/* Somebody may have given it to WireGuard past the table. */
		if (!wgm_doorman_is_pressed(&mesh->doorman))
			wgm_sync_refresh(mesh);
		return WGM_VERDICT_UNKNOWN;
	}
	memcpy(visitor->key, opening.initiator, WGMESH_KEY_LEN);
	if (wgm_noise_open_timestamp(keys, &visitor->msg, &opening, ret_timestamp))
		return WGM_VERDICT_FORGED;
	return WGM_VERDICT_HELD;
}

static enum wgm_verdict open_visitor(struct wgm_mesh *mesh, struct wgm_visitor *visitor,
				     u8 *ret_timestamp)
{
	struct wgm_doorman *doorman = &mesh->doorman;
	struct wgm_noise_device *keys;
	enum wgm_verdict refused;

	mutex_lock(&doorman->keys_lock);
	keys = rcu_dereference_protected(doorman->keys, lockdep_is_held(&doorman->keys_lock));
	refused = keys ? open_with(mesh, keys, visitor, ret_timestamp) : WGM_VERDICT_UNKNOWN;
	mutex_unlock(&doorman->keys_lock);
	return refused;
}

/* ---- may it come in? ---- */

void wgm_admit_note_call(struct wgm_mesh *mesh, struct wgm_peer *peer)
{
	lockdep_assert_held(&mesh->table.lock);
	/* Without an endpoint WireGuard has nowhere to send it. */
	if (!wgm_peer_endpoint(peer)->family || wgm_peer_extend(&mesh->table, peer))
		return;
	peer->extra->called_at = ktime_get_boottime_ns();
}

/* Two initiations that cross put both sides into the role of the one who answers, and both
 * wait for 5 s.  So the one with the smaller key insists on its own.
 */
static bool is_crossing(const struct wgm_table *table, const struct wgm_peer *peer)
{
	return peer->extra && peer->extra->called_at &&
	       ktime_get_boottime_ns() - peer->extra->called_at < CROSSING &&
	       table->own_key_known && memcmp(table->own_key, peer->key, WGMESH_KEY_LEN) < 0;
}

/* A peer that is not in WireGuard is told to it with the address from which it speaks. */
static enum verdict seat(struct wgm_peer *peer, const struct wgm_visitor *visitor)
{
	if (!(peer->marks & WGM_PEER_IN_WG))
		peer->extra->seen = visitor->from;
	return SEAT;
}

/* The timestamp is proven.  Nobody evicts a peer that was used. */
static enum verdict judge_peer(struct wgm_mesh *mesh, struct wgm_peer *peer,
			       const struct wgm_visitor *visitor, const u8 *timestamp)
{
	if (is_crossing(&mesh->table, peer))
		return drop(mesh, visitor, WGM_VERDICT_CROSSED);
	if (wgm_peer_extend(&mesh->table, peer))
		return drop(mesh, visitor, WGM_VERDICT_OVERFLOW);
	if (!wgm_tai64n_raise(peer->extra->floor, timestamp))
		return drop(mesh, visitor, WGM_VERDICT_REPLAYED);
	atomic64_inc(&mesh->doorman.stats.floors);
	WRITE_ONCE(peer->used, 1);
	return peer->state == WGMESH_PEER_STATE_ACTIVE ? LET_IN : seat(peer, visitor);
}

static enum verdict judge(struct wgm_mesh *mesh, struct wgm_visitor *visitor)
{
	struct wgm_table *table = &mesh->table;
	u8 timestamp[WGM_TIMESTAMP_LEN];
	enum wgm_verdict refused;
	enum verdict verdict;
	struct wgm_peer *peer;

	refused = open_visitor(mesh, visitor, timestamp);
	if (refused != WGM_VERDICT_HELD)
		return drop(mesh, visitor, refused);
	wgm_table_lock(table);
	peer = wgm_peer_find(table, visitor->key);
	if (!peer)
		verdict = drop(mesh, visitor, WGM_VERDICT_ENDED);
	else if (peer->marks & WGM_PEER_GONE)
		verdict = LET_IN;	/* not ours, or about to leave: WireGuard knows */
	else
		verdict = judge_peer(mesh, peer, visitor, timestamp);
	wgm_table_unlock(table);
	return verdict;
}

/* ---- until the peer is active ---- */

/* As a packet to the peer would. */
static bool activate(struct wgm_mesh *mesh, struct wgm_peer *peer)
{
	if (!wgm_egress_allows(mesh, peer))
		return false;
	wgm_egress_activate(mesh, peer);
	wgm_mesh_queue(mesh, &mesh->sync.work, 0);
	return true;
}

static enum verdict look_again(struct wgm_mesh *mesh, const struct wgm_visitor *visitor,
			       bool *ret_deferred)
{
	struct wgm_peer *peer = wgm_peer_lookup(&mesh->table, visitor->key);

	if (!peer)
		return drop(mesh, visitor, WGM_VERDICT_ENDED);
	switch (peer->state) {
	case WGMESH_PEER_STATE_ACTIVE:
		/* Packets that waited may have had us send an initiation just now. */
		return is_crossing(&mesh->table, peer) ?
		       drop(mesh, visitor, WGM_VERDICT_CROSSED) : LET_IN;
	case WGMESH_PEER_STATE_DORMANT:
		if (!activate(mesh, peer))
			*ret_deferred = true;
		break;
	}
	return SEAT;
}

static bool is_late(const struct wgm_visitor *visitor)
{
	return time_after_eq(jiffies, visitor->since + WGM_VISIT_TIMEOUT);
}

static void follow(struct wgm_doorman *doorman, struct wgm_visitor *visitor, enum verdict verdict)
{
	switch (verdict) {
	case DROP:
		wgm_visitor_drop(visitor);
		break;
	case LET_IN:
		wgm_doorman_let_in(doorman, visitor);
		break;
	case SEAT:
		wgm_doorman_seat(doorman, visitor);
		break;
	}
}

/* Whether some have to wait for the rate of activations, or for room below active-max. */
static bool attend_opened(struct wgm_mesh *mesh)
{
	struct wgm_doorman *doorman = &mesh->doorman;
	struct wgm_table *table = &mesh->table;
	struct wgm_visitor *visitor, *next;
	bool deferred = false;
	enum verdict verdict;
	LIST_HEAD(visitors);

	wgm_doorman_unseat(doorman, &visitors);
	list_for_each_entry_safe(visitor, next, &visitors, list) {
		list_del(&visitor->list);
		wgm_table_lock(table);
		verdict = is_late(visitor) ? drop(mesh, visitor, WGM_VERDICT_TIMEOUT) :
			  look_again(mesh, visitor, &deferred);
		wgm_table_unlock(table);
		if (verdict == SEAT)
			wgm_doorman_reseat(doorman, visitor);
		else
			follow(doorman, visitor, verdict);
		cond_resched();
	}
	return deferred;
}

/* Whether there may be more. */
static bool attend_new(struct wgm_mesh *mesh)
{
	struct wgm_doorman *doorman = &mesh->doorman;
	struct wgm_visitor *visitor;
	int i;

	for (i = 0; i < BATCH && (visitor = wgm_doorman_next(doorman)); i++) {
		follow(doorman, visitor, is_late(visitor) ?
		       drop(mesh, visitor, WGM_VERDICT_TIMEOUT) : judge(mesh, visitor));
		cond_resched();
	}
	return i == BATCH;
}

/* In a flood the addresses of peers are read from the table, and again as long as it lasts. */
static void attend_pressed(struct wgm_mesh *mesh)
{
	struct wgm_doorman *doorman = &mesh->doorman;
	struct wgm_sources *sources = rcu_dereference_protected(doorman->sources, true);

	if (!xchg(&doorman->pressed, false) ||
	    (sources && time_before(jiffies, doorman->sources_at + SOURCES_AGE)))
		return;
	wgm_table_lock(&mesh->table);
	sources = wgm_sources_new(&mesh->table);
	wgm_table_unlock(&mesh->table);
	doorman->sources_at = jiffies;
	wgm_sources_free(rcu_replace_pointer(doorman->sources, sources, true));
}

/* Jiffies until the next look at handshakes may be taken; 0 when none is wanted. */
static unsigned long attend_hint(struct wgm_mesh *mesh)
{
	struct wgm_doorman *doorman = &mesh->doorman;
	unsigned long left = 0;

	if (!READ_ONCE(doorman->hinted))
		return 0;
	if (wgm_event_peers_wanted(mesh))
		left = wgm_sync_refresh(mesh);
	if (!left)
		WRITE_ONCE(doorman->hinted, false);
	return left;
}

void wgm_admit(struct work_struct *work)
{
	struct wgm_mesh *mesh = container_of(to_delayed_work(work), struct wgm_mesh, doorman.work);
	unsigned long left;
	bool more, deferred;

	attend_pressed(mesh);
	wgm_recall_attend(mesh);
	left = attend_hint(mesh);
	more = attend_new(mesh);
	deferred = attend_opened(mesh);
	if (deferred)
		wgm_sync_refresh(mesh);	/* which looks for peers to evict */
	if (more)
		wgm_doorman_call(mesh, 0);
	else if (wgm_doorman_waits(&mesh->doorman))
		wgm_doorman_call(mesh, deferred ? DEFERRED_PAUSE : IDLE_PAUSE);
	else if (left)
		wgm_doorman_call(mesh, left);
}
