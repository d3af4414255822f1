// SPDX-License-Identifier: GPL-2.0
/* A batch is applied in two steps, both under the table's lock.
 *
 * Preparing makes everything that the batch needs, hidden from readers: new
 * peers (GONE), new hops (NEW); and marks what will go: peers (LEAVING) and hops
 * (LEAVING).  What is neither gone nor leaving is then the table as it would be,
 * and is checked as such.  A failure anywhere is undone from the marks.
 *
 * Committing turns the marks into facts.  It allocates nothing.
 */
#include <linux/err.h>
#include <linux/netlink.h>
#include <linux/sched.h>

#include "apply.h"
#include "batch.h"
#include "nexthop.h"
#include "peer.h"
#include "prefix.h"
#include "table.h"

struct apply {
	struct wgm_table *table;
	struct wgm_batch *batch;
	struct netlink_ext_ack *extack;
	struct wgm_apply_result result;
	u32 n_created;
	u32 n_leaving;
	bool absent_marked;
};

static int refuse(struct apply *a, const struct wgm_change *change, const struct nlattr *attr,
		  int err, const char *why)
{
	NL_SET_ERR_MSG_FMT(a->extack, "peer %u of the batch: %s", change->nr, why);
	if (attr)
		NL_SET_BAD_ATTR(a->extack, attr);
	return err;
}

int wgm_apply_check_generation(const struct wgm_table *table, const struct wgm_batch *batch,
			       struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&table->lock);
	if (!batch->expects || batch->expected == table->generation)
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "the table has generation %llu", table->generation);
	nl_set_extack_cookie_u64(extack, table->generation);
	return -ESTALE;
}

/* ---- preparing ---- */

static void mark_hops_leaving(struct wgm_peer *peer)
{
	struct wgm_hop *hop;

	for (hop = peer->hops; hop; hop = hop->peer_next)
		if (!(hop->flags & WGM_HOP_GONE))
			hop->flags |= WGM_HOP_LEAVING;
}

/* The hop of @peer that lookups see, leaving or not; may be NULL.  ERR_PTR when the
 * batch has named the pair of peer and prefix before.
 */
static struct wgm_hop *present_hop(struct apply *a, const struct wgm_prefix *prefix,
				   const struct wgm_peer *peer)
{
	struct wgm_hop *hop, *found = NULL;

	wgm_for_each_hop(a->table, hop, prefix) {
		if (hop->peer != peer)
			continue;
		if (hop->flags & WGM_HOP_NAMED)
			return ERR_PTR(-EEXIST);
		if (!(hop->flags & WGM_HOP_GONE))
			found = hop;
	}
	return found;
}

static int prepare_prefix_removal(struct apply *a, struct wgm_change *change,
				  const struct wgm_prefix_change *pc)
{
	struct wgm_prefix *prefix = wgm_prefix_find(a->table, pc->bits, pc->addr, pc->len);
	struct wgm_hop *hop = prefix ? present_hop(a, prefix, change->peer) : NULL;

	if (IS_ERR(hop))
		return refuse(a, change, pc->attr, -EINVAL, "prefix is named twice");
	if (!hop)
		return refuse(a, change, pc->attr, -ENOENT, "peer does not have this prefix");
	hop->flags |= WGM_HOP_LEAVING | WGM_HOP_NAMED;
	return 0;
}

/* A hop stays as it is, or a new one takes its place when the metric changes. */
static int prepare_prefix(struct apply *a, struct wgm_change *change,
			  const struct wgm_prefix_change *pc)
{
	struct wgm_prefix *prefix;
	struct wgm_hop *hop;

	if (pc->remove)
		return prepare_prefix_removal(a, change, pc);
	prefix = wgm_prefix_add(a->table, pc->bits, pc->addr, pc->len);
	if (!prefix)
		return -ENOMEM;
	hop = present_hop(a, prefix, change->peer);
	if (IS_ERR(hop))
		return refuse(a, change, pc->attr, -EINVAL, "prefix is named twice");
	if (hop && hop->metric == pc->metric) {
		hop->flags &= ~WGM_HOP_LEAVING;
		hop->flags |= WGM_HOP_NAMED;
		return 0;
	}
	if (hop)
		hop->flags |= WGM_HOP_LEAVING;
	if (wgm_hop_new(a->table, change->peer, prefix, pc->metric, WGM_HOP_NEW | WGM_HOP_NAMED))
		return 0;
	wgm_prefix_prune(a->table, prefix);
	return -ENOMEM;
}

/* Finds or makes the peer of a change, and marks it touched. */
static int prepare_peer(struct apply *a, struct wgm_change *change)
{
	struct wgm_peer *peer = wgm_peer_find(a->table, change->key);

	if (peer && peer->marks & WGM_PEER_TOUCHED)
		return refuse(a, change, change->attr, -EINVAL, "peer is named twice");
	change->fresh = !peer || peer->marks & WGM_PEER_GONE;
	if (change->fresh &&
	    change->flags & (WGMESH_PEER_FLAGS_REMOVE | WGMESH_PEER_FLAGS_UPDATE_ONLY))
		return refuse(a, change, change->attr, -ENOENT, "no such peer");
	if (!change->fresh && change->flags & WGMESH_PEER_FLAGS_CREATE_ONLY)
		return refuse(a, change, change->attr, -EEXIST, "peer exists");
	/* It can be removed: perhaps it was added before the device had this key. */
	if (wgm_table_is_own_key(a->table, change->key) &&
	    !(change->flags & WGMESH_PEER_FLAGS_REMOVE))
		return refuse(a, change, change->attr, -EINVAL, "this is the device's own public key");
	if (!peer) {
		peer = wgm_peer_new(a->table, change->key);
		if (IS_ERR(peer))
			return PTR_ERR(peer);
		change->created = true;
	}
	peer->marks |= WGM_PEER_TOUCHED;
	change->peer = peer;
	a->n_created += change->fresh;
	return 0;
}

static bool needs_extra(const struct wgm_change *change)
{
	return change->has & WGM_HAS_FLOOR ||
	       (change->has & WGM_HAS_PSK && memchr_inv(change->psk, 0, sizeof(change->psk)));
}

static int prepare_prefixes(struct apply *a, struct wgm_change *change)
{
	int err = 0, i;

	for (i = 0; i < change->n_prefixes && !err; i++)
		err = prepare_prefix(a, change, &change->prefixes[i]);
	return err;
}

static int prepare_change(struct apply *a, struct wgm_change *change)
{
	struct wgm_peer *peer;
	int err;

	err = prepare_peer(a, change);
	if (err)
		return err;
	peer = change->peer;
	if (change->flags & WGMESH_PEER_FLAGS_REMOVE) {
		peer->marks |= WGM_PEER_LEAVING;
		a->n_leaving++;
		mark_hops_leaving(peer);
		return 0;
	}
	if (a->batch->replace || change->flags & WGMESH_PEER_FLAGS_REPLACE_PREFIXES)
		mark_hops_leaving(peer);
	if (needs_extra(change)) {
		err = wgm_peer_extend(a->table, peer);
		if (err)
			return err;
	}
	return prepare_prefixes(a, change);
}

/* The peer's first part has made or found it, and speaks for all in what follows. */
static int prepare_part(struct apply *a, struct wgm_change *change, struct wgm_peer *peer)
{
	change->peer = peer;
	return prepare_prefixes(a, change);
}

/* What a whole new table does not name leaves. */
static void mark_absent(struct apply *a)
{
	struct wgm_peer *peer;
	unsigned long id;

	a->absent_marked = true;
	for (id = 0; (peer = wgm_peer_next(a->table, &id)); id++) {
		cond_resched();
		if (peer->marks & (WGM_PEER_TOUCHED | WGM_PEER_GONE))
			continue;
		peer->marks |= WGM_PEER_LEAVING;
		a->n_leaving++;
		mark_hops_leaving(peer);
	}
}

static int check_hop(struct apply *a, const struct wgm_change *change, const struct wgm_hop *hop)
{
	const struct wgm_hop *other;
	int n = 0;

	wgm_for_each_hop(a->table, other, hop->prefix) {
		if (!wgm_hop_staying(other))
			continue;
		n++;
		if (other != hop && other->metric == hop->metric)
			return refuse(a, change, change->attr, -EEXIST,
				      "another peer has a prefix with that metric");
	}
	if (n > WGMESH_HOPS_MAX)
		return refuse(a, change, change->attr, -ENOSPC, "a prefix has too many next hops");
	return 0;
}

static int check_change(struct apply *a, const struct wgm_change *change)
{
	const struct wgm_hop *hop;
	int n = 0, err = 0;

	for (hop = change->peer->hops; hop; hop = hop->peer_next)
		n += wgm_hop_staying(hop);
	if (n > WGMESH_PREFIXES_MAX)
		return refuse(a, change, change->attr, -E2BIG, "too many prefixes for one peer");
	for (hop = change->peer->hops; hop && !err; hop = hop->peer_next)
		if (hop->flags & WGM_HOP_NEW)
			err = check_hop(a, change, hop);
	return err;
}

static int check_limits(struct apply *a)
{
	const struct wgm_table *table = a->table;

	if (table->n_peers + a->n_created - a->n_leaving <= table->peers_max || !a->n_created)
		return 0;
	NL_SET_ERR_MSG_FMT(a->extack, "the table may hold %u peers, not %u", table->peers_max,
			   table->n_peers + a->n_created - a->n_leaving);
	return -ENOSPC;
}

static int prepare(struct apply *a)
{
	struct wgm_change *change, *prev = NULL;
	int err;

	err = wgm_apply_check_generation(a->table, a->batch, a->extack);
	for (change = a->batch->head; change && !err; change = change->next) {
		err = change->part ? prepare_part(a, change, prev->peer) :
				     prepare_change(a, change);
		prev = change;
		cond_resched();
	}
	if (!err && a->batch->replace)
		mark_absent(a);
	for (change = a->batch->head; change && !err; change = change->next) {
		if (!change->part)
			err = check_change(a, change);
		cond_resched();
	}
	return err ? err : check_limits(a);
}

/* ---- undoing ---- */

static void undo_hops(struct apply *a, struct wgm_peer *peer)
{
	struct wgm_hop **link = &peer->hops, *hop;

	while ((hop = *link)) {
		if (hop->flags & WGM_HOP_NEW) {
			*link = hop->peer_next;
			wgm_hop_free(a->table, hop);
			continue;
		}
		hop->flags &= ~(WGM_HOP_LEAVING | WGM_HOP_NAMED);
		link = &hop->peer_next;
	}
}

static void undo_peer(struct apply *a, struct wgm_peer *peer)
{
	peer->marks &= ~(WGM_PEER_TOUCHED | WGM_PEER_LEAVING);
	undo_hops(a, peer);
}

static void undo(struct apply *a)
{
	struct wgm_change *change;
	struct wgm_peer *peer;
	unsigned long id;

	for (change = a->batch->head; change && change->peer; change = change->next) {
		if (change->part)
			continue;
		undo_peer(a, change->peer);
		if (change->created)
			wgm_peer_free(a->table, change->peer);
		cond_resched();
	}
	for (id = 0; a->absent_marked && (peer = wgm_peer_next(a->table, &id)); id++) {
		undo_peer(a, peer);
		cond_resched();
	}
}

/* ---- committing ---- */

/* From now on readers see the hop.  What WireGuard has of the peer's older hop
 * of the same prefix is now said of this one.
 */
static void show_hop(struct wgm_table *table, struct wgm_hop *hop)
{
	struct wgm_hop *other;
	u8 flags = hop->flags & ~(WGM_HOP_NEW | WGM_HOP_NAMED);

	table->n_prefixes += !wgm_hop_any_visible(table, hop->prefix, hop);
	hop->peer->n_hops++;
	wgm_for_each_hop(table, other, hop->prefix) {
		if (other == hop || other->peer != hop->peer)
			continue;
		flags |= other->flags & WGM_HOP_WG_MASK;
		other->flags &= ~WGM_HOP_WG_MASK;
	}
	WRITE_ONCE(hop->flags, flags);
}

static void hide_hop(struct wgm_table *table, struct wgm_hop *hop)
{
	WRITE_ONCE(hop->flags, (hop->flags & WGM_HOP_WG_MASK) | WGM_HOP_GONE);
	table->n_prefixes -= !wgm_hop_any_visible(table, hop->prefix, hop);
	hop->peer->n_hops--;
}

/* New hops are shown before old ones are hidden: a lookup finds one of them. */
static bool commit_hops(struct wgm_table *table, struct wgm_peer *peer)
{
	struct wgm_hop *hop;
	bool changed = false;

	for (hop = peer->hops; hop; hop = hop->peer_next) {
		if (hop->flags & WGM_HOP_NEW) {
			show_hop(table, hop);
			wgm_hop_kick(table, hop->prefix);
			changed = true;
		}
	}
	for (hop = peer->hops; hop; hop = hop->peer_next) {
		if (hop->flags & WGM_HOP_LEAVING) {
			hide_hop(table, hop);
			wgm_hop_kick(table, hop->prefix);
			changed = true;
		}
		hop->flags &= ~WGM_HOP_NAMED;
	}
	if (changed)
		wgm_peer_sweep(table, peer);
	return changed;
}

static void commit_removal(struct apply *a, struct wgm_peer *peer)
{
	struct wgm_table *table = a->table;

	peer->marks &= ~(WGM_PEER_TOUCHED | WGM_PEER_LEAVING);
	peer->marks |= WGM_PEER_GONE;
	peer->generation = table->generation;
	WRITE_ONCE(table->removal_generation, table->generation);
	table->n_peers--;
	a->result.removed++;
	commit_hops(table, peer);
	if (peer->marks & WGM_PEER_IN_WG)
		wgm_peer_queue(table, peer);
	else if (!(peer->marks & WGM_PEER_QUEUED))
		wgm_peer_free(table, peer);
}

static void commit_absent(struct apply *a)
{
	struct wgm_peer *peer;
	unsigned long id;

	a->table->authoritative = true;
	for (id = 0; (peer = wgm_peer_next(a->table, &id)); id++) {
		cond_resched();
		if (peer->marks & WGM_PEER_TOUCHED) {
			continue;
		} else if (peer->marks & WGM_PEER_LEAVING) {
			commit_removal(a, peer);
		} else if (peer->marks & WGM_PEER_FOREIGN) {
			peer->marks &= ~WGM_PEER_FOREIGN;
			wgm_peer_queue(a->table, peer);
		}
	}
}

static bool commit_psk(struct wgm_peer *peer, const u8 *psk)
{
	if (!memcmp(wgm_peer_psk(peer), psk, WGMESH_KEY_LEN))
		return false;
	memcpy(peer->extra->psk, psk, WGMESH_KEY_LEN);
	peer->dirty |= WGM_DIRTY_PSK;
	return true;
}

/* Newer floors only: an old one would let replayed initiations in. */
static bool commit_floor(struct wgm_peer *peer, const u8 *floor)
{
	if (memcmp(floor, peer->extra->floor, WGMESH_FLOOR_LEN) <= 0)
		return false;
	memcpy(peer->extra->floor, floor, WGMESH_FLOOR_LEN);
	return true;
}

/* Says whether anything changed.  What a batch does not tell is reset for a peer
 * that is new and in a whole new table (@reset), and kept otherwise.
 */
static bool commit_values(struct wgm_peer *peer, const struct wgm_change *change, bool reset)
{
	bool changed = false;

	if ((reset || change->has & WGM_HAS_FLAGS) &&
	    peer->flags != (change->flags & WGM_PEER_STORED_FLAGS)) {
		peer->flags = change->flags & WGM_PEER_STORED_FLAGS;
		changed = true;
	}
	if ((reset || change->has & WGM_HAS_KEEPALIVE) && peer->keepalive != change->keepalive) {
		peer->keepalive = change->keepalive;
		peer->dirty |= WGM_DIRTY_KEEPALIVE;
		changed = true;
	}
	if (change->has & WGM_HAS_ENDPOINT &&
	    !wgm_endpoint_equal(&peer->endpoint, &change->endpoint)) {
		peer->endpoint = change->endpoint;
		if (peer->extra)
			peer->extra->seen = (struct wgm_endpoint){ };
		peer->dirty |= WGM_DIRTY_ENDPOINT;
		changed = true;
	}
	if (reset || change->has & WGM_HAS_PSK)
		changed |= commit_psk(peer, change->psk);
	if (change->has & WGM_HAS_FLOOR)
		changed |= commit_floor(peer, change->floor);
	return changed;
}

/* A dormant peer stays so until somebody needs it; one that is being evicted leaves,
 * unless it is needed again.
 */
static void tell_wireguard(struct wgm_table *table, struct wgm_peer *peer, bool fresh)
{
	bool needed = wgm_peer_is_resident(table, peer);

	switch (peer->state) {
	case WGMESH_PEER_STATE_EVICTING:
		needed |= fresh;
		fallthrough;
	case WGMESH_PEER_STATE_DORMANT:
		if (!needed)
			return;
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVATING);
		break;
	case WGMESH_PEER_STATE_ACTIVE:
		if (peer->marks & WGM_PEER_RENEW)
			wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVATING);
		/* What WireGuard had at a peer that was not in the table may have to go. */
		else if (!peer->dirty && !fresh)
			return;
		break;
	}
	wgm_peer_queue(table, peer);
}

/* WireGuard has not been told yet that the peer was removed: nothing of what it was stays,
 * but for its floor.
 */
static void renew(struct wgm_peer *peer)
{
	struct wgm_peer_extra *extra = peer->extra;

	peer->marks |= WGM_PEER_RENEW;
	peer->endpoint = (struct wgm_endpoint){ };
	if (!extra)
		return;
	extra->seen = (struct wgm_endpoint){ };
	extra->rx_bytes = 0;
	extra->tx_bytes = 0;
	extra->past_rx_bytes = 0;
	extra->past_tx_bytes = 0;
	extra->last_handshake = 0;
	extra->quiet_since = 0;
}

static void commit_upsert(struct apply *a, struct wgm_change *change)
{
	struct wgm_table *table = a->table;
	struct wgm_peer *peer = change->peer;
	bool changed = change->fresh;

	if (change->fresh && (peer->marks & (WGM_PEER_IN_WG | WGM_PEER_FOREIGN)) == WGM_PEER_IN_WG)
		renew(peer);
	peer->marks &= ~(WGM_PEER_TOUCHED | WGM_PEER_GONE | WGM_PEER_FOREIGN);
	table->n_peers += change->fresh;
	changed |= commit_values(peer, change, change->fresh || a->batch->replace);
	changed |= commit_hops(table, peer);
	tell_wireguard(table, peer, change->fresh);
	if (changed) {
		peer->generation = table->generation;
		a->result.upserted++;
	}
}

static void commit(struct apply *a)
{
	struct wgm_change *change;

	a->result.generation = ++a->table->generation;
	if (a->batch->replace)
		commit_absent(a);
	for (change = a->batch->head; change; change = change->next) {
		if (change->part)
			continue;
		if (change->peer->marks & WGM_PEER_LEAVING)
			commit_removal(a, change->peer);
		else
			commit_upsert(a, change);
		cond_resched();
	}
	wgm_recent_forget(a->table);
}

int wgm_apply(struct wgm_table *table, struct wgm_batch *batch, struct wgm_apply_result *ret,
	      struct netlink_ext_ack *extack)
{
	struct apply a = { .table = table, .batch = batch, .extack = extack };
	int err;

	wgm_table_lock(table);
	err = prepare(&a);
	if (err)
		undo(&a);
	else
		commit(&a);
	wgm_table_unlock(table);
	if (!err)
		*ret = a.result;
	return err;
}
