// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/ipv6.h>

#include "hold.h"
#include "nexthop.h"
#include "peer.h"
#include "table.h"

#define INSERT_TRIES	100

static struct kmem_cache *peer_cache, *extra_cache;

const struct rhashtable_params wgm_peer_hash_params = {
	.head_offset = offsetof(struct wgm_peer, hash),
	.key_offset = offsetof(struct wgm_peer, key),
	.key_len = WGMESH_KEY_LEN,
	.automatic_shrinking = true,
};

struct wgm_peer *wgm_peer_find(struct wgm_table *table, const u8 *key)
{
	return rhashtable_lookup_fast(&table->by_key, key, wgm_peer_hash_params);
}

struct wgm_peer *wgm_peer_lookup(struct wgm_table *table, const u8 *key)
{
	struct wgm_peer *peer = wgm_peer_find(table, key);

	return peer && !(peer->marks & WGM_PEER_GONE) ? peer : NULL;
}

/* A hash table that has to grow twice in a row asks to wait for its own worker. */
static int insert_by_key(struct wgm_table *table, struct wgm_peer *peer)
{
	int err, tries;

	for (tries = 0; tries < INSERT_TRIES; tries++) {
		err = rhashtable_insert_fast(&table->by_key, &peer->hash, wgm_peer_hash_params);
		if (err != -EBUSY)
			break;
		usleep_range(500, 2000);
	}
	return err == -EBUSY ? -ENOMEM : err;
}

struct wgm_peer *wgm_peer_new(struct wgm_table *table, const u8 *key)
{
	struct wgm_peer *peer = kmem_cache_zalloc(peer_cache, GFP_KERNEL_ACCOUNT);
	int err;

	lockdep_assert_held(&table->lock);
	if (!peer)
		return ERR_PTR(-ENOMEM);
	memcpy(peer->key, key, sizeof(peer->key));
	peer->marks = WGM_PEER_GONE;
	/* Ids grow, and come round only after 2^32 of them: a dump sees new peers last. */
	err = xa_alloc_cyclic(&table->by_id, &peer->id, peer, xa_limit_32b, &table->next_id,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		goto free;
	err = insert_by_key(table, peer);
	if (err)
		goto erase;
	table->memory += sizeof(*peer);
	return peer;
erase:
	xa_erase(&table->by_id, peer->id);
free:
	kmem_cache_free(peer_cache, peer);
	return ERR_PTR(err);
}

static void free_extra(struct wgm_peer_extra *extra)
{
	kfree_sensitive(extra);
}

void wgm_peer_free(struct wgm_table *table, struct wgm_peer *peer)
{
	lockdep_assert_held(&table->lock);
	WARN_ON_ONCE(peer->hops || peer->marks & WGM_PEER_QUEUED);
	wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_DORMANT);
	wgm_hold_end(table, peer);
	rhashtable_remove_fast(&table->by_key, &peer->hash, wgm_peer_hash_params);
	xa_erase(&table->by_id, peer->id);
	table->memory -= sizeof(*peer);
	if (peer->extra)
		table->memory -= sizeof(*peer->extra);
	/* Readers under RCU do not look at the extra part. */
	free_extra(peer->extra);
	wgm_reap(&table->reaper, peer);
}

void wgm_peer_destroy(struct wgm_peer *peer)
{
	struct wgm_hop *hop;

	while ((hop = peer->hops)) {
		peer->hops = hop->peer_next;
		kfree(hop);
	}
	free_extra(peer->extra);
	kfree(peer);
}

int wgm_peer_extend(struct wgm_table *table, struct wgm_peer *peer)
{
	lockdep_assert_held(&table->lock);
	if (peer->extra)
		return 0;
	peer->extra = kmem_cache_zalloc(extra_cache, GFP_KERNEL_ACCOUNT);
	if (!peer->extra)
		return -ENOMEM;
	table->memory += sizeof(*peer->extra);
	return 0;
}

const u8 *wgm_peer_psk(const struct wgm_peer *peer)
{
	static const u8 none[WGMESH_KEY_LEN];

	return peer->extra ? peer->extra->psk : none;
}

void wgm_peer_set_state(struct wgm_table *table, struct wgm_peer *peer, u8 state)
{
	lockdep_assert_held(&table->lock);
	table->n_active += (state == WGMESH_PEER_STATE_ACTIVE) -
			   (peer->state == WGMESH_PEER_STATE_ACTIVE);
	table->n_awake += (state != WGMESH_PEER_STATE_DORMANT) -
			  (peer->state != WGMESH_PEER_STATE_DORMANT);
	WRITE_ONCE(peer->state, state);
}

bool wgm_peer_is_resident(const struct wgm_table *table, const struct wgm_peer *peer)
{
	return !table->lazy || peer->flags & WGMESH_PEER_FLAGS_PINNED || peer->keepalive;
}

const struct wgm_endpoint *wgm_peer_endpoint(const struct wgm_peer *peer)
{
	return peer->extra && peer->extra->seen.family ? &peer->extra->seen : &peer->endpoint;
}

void wgm_peer_hurry(struct wgm_table *table, struct wgm_peer *peer)
{
	lockdep_assert_held(&table->lock);
	wgm_queue_push(&table->urgent, peer);
}

void wgm_peer_queue(struct wgm_table *table, struct wgm_peer *peer)
{
	lockdep_assert_held(&table->lock);
	if (wgm_peer_must_leave(peer))
		wgm_queue_push(&table->removals, peer);
	else
		wgm_queue_push(&table->updates, peer);
}

void wgm_peer_sweep(struct wgm_table *table, struct wgm_peer *peer)
{
	struct wgm_hop **link = &peer->hops, *hop;

	lockdep_assert_held(&table->lock);
	while ((hop = *link)) {
		if (hop->flags & WGM_HOP_GONE && !(hop->flags & WGM_HOP_WG_MASK)) {
			*link = hop->peer_next;
			wgm_hop_free(table, hop);
		} else {
			link = &hop->peer_next;
		}
	}
}

struct wgm_peer *wgm_peer_next(struct wgm_table *table, unsigned long *id)
{
	lockdep_assert_held(&table->lock);
	return xa_find(&table->by_id, id, ULONG_MAX, XA_PRESENT);
}

bool wgm_endpoint_equal(const struct wgm_endpoint *a, const struct wgm_endpoint *b)
{
	if (a->family != b->family || a->port != b->port)
		return false;
	switch (a->family) {
	case AF_INET:
		return a->v4 == b->v4;
	case AF_INET6:
		return a->scope_id == b->scope_id && ipv6_addr_equal(&a->v6, &b->v6);
	}
	return true;
}

bool wgm_endpoint_decode(struct wgm_endpoint *ret, const void *sockaddr, int len)
{
	struct wgm_endpoint endpoint = { };
	union {
		sa_family_t family;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} sa;

	if (len != sizeof(sa.in) && len != sizeof(sa.in6))
		return false;
	memcpy(&sa, sockaddr, len);
	endpoint.family = sa.family;
	if (sa.family == AF_INET && len == sizeof(sa.in)) {
		endpoint.port = sa.in.sin_port;
		endpoint.v4 = sa.in.sin_addr.s_addr;
	} else if (sa.family == AF_INET6 && len == sizeof(sa.in6)) {
		endpoint.port = sa.in6.sin6_port;
		endpoint.v6 = sa.in6.sin6_addr;
		endpoint.scope_id = sa.in6.sin6_scope_id;
	} else {
		return false;
	}
	*ret = endpoint;
	return true;
}

int wgm_endpoint_encode(const struct wgm_endpoint *endpoint, struct sockaddr_in6 *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	switch (endpoint->family) {
	case AF_INET:
		in->sin_family = AF_INET;
		in->sin_port = endpoint->port;
		in->sin_addr.s_addr = endpoint->v4;
		return sizeof(*in);
	case AF_INET6:
		ret->sin6_family = AF_INET6;
		ret->sin6_port = endpoint->port;
		ret->sin6_addr = endpoint->v6;
		ret->sin6_scope_id = endpoint->scope_id;
		return sizeof(*ret);
	}
	return 0;
}

int __init wgm_peer_init(void)
{
	peer_cache = KMEM_CACHE(wgm_peer, 0);
	extra_cache = KMEM_CACHE(wgm_peer_extra, 0);
	if (peer_cache && extra_cache)
		return 0;
	wgm_peer_fini();
	return -ENOMEM;
}

void wgm_peer_fini(void)
{
	kmem_cache_destroy(peer_cache);
	kmem_cache_destroy(extra_cache);
}
