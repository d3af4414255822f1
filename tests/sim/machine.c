// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void reserve(uint64_t **items, size_t *capacity, size_t want)
{
	if (want <= *capacity)
		return;
	*items = realloc(*items, want * sizeof(**items));
	if (!*items)
		err(2, "state machine");
	memset(*items + *capacity, 0, (want - *capacity) * sizeof(**items));
	*capacity = want;
}

static void grow(uint64_t **items, size_t *capacity, uint64_t at)
{
	if (at >= *capacity)
		reserve(items, capacity, at * 2 + 64);
}

static void mix(struct machine *m, uint64_t word)
{
	m->digest = (m->digest ^ word) * 0x9e3779b97f4a7c15u;
	m->digest ^= m->digest >> 29;
}

static void run_request(struct machine *m, uint64_t request, uint64_t address)
{
	grow(&m->leases, &m->lease_capacity, request);
	grow(&m->holders, &m->holder_capacity, address);
	if (m->leases[request])
		return;
	m->value = request;
	m->leases[request] = m->holders[address] ? UINT64_MAX : address;
	if (!m->holders[address])
		m->holders[address] = request;
	mix(m, request);
	mix(m, m->leases[request]);
}

void machine_apply(struct machine *m, const struct raft_entry *entry)
{
	m->applied = entry->index;
	mix(m, entry->index);
	if (entry->kind == RAFT_ENTRY_DATA && entry->len >= MACHINE_DATA)
		run_request(m, load_u64(entry->data), load_u64(entry->data + 8));
}

uint64_t machine_lease(const struct machine *m, uint64_t request)
{
	uint64_t lease = request < m->lease_capacity ? m->leases[request] : 0;

	return lease == UINT64_MAX ? 0 : lease;
}

uint64_t machine_free_address(const struct machine *m, uint64_t from)
{
	while (from < m->holder_capacity && m->holders[from])
		from++;
	return from;
}

static void copy_items(uint64_t **to, size_t *capacity, const uint64_t *from, size_t count)
{
	reserve(to, capacity, count);
	if (count)
		memcpy(*to, from, count * sizeof(*from));
	if (*capacity > count)
		memset(*to + count, 0, (*capacity - count) * sizeof(**to));
}

void machine_copy(struct machine *to, const struct machine *from)
{
	copy_items(&to->leases, &to->lease_capacity, from->leases, from->lease_capacity);
	copy_items(&to->holders, &to->holder_capacity, from->holders, from->holder_capacity);
	to->applied = from->applied;
	to->value = from->value;
	to->digest = from->digest;
}

void machine_fini(struct machine *m)
{
	free(m->leases);
	free(m->holders);
	*m = (struct machine){ 0 };
}
