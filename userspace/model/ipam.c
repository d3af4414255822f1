// SPDX-License-Identifier: Apache-2.0
#include "model/ipam.h"

#include <stdlib.h>

#include "base/buf.h"

struct ipam_range ipam_ipv4_range(const struct prefix *network)
{
	struct prefix base = prefix_masked(network);
	uint64_t first = load_u32(base.ip.bytes);

	return (struct ipam_range){
		.first = first + 1,
		.last = first + (1ULL << (32 - network->len)) - 2,
	};
}

struct prefix ipam_ipv4_address(const struct prefix *network, uint64_t number)
{
	struct prefix p = { .ip.family = AF_INET, .len = network->len };

	store_u32(p.ip.bytes, (uint32_t)number);
	return p;
}

uint64_t ipam_ipv4_number(const struct ip *address)
{
	return load_u32(address->bytes);
}

struct ipam_range ipam_ipv6_range(const struct prefix *ula)
{
	struct prefix base = prefix_masked(ula);
	uint64_t first = load_u64(base.ip.bytes);

	return (struct ipam_range){
		.first = first + 1,
		.last = first + (1ULL << (64 - ula->len)) - 1,
	};
}

struct prefix ipam_ipv6_network(uint64_t number)
{
	struct prefix p = { .ip.family = AF_INET6, .len = 64 };

	store_u64(p.ip.bytes, number);
	return p;
}

uint64_t ipam_ipv6_number(const struct ip *network)
{
	return load_u64(network->bytes);
}

uint64_t ipam_pick(const struct ipam_range *range, const uint8_t random[8])
{
	/* The ranges are far below 2^64: the bias of the remainder does not matter. */
	return range->first + load_u64(random) % (range->last - range->first + 1);
}

/*
 * Open addressing with linear probing at no more than half full; a removal
 * shifts what follows back (Knuth 6.4, algorithm R), so there are no tombstones.
 */
struct ipam_reservations {
	unsigned int max, used;
	uint32_t mask;
	struct slot {
		uint64_t number;
		uint32_t pool;	/* 0: free */
	} slots[];
};

struct ipam_reservations *ipam_reservations_new(unsigned int max)
{
	struct ipam_reservations *set;
	uint32_t size = 4;

	while (size < 2 * max)
		size *= 2;
	set = calloc(1, sizeof(*set) + size * sizeof(struct slot));
	if (!set)
		return NULL;
	set->max = max;
	set->mask = size - 1;
	return set;
}

void ipam_reservations_free(struct ipam_reservations *set)
{
	free(set);
}

/* Fibonacci hashing: neighbouring numbers, the common case, spread. */
static uint32_t home(const struct ipam_reservations *set, enum ipam_pool pool, uint64_t number)
{
	return (uint32_t)((number * 0x9e3779b97f4a7c15ULL + pool) >> 32) & set->mask;
}

/* The slot that holds it, or the free one where it belongs. */
static uint32_t find(const struct ipam_reservations *set, enum ipam_pool pool, uint64_t number)
{
	uint32_t i = home(set, pool, number);

	while (set->slots[i].pool &&
	       (set->slots[i].pool != pool || set->slots[i].number != number))
		i = (i + 1) & set->mask;
	return i;
}

int ipam_reserve(struct ipam_reservations *set, enum ipam_pool pool, uint64_t number,
		 struct error *err)
{
	uint32_t i = find(set, pool, number);

	if (set->slots[i].pool)
		return error_set(err, ERR_EXISTS, "address number %llu is already reserved",
				 (unsigned long long)number);
	if (set->used == set->max)
		return error_set(err, ERR_EXHAUSTED,
				 "%u joins are in progress already; try again in a moment",
				 set->max);
	set->slots[i] = (struct slot){ .number = number, .pool = pool };
	set->used++;
	return 0;
}

void ipam_release(struct ipam_reservations *set, enum ipam_pool pool, uint64_t number)
{
	uint32_t hole = find(set, pool, number), i;

	if (!set->slots[hole].pool)
		return;
	for (i = (hole + 1) & set->mask; set->slots[i].pool; i = (i + 1) & set->mask) {
		uint32_t h = home(set, set->slots[i].pool, set->slots[i].number);

		/* It may move back unless its home lies behind the hole. */
		if (((i - h) & set->mask) >= ((i - hole) & set->mask)) {
			set->slots[hole] = set->slots[i];
			hole = i;
		}
	}
	set->slots[hole].pool = 0;
	set->used--;
}

void ipam_release_all(struct ipam_reservations *set)
{
	for (uint32_t i = 0; i <= set->mask; i++)
		set->slots[i].pool = 0;
	set->used = 0;
}

bool ipam_reserved(const struct ipam_reservations *set, enum ipam_pool pool, uint64_t number)
{
	return set && set->slots[find(set, pool, number)].pool;
}
