// SPDX-License-Identifier: Apache-2.0
#include "status/roster.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct key_place {
	struct key key;
	int number;
};

struct prefix_place {
	struct prefix prefix;
	int number;
};

struct roster {
	atomic_uint references;
	size_t count, prefix_count;
	struct roster_node nodes[ROSTER_MAX];		/* by id */
	struct key_place keys[ROSTER_MAX];		/* by key, while it is built, too */
	struct prefix_place prefixes[2 * ROSTER_MAX];	/* by prefix */
};

struct roster *roster_new(void)
{
	struct roster *r = calloc(1, sizeof(*r));

	return roster_ref(r);
}

struct roster *roster_ref(struct roster *r)
{
	if (r)
		atomic_fetch_add(&r->references, 1);
	return r;
}

void roster_unref(struct roster *r)
{
	if (r && atomic_fetch_sub(&r->references, 1) == 1)
		free(r);
}

bool roster_is_full(const struct roster *r)
{
	return r->count == ROSTER_MAX;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct roster_node *)a)->id, ((const struct roster_node *)b)->id);
}

/* Keys of nodes are public. */
static int compare_keys(const void *a, const void *b)
{
	return memcmp(((const struct key_place *)a)->key.bytes,
		      ((const struct key_place *)b)->key.bytes, KEY_BYTES);
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_compare(&((const struct prefix_place *)a)->prefix,
			      &((const struct prefix_place *)b)->prefix);
}

/* The place of @key, or the one where it belongs. */
static size_t place_of(const struct roster *r, const struct key *key)
{
	size_t from = 0, to = r->count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (memcmp(r->keys[middle].key.bytes, key->bytes, KEY_BYTES) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool is_at(const struct roster *r, size_t place, const struct key *key)
{
	return place < r->count && key_equal(&r->keys[place].key, key);
}

void roster_add(struct roster *r, const struct node *node)
{
	size_t place = place_of(r, &node->public_key);
	struct roster_node *n = &r->nodes[r->count];

	if (roster_is_full(r) || is_at(r, place, &node->public_key))
		return;
	memmove(&r->keys[place + 1], &r->keys[place], (r->count - place) * sizeof(r->keys[0]));
	r->keys[place].key = node->public_key;
	*n = (struct roster_node){ .public_key = node->public_key, .ipv4 = node->ipv4.ip,
				   .ipv6 = node->ipv6, .is_public = node_is_public(node) };
	memcpy(n->id, node->id, sizeof(n->id));
	r->count++;
}

static void note_prefix(struct roster *r, const struct prefix *prefix, size_t number)
{
	r->prefixes[r->prefix_count++] =
		(struct prefix_place){ .prefix = *prefix, .number = (int)number };
}

void roster_seal(struct roster *r)
{
	qsort(r->nodes, r->count, sizeof(r->nodes[0]), compare_ids);
	for (size_t i = 0; i < r->count; i++) {
		const struct roster_node *n = &r->nodes[i];
		struct prefix host = prefix_host(&n->ipv4);

		r->keys[i] = (struct key_place){ .key = n->public_key, .number = (int)i };
		if (n->ipv4.family)
			note_prefix(r, &host, i);
		if (n->ipv6.ip.family)
			note_prefix(r, &n->ipv6, i);
	}
	qsort(r->keys, r->count, sizeof(r->keys[0]), compare_keys);
	qsort(r->prefixes, r->prefix_count, sizeof(r->prefixes[0]), compare_prefixes);
}

size_t roster_count(const struct roster *r)
{
	return r->count;
}

const struct roster_node *roster_at(const struct roster *r, int number)
{
	return &r->nodes[number];
}

int roster_find_key(const struct roster *r, const struct key *public_key)
{
	size_t place = place_of(r, public_key);

	return is_at(r, place, public_key) ? r->keys[place].number : ROSTER_NONE;
}

int roster_find_prefix(const struct roster *r, const struct prefix *prefix)
{
	const struct prefix_place wanted = { .prefix = *prefix };
	const struct prefix_place *found = bsearch(&wanted, r->prefixes, r->prefix_count,
						   sizeof(r->prefixes[0]), compare_prefixes);

	return found ? found->number : ROSTER_NONE;
}
