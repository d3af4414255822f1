// SPDX-License-Identifier: GPL-2.0
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "peer.h"
#include "sources.h"
#include "table.h"

#define BITS_PER_PEER	16U
#define BITS_MIN	1024U

struct wgm_sources {
	struct rcu_head rcu;
	siphash_key_t key;	/* so that nobody can choose addresses that it takes for others */
	u32 mask;
	unsigned long bits[];
};

/* Two bits for each, at the two halves of its hash.  Nothing is said of scopes: the same
 * link-local address on two links is the same here.
 */
static u64 hash(const struct wgm_sources *sources, const struct wgm_endpoint *endpoint)
{
	u8 bytes[sizeof(endpoint->v6) + sizeof(endpoint->port)] = {};

	if (endpoint->family == AF_INET)
		memcpy(bytes, &endpoint->v4, sizeof(endpoint->v4));
	else
		memcpy(bytes, &endpoint->v6, sizeof(endpoint->v6));
	memcpy(bytes + sizeof(endpoint->v6), &endpoint->port, sizeof(endpoint->port));
	return siphash(bytes, sizeof(bytes), &sources->key);
}

static void add(struct wgm_sources *sources, const struct wgm_endpoint *endpoint)
{
	u64 at;

	if (!endpoint->family)
		return;
	at = hash(sources, endpoint);
	__set_bit(lower_32_bits(at) & sources->mask, sources->bits);
	__set_bit(upper_32_bits(at) & sources->mask, sources->bits);
}

bool wgm_sources_have(const struct wgm_sources *sources, const struct wgm_endpoint *endpoint)
{
	u64 at;

	if (!sources)
		return false;
	at = hash(sources, endpoint);
	return test_bit(lower_32_bits(at) & sources->mask, sources->bits) &&
	       test_bit(upper_32_bits(at) & sources->mask, sources->bits);
}

struct wgm_sources *wgm_sources_new(struct wgm_table *table)
{
	u32 bits = roundup_pow_of_two(max(table->n_peers * BITS_PER_PEER, BITS_MIN));
	struct wgm_sources *sources;
	struct wgm_peer *peer;
	unsigned long id;

	sources = kvzalloc(sizeof(*sources) + bits / BITS_PER_BYTE, GFP_KERNEL_ACCOUNT);
	if (!sources)
		return NULL;
	get_random_bytes(&sources->key, sizeof(sources->key));
	sources->mask = bits - 1;
	for (id = 0; (peer = wgm_peer_next(table, &id)); id++) {
		cond_resched();
		if (!(peer->marks & WGM_PEER_GONE))
			add(sources, wgm_peer_endpoint(peer));
	}
	return sources;
}

void wgm_sources_free(struct wgm_sources *sources)
{
	if (sources)
		kvfree_rcu(sources, rcu);
}
