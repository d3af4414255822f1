// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "model/peer_set.h"

static bool same_prefixes(const struct peer *a, const struct peer *b)
{
	if (a->n_prefixes != b->n_prefixes)
		return false;
	for (size_t i = 0; i < a->n_prefixes; i++)
		if (!prefix_equal(&a->prefixes[i].prefix, &b->prefixes[i].prefix) ||
		    a->prefixes[i].metric != b->prefixes[i].metric)
			return false;
	return true;
}

static unsigned int compare(const struct peer *old, const struct peer *new)
{
	unsigned int changes = 0;

	if (new->endpoint.ip.family != AF_UNSPEC && !endpoint_equal(&old->endpoint, &new->endpoint))
		changes |= PEER_ENDPOINT;
	if (old->keepalive != new->keepalive)
		changes |= PEER_KEEPALIVE;
	if (!same_prefixes(old, new))
		changes |= PEER_PREFIXES;
	return changes;
}

static void upsert(struct peer_diff *diff, const struct peer *old, const struct peer *new,
		   unsigned int changes)
{
	if (changes)
		diff->upserts[diff->n_upserts++] = (struct peer_upsert){
			.peer = new, .old = old, .changes = changes,
		};
}

/* Both sets are sorted by key: one merge. */
static void merge(const struct peer_set *old, const struct peer_set *new, struct peer_diff *diff)
{
	size_t n_old = old ? peer_set_count(old) : 0, n_new = peer_set_count(new), i = 0, j = 0;

	while (i < n_old || j < n_new) {
		const struct peer *a = i < n_old ? peer_set_at(old, i) : NULL;
		const struct peer *b = j < n_new ? peer_set_at(new, j) : NULL;
		int r = !a ? 1 : !b ? -1 : memcmp(&a->public_key, &b->public_key, KEY_BYTES);

		if (r < 0)
			diff->removals[diff->n_removals++] = a;
		else if (r > 0)
			upsert(diff, NULL, b, PEER_IS_NEW);
		else if (a->waiting != b->waiting)
			upsert(diff, NULL, b, PEER_IS_NEW | PEER_RENEWED);
		else
			upsert(diff, a, b, compare(a, b));
		i += r <= 0;
		j += r >= 0;
	}
}

int peer_set_diff(const struct peer_set *old, const struct peer_set *new, struct peer_diff *ret,
		  struct error *err)
{
	struct peer_diff diff = { 0 };

	diff.upserts = calloc(peer_set_count(new) + 1, sizeof(*diff.upserts));
	diff.removals = calloc((old ? peer_set_count(old) : 0) + 1, sizeof(*diff.removals));
	if (!diff.upserts || !diff.removals) {
		peer_diff_fini(&diff);
		return error_set(err, ERR_MEMORY, "no memory for a difference of peers");
	}
	merge(old, new, &diff);
	*ret = diff;
	return 0;
}

void peer_diff_fini(struct peer_diff *diff)
{
	free(diff->upserts);
	free(diff->removals);
	*diff = (struct peer_diff){ 0 };
}
