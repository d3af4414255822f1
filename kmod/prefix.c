// SPDX-License-Identifier: GPL-2.0
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/unaligned.h"
#include "nexthop.h"
#include "prefix.h"
#include "table.h"

/* By family, and by whether it is a host prefix. */
static struct kmem_cache *caches[2][2];

static size_t children_offset(u8 bits)
{
	return ALIGN(offsetof(struct wgm_prefix, addr) + bits / 8, sizeof(void *));
}

static size_t node_size(u8 bits, bool host)
{
	return children_offset(bits) + (host ? 0 : 2 * sizeof(struct wgm_prefix *));
}

/* Where the child of a node hangs that has the bit after the node's last one; not of a
 * host prefix.
 */
static struct wgm_prefix __rcu **child(const struct wgm_prefix *node, unsigned int bit)
{
	return (struct wgm_prefix __rcu **)((u8 *)node + children_offset(node->bits)) + bit;
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

static struct wgm_prefix *left_of(const struct wgm_table *table, const struct wgm_prefix *node)
{
	return node->len < node->bits ? deref(table, *child(node, 0)) : NULL;
}

static struct wgm_prefix *right_of(const struct wgm_table *table, const struct wgm_prefix *node)
{
	return node->len < node->bits ? deref(table, *child(node, 1)) : NULL;
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
		at = deref(table, *child(at, bit_at(addr, at->len)));
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
		at = deref(table, *child(at, bit_at(addr, at->len)));
	}
	return found;
}

static struct wgm_prefix *new_node(struct wgm_table *table, u8 bits, const u8 *addr, u8 len)
{
	struct wgm_prefix *node;
	u8 whole = len / 8;

	node = kmem_cache_zalloc(caches[wgm_family_index(bits)][len == bits], GFP_KERNEL_ACCOUNT);
	if (!node)
		return NULL;
	node->len = len;
	node->bits = bits;
	memcpy(node->addr, addr, whole);
	if (len % 8)
		node->addr[whole] = addr[whole] & (0xff << (8 - len % 8));
	table->memory += node_size(bits, len == bits);
	return node;
}

static void free_node(struct wgm_table *table, struct wgm_prefix *node)
{
	table->memory -= node_size(node->bits, node->len == node->bits);
	wgm_recent_forget(table);
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
		RCU_INIT_POINTER(*child(top, bit_at(addr, shared)), node);
	}
	RCU_INIT_POINTER(*child(top, bit_at(at->addr, shared)), at);
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
		link = child(at, bit_at(addr, at->len));
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
		link = child(at, bit_at(node->addr, at->len));
	}
	return link;
}

/* Takes @node out when it has no hops and at most one child; says whether. */
static bool splice(struct wgm_table *table, struct wgm_prefix __rcu **link,
		   struct wgm_prefix *node)
{
	struct wgm_prefix *left = left_of(table, node), *right = right_of(table, node);

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
		next = wgm_table_deref(table, *child(at, bit_at(prefix->addr, at->len)));
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
		left = left_of(table, at);
		right = right_of(table, at);
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
 * children up to the right until there are none.  A host prefix has no links to turn:
 * it goes at once.
 */
static void free_trie(struct wgm_prefix *node)
{
	while (node) {
		bool host = node->len == node->bits;
		struct wgm_prefix *left = host ? NULL : rcu_dereference_raw(*child(node, 0));
		struct wgm_prefix *next = host ? NULL : rcu_dereference_raw(*child(node, 1));

		if (left && left->len == left->bits) {
			kfree(left);
			RCU_INIT_POINTER(*child(node, 0), NULL);
		} else if (left) {
			RCU_INIT_POINTER(*child(node, 0), rcu_dereference_raw(*child(left, 1)));
			RCU_INIT_POINTER(*child(left, 1), node);
			node = left;
		} else {
			kfree(node);
			node = next;
		}
	}
}

void wgm_prefix_free_all(struct wgm_table *table)
{
	free_trie(rcu_dereference_raw(table->root[0]));
	free_trie(rcu_dereference_raw(table->root[1]));
}

int __init wgm_prefix_init(void)
{
	static const char * const names[2][2] = {
		{ "wgm_prefix_v4", "wgm_prefix_v4_host" }, { "wgm_prefix_v6", "wgm_prefix_v6_host" },
	};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		caches[i / 2][i % 2] = kmem_cache_create(names[i / 2][i % 2],
							 node_size(i < 2 ? 32 : 128, i % 2), 0, 0,
							 NULL);
		if (!caches[i / 2][i % 2]) {
			wgm_prefix_fini();
			return -ENOMEM;
		}
	}
	return 0;
}

void wgm_prefix_fini(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		kmem_cache_destroy(caches[i / 2][i % 2]);
}
