// SPDX-License-Identifier: GPL-2.0
/* Peers that WireGuard has and the table does not know are kept in the table as
 * hidden ones (GONE, FOREIGN): when a batch names such a peer it is compared with
 * what WireGuard has, and told only the difference; when a batch is a whole new
 * table they are removed.  Until then they are left alone.
 *
 * No message of ours is on its way during a survey: both are the worker's.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <net/genetlink.h>

#include "events.h"
#include "mesh.h"
#include "nexthop.h"
#include "park.h"
#include "peer.h"
#include "prefix.h"
#include "survey.h"
#include "sync.h"
#include "table.h"
#include "wg.h"

#define TRIES	3	/* until a dump was not disturbed */

struct survey {
	struct wgm_mesh *mesh;
	struct wgm_table *table;
	struct wgm_peer *peer;	/* the current one: a peer may span messages */
	bool adopted;		/* it was not known to be in WireGuard */
	bool parking;		/* the peer at which prefixes are parked was seen */
};

/* WireGuard's attributes of a peer, as far as they are of interest. */
struct found {
	struct wgm_endpoint endpoint;
	u16 keepalive;
	u8 psk[WGMESH_KEY_LEN];
	u64 rx_bytes;
	u64 tx_bytes;
	u64 last_handshake;
};

static u64 timespec_ns(const struct nlattr *attr)
{
	struct __kernel_timespec ts = { };

	nla_memcpy(&ts, attr, sizeof(ts));
	return (u64)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static void read_found(struct found *ret, struct nlattr **tb)
{
	*ret = (struct found){ };
	if (tb[WGPEER_A_ENDPOINT])
		wgm_endpoint_decode(&ret->endpoint, nla_data(tb[WGPEER_A_ENDPOINT]),
				    nla_len(tb[WGPEER_A_ENDPOINT]));
	if (tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL])
		ret->keepalive = nla_get_u16(tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
	if (tb[WGPEER_A_PRESHARED_KEY])
		nla_memcpy(ret->psk, tb[WGPEER_A_PRESHARED_KEY], sizeof(ret->psk));
	if (tb[WGPEER_A_RX_BYTES])
		nla_memcpy(&ret->rx_bytes, tb[WGPEER_A_RX_BYTES], sizeof(ret->rx_bytes));
	if (tb[WGPEER_A_TX_BYTES])
		nla_memcpy(&ret->tx_bytes, tb[WGPEER_A_TX_BYTES], sizeof(ret->tx_bytes));
	if (tb[WGPEER_A_LAST_HANDSHAKE_TIME])
		ret->last_handshake = timespec_ns(tb[WGPEER_A_LAST_HANDSHAKE_TIME]);
}

static void note_activity(struct wgm_peer *peer, const struct found *found)
{
	struct wgm_peer_extra *extra = peer->extra;
	bool used = xchg(&peer->used, 0);

	if (used || !extra->quiet_since ||
	    extra->rx_bytes != extra->past_rx_bytes + found->rx_bytes ||
	    extra->tx_bytes != extra->past_tx_bytes + found->tx_bytes ||
	    found->last_handshake > extra->last_handshake)
		extra->quiet_since = ktime_get_boottime_ns();
}

static int note_counters(struct survey *s, const struct found *found)
{
	struct wgm_peer_extra *extra;
	bool handshake, moved = false;
	int err;

	if (!s->peer->extra && !s->table->lazy && !found->rx_bytes && !found->tx_bytes && !found->last_handshake)
		return 0;
	err = wgm_peer_extend(s->table, s->peer);
	if (err)
		return err;
	extra = s->peer->extra;
	note_activity(s->peer, found);
	handshake = found->last_handshake > extra->last_handshake;
	extra->rx_bytes = extra->past_rx_bytes + found->rx_bytes;
	extra->tx_bytes = extra->past_tx_bytes + found->tx_bytes;
	extra->last_handshake = max(extra->last_handshake, found->last_handshake);
	/* An endpoint that WireGuard is yet to be told is newer than the one that it has. */
	if (!(s->peer->dirty & WGM_DIRTY_ENDPOINT)) {
		moved = extra->seen.family && !wgm_endpoint_equal(&extra->seen, &found->endpoint);
		extra->seen = found->endpoint;
	}
	if (handshake)
		wgm_event_peer(s->mesh, s->peer, WGMESH_PEER_REASON_HANDSHAKE);
	if (moved)
		wgm_event_peer(s->mesh, s->peer, WGMESH_PEER_REASON_ENDPOINT_MOVED);
	return 0;
}

/* A peer that the table does not have is kept as WireGuard has it. */
static int copy_values(struct survey *s, const struct found *found)
{
	struct wgm_peer *peer = s->peer;
	int err;

	peer->endpoint = found->endpoint;
	peer->keepalive = found->keepalive;
	peer->dirty = 0;
	if (!memcmp(wgm_peer_psk(peer), found->psk, WGMESH_KEY_LEN))
		return 0;
	err = wgm_peer_extend(s->table, peer);
	if (!err)
		memcpy(peer->extra->psk, found->psk, WGMESH_KEY_LEN);
	return err;
}

/* An endpoint may have moved since it was configured, and that is as it should be:
 * only a peer that was never acknowledged is told its endpoint.
 */
static int compare_values(struct wgm_peer *peer, const struct found *found)
{
	bool adopted = peer->state != WGMESH_PEER_STATE_ACTIVE;

	if (adopted)
		peer->dirty = 0;
	if (peer->keepalive != found->keepalive)
		peer->dirty |= WGM_DIRTY_KEEPALIVE;
	if (memcmp(wgm_peer_psk(peer), found->psk, WGMESH_KEY_LEN))
		peer->dirty |= WGM_DIRTY_PSK;
	if (adopted && peer->endpoint.family &&
	    !wgm_endpoint_equal(&peer->endpoint, &found->endpoint))
		peer->dirty |= WGM_DIRTY_ENDPOINT;
	return 0;
}

/* Packets may wait for a peer that WireGuard turns out to have: they go out when it
 * surely has all of it.
 */
static void adopt(struct wgm_table *table, struct wgm_peer *peer)
{
	if (peer->state == WGMESH_PEER_STATE_EVICTING && !(peer->marks & WGM_PEER_GONE))
		return;
	if (wgm_hold_skip(table, peer))
		return;
	wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVATING);
	wgm_peer_queue(table, peer);
}

static int begin_peer(struct survey *s, const u8 *key, struct nlattr **tb)
{
	struct wgm_peer *peer = wgm_peer_find(s->table, key);
	struct found found;
	struct wgm_hop *hop;
	int err;

	if (!peer) {
		peer = wgm_peer_new(s->table, key);
		if (IS_ERR(peer))
			return PTR_ERR(peer);
		peer->marks |= WGM_PEER_FOREIGN;
	}
	s->peer = peer;
	read_found(&found, tb);
	if (peer->marks & WGM_PEER_GONE)
		err = copy_values(s, &found);
	else
		err = compare_values(peer, &found);
	peer->marks |= WGM_PEER_IN_WG | WGM_PEER_SEEN;
	s->adopted = peer->state != WGMESH_PEER_STATE_ACTIVE;
	adopt(s->table, peer);
	for (hop = peer->hops; hop; hop = hop->peer_next)
		hop->flags &= ~WGM_HOP_WG_MASK;
	/* What it tells of the peer's past is over with that. */
	if (!err && !(peer->marks & WGM_PEER_RENEW))
		err = note_counters(s, &found);
	memzero_explicit(&found, sizeof(found));
	return err;
}

/* Somebody gave WireGuard the prefix, and nobody parked what dormant peers have within it: it
 * will be told once more, behind that.
 */
static bool came_alone(const struct survey *s, const struct wgm_peer *peer,
		       const struct wgm_prefix *prefix)
{
	return s->table->on_demand && prefix->len < prefix->bits &&
	       (s->adopted || peer->marks & WGM_PEER_FOREIGN);
}

/* All of the peer was read: what is missing or too much is the worker's. */
static void end_peer(struct survey *s)
{
	struct wgm_peer *peer = s->peer;
	struct wgm_hop *hop;

	s->peer = NULL;
	if (!peer)
		return;
	for (hop = peer->hops; hop; hop = hop->peer_next) {
		if (came_alone(s, peer, hop->prefix))
			hop->flags &= ~WGM_HOP_ACKED;
		wgm_hop_kick(s->table, hop->prefix);
	}
	wgm_peer_sweep(s->table, peer);
	if (peer->marks & WGM_PEER_FOREIGN && s->table->authoritative)
		peer->marks &= ~WGM_PEER_FOREIGN;
	if (peer->dirty || (peer->marks & (WGM_PEER_GONE | WGM_PEER_FOREIGN)) == WGM_PEER_GONE)
		wgm_peer_queue(s->table, peer);
}

/* WireGuard has the prefix at the current peer. */
static int read_allowed_ip(struct survey *s, const struct nlattr *attr)
{
	struct nlattr *tb[WGALLOWEDIP_A_MAX + 1];
	struct wgm_prefix *prefix;
	struct wgm_hop *hop;
	u8 addr[16] = { };
	u8 bits;
	int err;

	err = nla_parse_nested_deprecated(tb, WGALLOWEDIP_A_MAX, attr, NULL, NULL);
	if (err)
		return err;
	if (!tb[WGALLOWEDIP_A_IPADDR] || !tb[WGALLOWEDIP_A_CIDR_MASK])
		return -EPROTO;
	bits = nla_len(tb[WGALLOWEDIP_A_IPADDR]) == 4 ? 32 : 128;
	nla_memcpy(addr, tb[WGALLOWEDIP_A_IPADDR], bits / 8);
	prefix = wgm_prefix_add(s->table, bits, addr, nla_get_u8(tb[WGALLOWEDIP_A_CIDR_MASK]));
	if (!prefix)
		return -ENOMEM;
	hop = wgm_hop_find(s->table, prefix, s->peer);
	if (!hop)
		hop = wgm_hop_new(s->table, s->peer, prefix, 0, WGM_HOP_GONE);
	if (!hop) {
		wgm_prefix_prune(s->table, prefix);
		return -ENOMEM;
	}
	hop->flags |= WGM_HOP_IN_WG | WGM_HOP_ACKED;
	/* An activation of which nothing was heard has taken it from where it was parked. */
	wgm_park_note_moved(s->table, prefix);
	return 0;
}

static int read_peer(struct survey *s, const struct nlattr *attr)
{
	struct nlattr *tb[WGPEER_A_MAX + 1];
	const struct nlattr *ip;
	const u8 *key;
	int err, rem;

	err = nla_parse_nested_deprecated(tb, WGPEER_A_MAX, attr, NULL, NULL);
	if (err)
		return err;
	if (!tb[WGPEER_A_PUBLIC_KEY] || nla_len(tb[WGPEER_A_PUBLIC_KEY]) != WGMESH_KEY_LEN)
		return -EPROTO;
	key = nla_data(tb[WGPEER_A_PUBLIC_KEY]);
	if (!memcmp(key, s->mesh->sync.parking_key, WGMESH_KEY_LEN)) {
		end_peer(s);
		s->parking = true;
		return 0;
	}
	/* The rest of a peer that began in the message before? */
	if (!s->peer || memcmp(s->peer->key, key, WGMESH_KEY_LEN)) {
		end_peer(s);
		err = begin_peer(s, key, tb);
	}
	if (err || !tb[WGPEER_A_ALLOWEDIPS])
		return err;
	nla_for_each_nested(ip, tb[WGPEER_A_ALLOWEDIPS], rem) {
		err = read_allowed_ip(s, ip);
		if (err)
			return err;
	}
	return 0;
}

static void note_own_key(struct wgm_table *table, const struct nlattr *attr)
{
	nla_memcpy(table->own_key, attr, sizeof(table->own_key));
	table->own_key_known = true;
}

static int read_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *peer;
	struct survey *s = arg;
	int err = 0, rem, rem_peers;

	wgm_table_lock(s->table);
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		if (nla_type(attr) == WGDEVICE_A_PUBLIC_KEY)
			note_own_key(s->table, attr);
		if (nla_type(attr) != WGDEVICE_A_PEERS)
			continue;
		nla_for_each_nested(peer, attr, rem_peers) {
			err = read_peer(s, peer);
			if (err)
				goto out;
		}
	}
out:
	wgm_table_unlock(s->table);
	return err;
}

/* Somebody took the peer from WireGuard. */
static void note_lost(struct wgm_table *table, struct wgm_peer *peer)
{
	struct wgm_hop *hop;

	peer->marks &= ~(WGM_PEER_IN_WG | WGM_PEER_FOREIGN);
	for (hop = peer->hops; hop; hop = hop->peer_next)
		hop->flags &= ~WGM_HOP_WG_MASK;
	wgm_peer_sweep(table, peer);
	if (!(peer->marks & WGM_PEER_GONE) && wgm_peer_is_resident(table, peer))
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVATING);
	else
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_DORMANT);
	table->park_epoch++;
	wgm_peer_queue(table, peer);
}

static void finish(struct survey *s, bool complete)
{
	struct wgm_peer *peer;
	unsigned long id;

	wgm_table_lock(s->table);
	end_peer(s);
	for (id = 0; (peer = wgm_peer_next(s->table, &id)); id++) {
		cond_resched();
		if (complete && (peer->marks & (WGM_PEER_IN_WG | WGM_PEER_SEEN)) == WGM_PEER_IN_WG)
			note_lost(s->table, peer);
		peer->marks &= ~WGM_PEER_SEEN;
	}
	/* Somebody took it from WireGuard, and all that was parked with it. */
	if (complete && !s->parking && s->table->n_parked)
		wgm_park_forget(s->table);
	wgm_table_unlock(s->table);
}

int wgm_survey(struct wgm_mesh *mesh)
{
	u64 start = ktime_get_boottime_ns();
	int err, tries;

	for (tries = 0; tries < TRIES; tries++) {
		struct survey s = { .mesh = mesh, .table = &mesh->table };

		err = wgm_wg_dump(&mesh->sync.wg, mesh->ifindex, read_message, &s);
		finish(&s, !err);
		if (err != -EAGAIN)
			break;
	}
	if (err)
		return err;
	WRITE_ONCE(mesh->sync.surveyed_at, ktime_get_boottime_ns());
	WRITE_ONCE(mesh->sync.survey_took, mesh->sync.surveyed_at - start);
	return 0;
}
