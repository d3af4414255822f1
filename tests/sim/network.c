// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <err.h>
#include <stdlib.h>

static bool before(const struct packet *a, const struct packet *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void swap(struct packet *a, struct packet *b)
{
	struct packet t = *a;

	*a = *b;
	*b = t;
}

static void sift_up(struct network *net, size_t at)
{
	for (; at && before(&net->packets[at], &net->packets[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&net->packets[at], &net->packets[(at - 1) / 2]);
}

static void sift_down(struct network *net, size_t at)
{
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < net->count; child++)
			if (before(&net->packets[child], &net->packets[least]))
				least = child;
		if (least == at)
			return;
		swap(&net->packets[at], &net->packets[least]);
		at = least;
	}
}

static struct raft_message take_at(struct network *net, size_t at)
{
	struct raft_message m = net->packets[at].message;

	net->packets[at] = net->packets[--net->count];
	if (at < net->count) {
		sift_down(net, at);
		sift_up(net, at);
	}
	return m;
}

static struct raft_message copy(const struct raft_message *m)
{
	struct raft_message c = *m;

	c.entries = calloc(m->entry_count + 1, sizeof(c.entries[0]));
	if (!c.entries)
		err(2, "message");
	for (size_t i = 0; i < m->entry_count; i++)
		c.entries[i] = raft_entry_ref(m->entries[i]);
	return c;
}

static void put(struct network *net, const struct raft_message *m, uint64_t due)
{
	if (net->count == net->capacity) {
		net->capacity = net->capacity ? net->capacity * 2 : 64;
		net->packets = realloc(net->packets, net->capacity * sizeof(net->packets[0]));
		if (!net->packets)
			err(2, "network of %zu packets", net->capacity);
	}
	net->packets[net->count] = (struct packet){
		.message = copy(m), .due = due, .order = net->sent++,
	};
	sift_up(net, net->count++);
}

static uint64_t draw_delay(const struct network *net, struct rng *rng)
{
	if (net->lateness && rng_chance(rng, net->lateness))
		return rng_range(rng, 1, net->late_max);
	return net->delay_max ? rng_range(rng, 1, net->delay_max) : 0;
}

void network_send(struct network *net, struct rng *rng, uint64_t now, const struct raft_message *m)
{
	if (net->cut[m->from][m->to])
		return;
	if (net->loss && rng_chance(rng, net->loss))
		return;
	put(net, m, now + draw_delay(net, rng));
	if (net->doubling && rng_chance(rng, net->doubling))
		put(net, m, now + draw_delay(net, rng));
}

void network_hold(struct network *net, const struct raft_message *m, uint64_t until)
{
	put(net, m, until);
}

bool network_receive(struct network *net, uint64_t now, struct raft_message *ret)
{
	if (!net->count || net->packets[0].due > now)
		return false;
	*ret = take_at(net, 0);
	return true;
}

bool network_pick(struct network *net, uint64_t from, uint64_t to, struct raft_message *ret)
{
	size_t best = net->count;

	for (size_t i = 0; i < net->count; i++) {
		const struct packet *p = &net->packets[i];

		if ((from && p->message.from != from) || (to && p->message.to != to))
			continue;
		if (best == net->count || before(p, &net->packets[best]))
			best = i;
	}
	if (best == net->count)
		return false;
	*ret = take_at(net, best);
	return true;
}

void network_release(struct raft_message *m)
{
	for (size_t i = 0; i < m->entry_count; i++)
		raft_entry_unref(m->entries[i]);
	free(m->entries);
}

void network_fini(struct network *net)
{
	while (net->count)
		network_release(&net->packets[--net->count].message);
	free(net->packets);
}
