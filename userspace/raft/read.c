// SPDX-License-Identifier: Apache-2.0
/*
 * Linearisable reads without the log: thesis 6.4.  A read waits for a round of
 * heartbeats sent after it came, which proves that no newer leader had
 * committed anything then, and for the state to reach what was committed then.
 */
#include <stdlib.h>
#include <string.h>

#include "raft/core.h"

enum { READS_START = 16 };

static int make_room(struct raft *r, struct error *err)
{
	struct reads *reads = &r->reads;
	size_t capacity = reads->capacity ? reads->capacity * 2 : READS_START;
	struct waiting_read *items;

	if (reads->count == RAFT_READS_MAX)
		return error_set(err, ERR_EXHAUSTED, "%d reads wait for a majority; try again",
				 RAFT_READS_MAX);
	if (reads->count < reads->capacity)
		return 0;
	items = realloc(reads->items, capacity * sizeof(*items));
	if (!items)
		return error_set(err, ERR_MEMORY, "no memory for a read request");
	reads->items = items;
	reads->capacity = capacity;
	return 0;
}

/* Thesis 6.4. */
int raft_read_index(struct raft *r, uint64_t id, struct error *err)
{
	int rc;

	if (raft_has_failed(r))
		return raft_verdict(r, err);
	rc = raft_check_leader(r, err);
	if (!rc)
		rc = make_room(r, err);
	if (!rc)
		r->reads.items[r->reads.count++] = (struct waiting_read){ .id = id };
	return rc;
}

/*
 * Thesis 6.4, steps 1 to 3: until something of its term is committed, the
 * leader does not know what is; then one round serves all that wait.
 */
void raft_reads_ask(struct raft *r)
{
	struct reads *reads = &r->reads;

	if (reads->asked == reads->count || raft_term_at(r, r->commit) != r->term)
		return;
	reads->round++;
	for (; reads->asked < reads->count; reads->asked++) {
		reads->items[reads->asked].index = r->commit;
		reads->items[reads->asked].round = reads->round;
	}
	raft_broadcast_heartbeat(r);
}

/* Thesis 6.4: who leads no more cannot know what is committed. */
void raft_reads_lose(struct raft *r)
{
	for (size_t i = 0; i < r->reads.count; i++)
		r->reads.items[i].lost = true;
	r->reads.asked = r->reads.count;
}

/* Thesis 6.4, steps 4 and 5. */
static size_t count_done(struct raft *r)
{
	uint64_t round = r->role == RAFT_LEADER ? raft_quorum_round(r) : 0;
	size_t n = 0;

	for (; n < r->reads.asked; n++) {
		const struct waiting_read *w = &r->reads.items[n];

		if (!w->lost && (w->round > round || w->index > r->applied))
			break;
	}
	return n;
}

/* Thesis 6.4, step 5; those that are lost are told so, in their turn. */
size_t raft_reads_take(struct raft *r, struct raft_read **ret)
{
	struct reads *reads = &r->reads;
	size_t done = reads->asked ? count_done(r) : 0;
	struct raft_read *list;

	if (!done)
		return 0;
	list = calloc(done, sizeof(*list));
	if (!list) {
		raft_fail_memory(r, "answers to reads");
		return 0;
	}
	for (size_t i = 0; i < done; i++)
		list[i] = (struct raft_read){ .id = reads->items[i].id,
					     .ok = !reads->items[i].lost };
	reads->count -= done;
	reads->asked -= done;
	memmove(reads->items, reads->items + done, reads->count * sizeof(reads->items[0]));
	*ret = list;
	return done;
}

void raft_reads_fini(struct reads *reads)
{
	free(reads->items);
	reads->items = NULL;
}
