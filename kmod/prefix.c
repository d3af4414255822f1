// SPDX-License-Identifier: GPL-2.0
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/unaligned.h"
#include "nexthop.h"
#include "prefix.h"
#include "table.h"

static struct kmem_cache *v4_cache, *v6_cache;

static size_t node_size(u8 bits)
{
	return sizeof(struct wgm_prefix) + bits / 8;
}

static unsigned int bit_at(const u8 *addr, u8 n)
{
	return (addr[n / 8] >> (7 - n % 8)) & 1;
}

/* How many bits, from the first on, two addresses share. */
static u8 common_bits(const u8 *a, const u8 *b, u8 bits)
{
	u64 diff;

	if (bits == 32)
		return 32 - fls(get_unaligned_be32(a) ^ get_unaligned_be32(b));
	diff = get_unaligned_be64(a) ^ get_unaligned_be64(b);
	if (diff)
		return 64 - fls64(diff);
	return 128 - fls64(get_unaligned_be64(a + 8) ^ get_unaligned_be64(b + 8));
}

static bool holds(const struct wgm_prefix *prefix, const u8 *addr)
{
	return common_bits(prefix->addr, addr, prefix->bits) >= prefix->len;
}

static struct wgm_prefix *deref(const struct wgm_table *table, struct wgm_prefix __rcu *p)
{
	return rcu_dereference_check(p, lockdep_is_held(&table->lock));
}

static struct wgm_prefix *root_of(const struct wgm_table *table, u8 bits)
{
	return deref(table, table->root[wgm_family_index(bits)]);
}

bool wgm_prefix_is_canonical(const u8 *addr, u8 bits, u8 len)
{
	u8 i;

	if (len < bits && addr[len / 8] & (0xff >> len % 8))
		return false;
	for (i = len / 8 + 1; i < bits / 8; i++)
		if (addr[i])
			return false;
	return true;
}

struct wgm_prefix *wgm_prefix_find(const struct wgm_table *table, u8 bits, const u8 *addr, u8 len)
{
	struct wgm_prefix *at = root_of(table, bits);

	while (at && at->len <= len && holds(at, addr)) {
		if (at->len == len)
			return at;
		at = deref(table, at->child[bit_at(addr, at->len)]);
	}
	return NULL;
}

struct wgm_prefix *wgm_prefix_match(const struct wgm_table *table, u8 bits, const u8 *addr)
{
	struct wgm_prefix *at = root_of(table, bits), *found = NULL;

	while (at && holds(at, addr)) {
		if (wgm_hop_any_visible(table, at, NULL))
			found = at;
		if (at->len == bits)
			break;
		at = deref(table, at->child[bit_at(addr, at->len)]);
	}
	return found;
}

static struct wgm_prefix *new_node(struct wgm_table *table, u8 bits, const u8 *addr, u8 len)
{
	struct wgm_prefix *node;
	u8 whole = len / 8;

	node = kmem_cache_zalloc(bits == 32 ? v4_cache : v6_cache, GFP_KERNEL_ACCOUNT);
	if (!node)
		return NULL;
	node->len = len;
	node->bits = bits;
	memcpy(node->addr, addr, whole);
	if (len % 8)
		node->addr[whole] = addr[whole] & (0xff << (8 - len % 8));
	table->memory += node_size(bits);
	return node;
}

static void free_node(struct wgm_table *table, struct wgm_prefix *node)
{
	table->memory -= node_size(node->bits);
	wgm_reap(&table->reaper, node);
}

/* Puts a new node where @at hangs on @link: above it, or beside it under a node
 * that joins the two.
 */
static struct wgm_prefix *insert(struct wgm_table *table, struct wgm_prefix __rcu **link,
				 struct wgm_prefix *at, u8 bits, const u8 *addr, u8 len)
{
	struct wgm_prefix *node = new_node(table, bits, addr, len), *top = node;
	u8 shared;

	if (!node || !at)
		goto out;
	shared = min3(common_bits(at->addr, addr, bits), at->len, len);
	if (shared < len) {
		top = new_node(table, bits, addr, shared);
		if (!top) {
			free_node(table, node);
			return NULL;
		}
		RCU_INIT_POINTER(top->child[bit_at(addr, shared)], node);
	}
	RCU_INIT_POINTER(top->child[bit_at(at->addr, shared)], at);
out:
	if (node)
		rcu_assign_pointer(*link, top);
	return node;
}

struct wgm_prefix *wgm_prefix_add(struct wgm_table *table, u8 bits, const u8 *addr, u8 len)
{
	struct wgm_prefix __rcu **link = &table->root[wgm_family_index(bits)];
	struct wgm_prefix *at;

	while ((at = wgm_table_deref(table, *link)) && at->len <= len && holds(at, addr)) {
		if (at->len == len)
			return at;
		link = &at->child[bit_at(addr, at->len)];
	}
	return insert(table, link, at, bits, addr, len);
}

/* The link on which @node hangs; *ret_above is the link of the node above it. */
static struct wgm_prefix __rcu **link_of(struct wgm_table *table, const struct wgm_prefix *node,
					 struct wgm_prefix __rcu ***ret_above)
{
	struct wgm_prefix __rcu **link = &table->root[wgm_family_index(node->bits)];
	struct wgm_prefix *at;

	*ret_above = NULL;
	while ((at = wgm_table_deref(table, *link)) != node) {
		*ret_above = link;
		link = &at->child[bit_at(node->addr, at->len)];
	}
	return link;
}

/* Takes @node out when it has no hops and at most one child; says whether. */
static bool splice(struct wgm_table *table, struct wgm_prefix __rcu **link,
		   struct wgm_prefix *node)
{
	struct wgm_prefix *left = wgm_table_deref(table, node->child[0]);
	struct wgm_prefix *right = wgm_table_deref(table, node->child[1]);

	if (rcu_access_pointer(node->hops) || node->parked || (left && right))
		return false;
	rcu_assign_pointer(*link, left ? left : right);
	free_node(table, node);
	return true;
}

void wgm_prefix_prune(struct wgm_table *table, struct wgm_prefix *prefix)
{
	struct wgm_prefix __rcu **above, **link = link_of(table, prefix, &above);

	if (prefix->parked && !rcu_access_pointer(prefix->hops))
		table->stale_parks = true;
	/* What joined it to a neighbour has one child left, then. */
	if (splice(table, link, prefix) && above)
		splice(table, above, wgm_table_deref(table, *above));
}

struct wgm_prefix *wgm_prefix_down(struct wgm_table *table, const struct wgm_prefix *at,
				   const struct wgm_prefix *prefix)
{
	struct wgm_prefix *next;

	if (at)
		next = wgm_table_deref(table, at->child[bit_at(prefix->addr, at->len)]);
	else
		next = wgm_table_deref(table, table->root[wgm_family_index(prefix->bits)]);
	return next != prefix ? next : NULL;
}

bool wgm_prefix_holds(const struct wgm_prefix *prefix, const u8 *addr)
{
	return holds(prefix, addr);
}

struct wgm_prefix *wgm_prefix_next(const struct wgm_table *table, u8 bits, const u8 *addr, u8 len)
{
	struct wgm_prefix *at = root_of(table, bits), *later = NULL, *left, *right;
	u8 shared;

	while (at && addr) {
		shared = common_bits(at->addr, addr, bits);
		if (shared < min(at->len, len))		/* beside: before it or after it */
			return bit_at(at->addr, shared) ? at : later;
		if (at->len > len)			/* inside of what was asked for */
			return at;
		left = at->len < bits ? deref(table, at->child[0]) : NULL;
		right = at->len < bits ? deref(table, at->child[1]) : NULL;
		if (at->len == len)
			return left ? left : right ? right : later;
		if (bit_at(addr, at->len)) {
			at = right;
		} else {
			later = right ? right : later;
			at = left;
		}
	}
	return at ? at : later;
}

/* Without recursion, and a node is reached over a child link only: turn left
 * children up to the right until there are none.
 */
static void free_trie(struct wgm_prefix *node)
{
	while (node) {
		struct wgm_prefix *left = rcu_dereference_raw(node->child[0]);
		struct wgm_prefix *next;

		if (left) {
			RCU_INIT_POINTER(node->child[0], rcu_dereference_raw(left->child[1]));
			RCU_INIT_POINTER(left->child[1], node);
			node = left;
			continue;
		}
		next = rcu_dereference_raw(node->child[1]);
		kfree(node);
		node = next;
	}
}

void wgm_prefix_free_all(struct wgm_table *table)
{
	free_trie(rcu_dereference_raw(table->root[0]));
	free_trie(rcu_dereference_raw(table->root[1]));
}

int __init wgm_prefix_init(void)
{
	v4_cache = kmem_cache_create("wgm_prefix_v4", node_size(32), 0, 0, NULL);
	v6_cache = kmem_cache_create("wgm_prefix_v6", node_size(128), 0, 0, NULL);
	if (v4_cache && v6_cache)
		return 0;
	wgm_prefix_fini();
	return -ENOMEM;
}

void wgm_prefix_fini(void)
{
	kmem_cache_destroy(v4_cache);
	kmem_cache_destroy(v6_cache);
}
