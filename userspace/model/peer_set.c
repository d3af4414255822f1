// SPDX-License-Identifier: Apache-2.0
#include "model/peer_set.h"

#include <stdlib.h>
#include <string.h>

/* A prefix and the peer it hangs on, while the set is built. */
struct hop {
	uint32_t peer;
	struct peer_prefix prefix;
};

struct peer_set {
	struct peer *peers;
	size_t n_peers, cap_peers;
	struct hop *hops;
	size_t n_hops, cap_hops;
	struct peer_prefix *prefixes;	/* sealed: of all peers, one behind the other */
};

struct peer_set *peer_set_new(void)
{
	return calloc(1, sizeof(struct peer_set));
}

void peer_set_free(struct peer_set *set)
{
	if (!set)
		return;
	free(set->peers);
	free(set->hops);
	free(set->prefixes);
	free(set);
}

static int no_memory(struct error *err)
{
	return error_set(err, ERR_MEMORY, "no memory for a set of peers");
}

/* Room for one more; false: no memory. */
static bool grow(void **items, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return true;
	p = reallocarray(*items, more, size);
	if (!p)
		return false;
	*items = p;
	*cap = more;
	return true;
}

int peer_set_add(struct peer_set *set, const struct key *public_key,
		 const struct endpoint *endpoint, uint16_t keepalive, uint32_t *ret_peer,
		 struct error *err)
{
	struct peer *p;

	if (!grow((void **)&set->peers, set->n_peers, &set->cap_peers, sizeof(*set->peers)))
		return no_memory(err);
	p = &set->peers[set->n_peers];
	*p = (struct peer){ .public_key = *public_key, .keepalive = keepalive };
	if (endpoint)
		p->endpoint = *endpoint;
	*ret_peer = (uint32_t)set->n_peers++;
	return 0;
}

int peer_set_add_prefix(struct peer_set *set, uint32_t peer, const struct prefix *prefix,
			uint32_t metric, struct error *err)
{
	if (!grow((void **)&set->hops, set->n_hops, &set->cap_hops, sizeof(*set->hops)))
		return no_memory(err);
	set->hops[set->n_hops++] = (struct hop){
		.peer = peer,
		.prefix = { .prefix = prefix_masked(prefix), .metric = metric },
	};
	return 0;
}

void peer_set_make_wait(struct peer_set *set, uint32_t peer)
{
	set->peers[peer].waiting = true;
}

static int compare_keys(const struct key *a, const struct key *b)
{
	return memcmp(a->bytes, b->bytes, KEY_BYTES);
}

static int by_key(const void *a, const void *b)
{
	return compare_keys(&((const struct peer *)a)->public_key,
			    &((const struct peer *)b)->public_key);
}

static int by_peer(const void *a, const void *b)
{
	const struct hop *x = a, *y = b;

	if (x->peer != y->peer)
		return x->peer < y->peer ? -1 : 1;
	return prefix_compare(&x->prefix.prefix, &y->prefix.prefix);
}

static int by_prefix(const void *a, const void *b)
{
	const struct hop *x = a, *y = b;
	int r = prefix_compare(&x->prefix.prefix, &y->prefix.prefix);

	if (r)
		return r;
	return (x->prefix.metric > y->prefix.metric) - (x->prefix.metric < y->prefix.metric);
}

/*
 * Peers get their places by key; the hops follow by way of a table old place → new.
 * While sorting, the old place rides in the otherwise unused prefix count.
 */
static int sort_peers(struct peer_set *set, struct error *err)
{
	uint32_t *place = calloc(set->n_peers + 1, sizeof(*place));

	if (!place)
		return no_memory(err);
	for (size_t i = 0; i < set->n_peers; i++)
		set->peers[i].n_prefixes = i;
	if (set->n_peers)
		qsort(set->peers, set->n_peers, sizeof(*set->peers), by_key);
	for (size_t i = 0; i < set->n_peers; i++) {
		place[set->peers[i].n_prefixes] = (uint32_t)i;
		set->peers[i].n_prefixes = 0;
	}
	for (size_t i = 0; i < set->n_hops; i++)
		set->hops[i].peer = place[set->hops[i].peer];
	free(place);
	return 0;
}

static int check_keys(const struct peer_set *set, struct error *err)
{
	char text[KEY_TEXT_MAX];

	for (size_t i = 1; i < set->n_peers; i++)
		if (by_key(&set->peers[i - 1], &set->peers[i]) == 0)
			return error_set(err, ERR_EXISTS, "two peers have the public key %s",
					 key_format(&set->peers[i].public_key, text));
	return 0;
}

/* Expects the hops by prefix; leaves them by peer. */
static int check_hops(struct peer_set *set, struct error *err)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 1; i < set->n_hops; i++)
		if (by_prefix(&set->hops[i - 1], &set->hops[i]) == 0)
			return error_set(err, ERR_EXISTS, "two peers have the prefix %s",
					 prefix_format(&set->hops[i].prefix.prefix, text));
	if (set->n_hops)
		qsort(set->hops, set->n_hops, sizeof(*set->hops), by_peer);
	for (size_t i = 1; i < set->n_hops; i++)
		if (by_peer(&set->hops[i - 1], &set->hops[i]) == 0)
			return error_set(err, ERR_EXISTS, "a peer has the prefix %s twice",
					 prefix_format(&set->hops[i].prefix.prefix, text));
	return 0;
}

static int hand_out_prefixes(struct peer_set *set, struct error *err)
{
	set->prefixes = calloc(set->n_hops + 1, sizeof(*set->prefixes));
	if (!set->prefixes)
		return no_memory(err);
	for (size_t i = 0; i < set->n_hops; i++) {
		struct peer *p = &set->peers[set->hops[i].peer];

		set->prefixes[i] = set->hops[i].prefix;
		if (p->n_prefixes++ == 0)
			p->prefixes = &set->prefixes[i];
	}
	free(set->hops);
	set->hops = NULL;
	return 0;
}

int peer_set_seal(struct peer_set *set, struct error *err)
{
	int r = sort_peers(set, err);

	if (r == 0)
		r = check_keys(set, err);
	if (r == 0 && set->n_hops)
		qsort(set->hops, set->n_hops, sizeof(*set->hops), by_prefix);
	if (r == 0)
		r = check_hops(set, err);
	return r ? r : hand_out_prefixes(set, err);
}

size_t peer_set_count(const struct peer_set *set)
{
	return set->n_peers;
}

const struct peer *peer_set_at(const struct peer_set *set, size_t i)
{
	return &set->peers[i];
}

const struct peer *peer_set_lookup(const struct peer_set *set, const struct key *public_key)
{
	struct peer wanted = { .public_key = *public_key };

	if (set->n_peers == 0)
		return NULL;
	return bsearch(&wanted, set->peers, set->n_peers, sizeof(*set->peers), by_key);
}
