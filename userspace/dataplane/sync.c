// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
	CHUNK_PEERS = 256,	/* handed over at once */
	CHUNK_BYTES_MAX = 64 * 1024 * 1024,	/* of prefixes of one chunk */
	MOVED_BYTES_MAX = 1024 * 1024 * 1024,
};

/* Peers on their way to ops->set(); their prefixes lie one behind the other. */
struct chunk {
	struct wg_peer peers[CHUNK_PEERS];
	size_t count;
	struct buf prefixes;	/* struct wg_prefix[] */
};

struct sync {
	const struct sync_ops *ops;
	void *data;
	struct chunk chunk;
	struct buf moved;	/* struct prefix[], sorted: what some peer gets */
	bool cannot_drop;
	struct error *err;
};

static int no_memory(struct sync *s)
{
	return error_set(s->err, ERR_MEMORY, "no memory for a change of peers");
}

/* While the chunk grows its prefixes may move: the pointers are set at the end. */
static int flush(struct sync *s)
{
	struct chunk *c = &s->chunk;
	const struct wg_prefix *at = (const struct wg_prefix *)c->prefixes.data;
	int r = 0;

	for (size_t i = 0; i < c->count; i++) {
		c->peers[i].prefixes = at;
		at += c->peers[i].prefix_count;
	}
	if (c->count)
		r = s->ops->set(s->data, c->peers, c->count, s->err);
	c->count = 0;
	buf_reset(&c->prefixes);
	return r;
}

static int push_prefix(struct sync *s, struct wg_peer *peer, const struct prefix *prefix,
		       uint32_t flags)
{
	struct wg_prefix p = { .prefix = *prefix, .flags = flags };

	if (!buf_append(&s->chunk.prefixes, &p, sizeof(p)))
		return no_memory(s);
	peer->prefix_count++;
	return 0;
}

static struct wg_peer *push_peer(struct sync *s, const struct peer *peer)
{
	struct wg_peer *out = &s->chunk.peers[s->chunk.count++];

	*out = (struct wg_peer){ .public_key = peer->public_key };
	return out;
}

static const struct peer_prefix *find(const struct peer *peer, const struct prefix *prefix)
{
	size_t low = 0, high = peer->n_prefixes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = prefix_compare(&peer->prefixes[middle].prefix, prefix);

		if (!order)
			return &peer->prefixes[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void sync_fields(const struct peer_upsert *u, struct wg_peer *out)
{
	if (u->changes & (PEER_IS_NEW | PEER_ENDPOINT) && u->peer->endpoint.ip.family) {
		out->fields |= WG_PEER_ENDPOINT;
		out->endpoint = u->peer->endpoint;
	}
	if (u->changes & (PEER_IS_NEW | PEER_KEEPALIVE)) {
		out->fields |= WG_PEER_KEEPALIVE;
		out->keepalive = u->peer->keepalive;
	}
}

static void set_fields(struct wg_peer *out, const struct peer_upsert *u)
{
	sync_fields(u, out);
	if (u->peer->waiting)
		memcpy(out->preshared_key.bytes, WG_WAITING_KEY, KEY_BYTES);
	if (u->changes & PEER_IS_NEW) {
		/* It may be there with a preshared key and prefixes that we did not count. */
		out->fields |= WG_PEER_PRESHARED_KEY;
		out->flags |= WGMESH_PEER_FLAGS_REPLACE_PREFIXES;
	}
}

/* Step 1 for one peer: its fields, and the prefixes that it did not have. */
static int upsert(struct sync *s, const struct peer_upsert *u)
{
	struct wg_peer *out = push_peer(s, u->peer);
	int r = 0;

	set_fields(out, u);
	for (size_t i = 0; !r && i < u->peer->n_prefixes; i++) {
		const struct prefix *p = &u->peer->prefixes[i].prefix;

		if (u->old && find(u->old, p))
			continue;
		r = push_prefix(s, out, p, 0);
		if (!r && !buf_append(&s->moved, p, sizeof(*p)))
			r = no_memory(s);
	}
	if (!r && s->chunk.count == CHUNK_PEERS)
		r = flush(s);
	return r;
}

static int compare(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static bool moved(const struct sync *s, const struct prefix *p)
{
	size_t count = s->moved.len / sizeof(*p);

	return count && bsearch(p, s->moved.data, count, sizeof(*p), compare);
}

/* The prefixes that the peer loses to nobody, flagged REMOVE, into the empty chunk. */
static int push_orphans(struct sync *s, const struct peer_upsert *u)
{
	struct wg_peer *out = push_peer(s, u->peer);
	int r = 0;

	out->flags = WGMESH_PEER_FLAGS_UPDATE_ONLY;
	for (size_t i = 0; !r && i < u->old->n_prefixes; i++) {
		const struct prefix *p = &u->old->prefixes[i].prefix;

		if (!find(u->peer, p) && !moved(s, p))
			r = push_prefix(s, out, p, WGMESH_PREFIX_FLAGS_REMOVE);
	}
	return r;
}

static int replace_list(struct sync *s, const struct peer_upsert *u)
{
	struct wg_peer *out = push_peer(s, u->peer);
	int r = 0;

	out->flags = WGMESH_PEER_FLAGS_UPDATE_ONLY | WGMESH_PEER_FLAGS_REPLACE_PREFIXES;
	for (size_t i = 0; !r && i < u->peer->n_prefixes; i++)
		r = push_prefix(s, out, &u->peer->prefixes[i].prefix, 0);
	return r ? r : flush(s);
}

/* Step 2 for one peer. */
static int take_away(struct sync *s, const struct peer_upsert *u)
{
	struct wg_peer *orphans = &s->chunk.peers[0];
	int r = push_orphans(s, u);

	if (!r && orphans->prefix_count && s->ops->drop && !s->cannot_drop) {
		orphans->prefixes = (const struct wg_prefix *)s->chunk.prefixes.data;
		r = s->ops->drop(s->data, orphans, s->err);
		if (r == -ERR_INVALID)
			s->cannot_drop = true;
		else
			orphans->prefix_count = 0;
	}
	if (r == -ERR_INVALID)
		r = 0;
	s->chunk.count = 0;
	buf_reset(&s->chunk.prefixes);
	return r || !orphans->prefix_count ? r : replace_list(s, u);
}

static int upsert_all(struct sync *s, const struct peer_diff *diff)
{
	int r = 0;

	for (size_t i = 0; !r && i < diff->n_upserts; i++)
		r = upsert(s, &diff->upserts[i]);
	if (!r)
		r = flush(s);
	if (!r && s->moved.len)
		qsort(s->moved.data, s->moved.len / sizeof(struct prefix), sizeof(struct prefix),
		      compare);
	for (size_t i = 0; !r && i < diff->n_upserts; i++)
		if (diff->upserts[i].old && diff->upserts[i].changes & PEER_PREFIXES)
			r = take_away(s, &diff->upserts[i]);
	return r;
}

static int remove_renewed(struct sync *s, const struct peer_diff *diff)
{
	int r = 0;

	for (size_t i = 0; !r && i < diff->n_upserts; i++)
		if (diff->upserts[i].changes & PEER_RENEWED)
			r = s->ops->remove(s->data, &diff->upserts[i].peer->public_key, 1, s->err);
	return r;
}

static int remove_all(struct sync *s, const struct peer_diff *diff)
{
	struct key keys[CHUNK_PEERS];
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; !r && i < diff->n_removals; i++) {
		keys[count++] = diff->removals[i]->public_key;
		if (count < CHUNK_PEERS && i + 1 < diff->n_removals)
			continue;
		r = s->ops->remove(s->data, keys, count, s->err);
		count = 0;
	}
	return r;
}

int sync_apply(const struct sync_ops *ops, void *data, const struct peer_diff *diff,
	       struct error *err)
{
	struct sync *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_set(err, ERR_MEMORY, "no memory for a change of peers");
	s->ops = ops;
	s->data = data;
	s->err = err;
	s->chunk.prefixes = BUF_INIT(CHUNK_BYTES_MAX);
	s->moved = BUF_INIT(MOVED_BYTES_MAX);
	r = remove_renewed(s, diff);
	if (!r)
		r = upsert_all(s, diff);
	if (!r)
		r = remove_all(s, diff);
	buf_fini(&s->chunk.prefixes);
	buf_fini(&s->moved);
	free(s);
	return r;
}
