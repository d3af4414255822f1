// SPDX-License-Identifier: GPL-2.0
#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "compat/unaligned.h"
#include "nexthop.h"
#include "prefix.h"
#include "recent.h"
#include "table.h"

#define ENTRIES_BITS	7

struct entry {
	unsigned long tag;	/* the table's version and the address family; 0: none */
	struct wgm_prefix *prefix;
	u8 addr[16];
};

struct wgm_recent {
	struct entry entries[1 << ENTRIES_BITS];
};

int wgm_recent_init(struct wgm_recent __percpu **ret)
{
	*ret = alloc_percpu_gfp(struct wgm_recent, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	return *ret ? 0 : -ENOMEM;
}

void wgm_recent_fini(struct wgm_recent __percpu *recent)
{
	free_percpu(recent);
}

void wgm_recent_forget(struct wgm_table *table)
{
	lockdep_assert_held(&table->lock);
	/* Pairs with wgm_recent_hop(): who sees the version sees what was changed before. */
	smp_store_release(&table->version, table->version + 1);
}

static struct entry *entry_of(struct wgm_table *table, u8 bits, const u8 *addr)
{
	u64 word = get_unaligned_be32(addr);

	if (bits == 128)
		word = get_unaligned_be64(addr) ^ get_unaligned_be64(addr + 8);
	return &this_cpu_ptr(table->recent)->entries[hash_64(word, ENTRIES_BITS)];
}

struct wgm_hop *wgm_recent_hop(struct wgm_table *table, u8 bits, const u8 *addr)
{
	/* Pairs with wgm_recent_forget(). */
	unsigned long tag = smp_load_acquire(&table->version) << 1 | wgm_family_index(bits);
	struct entry *entry = entry_of(table, bits, addr);
	struct wgm_prefix *prefix;
	struct wgm_hop *hop;

	if (entry->tag == tag && !memcmp(entry->addr, addr, bits / 8)) {
		hop = wgm_hop_chosen(table, entry->prefix);
		if (hop)	/* else a batch that takes it away is not all in */
			return hop;
	}
	prefix = wgm_prefix_match(table, bits, addr);
	if (!prefix)
		return NULL;
	entry->tag = tag;
	entry->prefix = prefix;
	memcpy(entry->addr, addr, bits / 8);
	return wgm_hop_chosen(table, prefix);
}
