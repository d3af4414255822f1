// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/sched.h>

#include "events.h"
#include "evict.h"
#include "hold.h"
#include "identity.h"
#include "mesh.h"
#include "peer.h"
#include "trace.h"

#define PATROL_MIN	(HZ / 4)
#define PATROL_MAX	(45 * HZ)

struct victims {
	unsigned int n;
	struct wgm_peer *peers[WGM_ROUND_REMOVALS];	/* the longest idle first */
};

bool wgm_evict_is_idle(struct wgm_mesh *mesh, const struct wgm_peer *peer)
{
	u64 timeout = (u64)READ_ONCE(mesh->idle_timeout) * NSEC_PER_MSEC;

	lockdep_assert_held(&mesh->table.lock);
	return peer->extra && peer->extra->quiet_since && !READ_ONCE(peer->used) &&
	       mesh->sync.surveyed_at > peer->extra->quiet_since + timeout;
}

static bool may_go(struct wgm_mesh *mesh, const struct wgm_peer *peer)
{
	return peer->state == WGMESH_PEER_STATE_ACTIVE &&
	       !(peer->marks & (WGM_PEER_GONE | WGM_PEER_QUEUED)) &&
	       !wgm_peer_is_resident(&mesh->table, peer);
}

/* Somebody wants it gone, but it is on its way into WireGuard, or a change of it is. */
static bool comes_later(struct wgm_mesh *mesh, struct wgm_peer *peer)
{
	if (peer->state == WGMESH_PEER_STATE_DORMANT || wgm_peer_is_resident(&mesh->table, peer))
		peer->marks &= ~WGM_PEER_EVICT;
	return (peer->marks & (WGM_PEER_EVICT | WGM_PEER_GONE)) == WGM_PEER_EVICT;
}

/* Those that somebody wants gone come first. */
static u64 rank(const struct wgm_peer *peer)
{
	return peer->marks & WGM_PEER_EVICT ? 0 : peer->extra->quiet_since;
}

static void insert(struct victims *victims, struct wgm_peer *peer)
{
	unsigned int i;

	if (victims->n == ARRAY_SIZE(victims->peers)) {
		if (rank(victims->peers[victims->n - 1]) <= rank(peer))
			return;
		victims->n--;
	}
	for (i = victims->n++; i > 0 && rank(victims->peers[i - 1]) > rank(peer); i--)
		victims->peers[i] = victims->peers[i - 1];
	victims->peers[i] = peer;
}

/* Peers beyond seven eighths of active-max, so that there is room for the next ones. */
static u32 surplus(struct wgm_mesh *mesh)
{
	u32 max = READ_ONCE(mesh->active_max), mark = max - max / 8;
	u32 n = mesh->table.n_awake + (wgm_hold_next(&mesh->table) ||
				       wgm_doorman_waits(&mesh->doorman));

	return n > mark ? n - mark : 0;
}

/* What the data path lets through until the grace period ends marks the peer as used;
 * what comes later waits.
 */
static void choose(struct wgm_mesh *mesh, struct victims *victims)
{
	struct wgm_table *table = &mesh->table;
	u32 most = surplus(mesh);
	struct wgm_peer *peer;
	bool later = false;
	unsigned long id;
	unsigned int i, n;

	for (id = 0; (peer = wgm_peer_next(table, &id)); id++) {
		cond_resched();
		if (!may_go(mesh, peer))
			later |= comes_later(mesh, peer);
		else if (peer->marks & WGM_PEER_EVICT || (most && wgm_evict_is_idle(mesh, peer)))
			insert(victims, peer);
	}
	WRITE_ONCE(mesh->sync.evictions_due, later);
	for (i = 0, n = 0; i < victims->n; i++) {
		peer = victims->peers[i];
		if (!(peer->marks & WGM_PEER_EVICT) && i >= most)
			break;
		if (wgm_evict_is_idle(mesh, peer))
			wgm_event_peer(mesh, peer, WGMESH_PEER_REASON_IDLE);
		trace_wgm_evict(mesh, peer);
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_EVICTING);
		n++;
	}
	victims->n = n;
}

static void commit(struct wgm_mesh *mesh, const struct victims *victims)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_peer *peer;
	unsigned int i;

	for (i = 0; i < victims->n; i++) {
		peer = victims->peers[i];
		/* Somebody may have removed it, or pinned it, meanwhile. */
		if (peer->marks & WGM_PEER_GONE || peer->state != WGMESH_PEER_STATE_EVICTING)
			continue;
		if (READ_ONCE(peer->used) && !(peer->marks & WGM_PEER_EVICT)) {
			trace_wgm_kept(mesh, peer);
			wgm_hold_release(table, peer);
		} else {
			wgm_peer_queue(table, peer);
		}
		peer->marks &= ~WGM_PEER_EVICT;
	}
}

void wgm_evict(struct wgm_mesh *mesh)
{
	struct wgm_table *table = &mesh->table;
	struct victims victims;

	do {
		wgm_table_lock(table);
		victims.n = 0;
		if (table->lazy)
			choose(mesh, &victims);
		else
			WRITE_ONCE(mesh->sync.evictions_due, false);
		wgm_table_unlock(table);
		if (!victims.n)
			return;
		synchronize_net();
		wgm_table_lock(table);
		commit(mesh, &victims);
		wgm_table_unlock(table);
	} while (victims.n == ARRAY_SIZE(victims.peers));
}

void wgm_evict_patrol(struct work_struct *work)
{
	struct wgm_mesh *mesh = container_of(to_delayed_work(work), struct wgm_mesh, patrol);
	unsigned long pause = msecs_to_jiffies(READ_ONCE(mesh->idle_timeout)) / 4;

	if (!READ_ONCE(mesh->table.lazy))
		return;
	/* Below half of active-max nobody has to go soon. */
	if (READ_ONCE(mesh->table.n_awake) > READ_ONCE(mesh->active_max) / 2)
		wgm_sync_refresh(mesh);
	wgm_identity_suspect(mesh);
	wgm_mesh_queue(mesh, &mesh->patrol, clamp_t(unsigned long, pause, PATROL_MIN, PATROL_MAX));
}
