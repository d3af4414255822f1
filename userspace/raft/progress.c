// SPDX-License-Identifier: Apache-2.0
#include "raft/progress.h"

#include <string.h>

void raft_progress_init(struct raft_progress *p, uint64_t id, uint64_t last)
{
	memset(p, 0, sizeof(*p));
	p->id = id;
	p->heard = true;	/* the benefit of the doubt, until the first quorum check */
	raft_progress_probe(p, last + 1);
}

static void clear_flights(struct raft_progress *p)
{
	p->flight_head = 0;
	p->flight_count = 0;
	p->flight_bytes = 0;
}

/* Thesis 10.2.2: one message at a time, until it is known where the logs agree. */
void raft_progress_probe(struct raft_progress *p, uint64_t next)
{
	p->state = RAFT_PEER_PROBE;
	p->paused = false;
	p->next = next;
	clear_flights(p);
}

/* Thesis 10.2.2: nextIndex goes on with what is sent, not with what is answered. */
void raft_progress_replicate(struct raft_progress *p)
{
	p->state = RAFT_PEER_REPLICATE;
	p->paused = false;
	p->next = p->match + 1;
	clear_flights(p);
}

bool raft_progress_may_send(const struct raft_progress *p, const struct raft_config *config)
{
	switch (p->state) {
	case RAFT_PEER_PROBE:
		return !p->paused;
	case RAFT_PEER_REPLICATE:
		return p->flight_count < config->inflight_messages_max &&
		       p->flight_bytes < config->inflight_bytes_max;
	case RAFT_PEER_BEHIND:
		break;
	}
	return false;
}

void raft_progress_sent(struct raft_progress *p, size_t count, size_t bytes)
{
	unsigned int at = (p->flight_head + p->flight_count) % RAFT_INFLIGHT_MAX;

	if (p->state == RAFT_PEER_PROBE) {
		p->paused = true;
		return;
	}
	p->next += count;
	p->flights[at] = (struct raft_flight){ .last_index = p->next - 1, .bytes = bytes };
	p->flight_count++;
	p->flight_bytes += bytes;
}

void raft_progress_forgive(struct raft_progress *p)
{
	if (!p->flight_count)
		return;
	p->flight_bytes -= p->flights[p->flight_head].bytes;
	p->flight_head = (p->flight_head + 1) % RAFT_INFLIGHT_MAX;
	p->flight_count--;
}

void raft_progress_landed(struct raft_progress *p, uint64_t index)
{
	while (p->flight_count && p->flights[p->flight_head].last_index <= index)
		raft_progress_forgive(p);
}
