/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a leader knows of one other server and how it paces what it sends
 * (thesis 3.5, 10.2.2).  Pure bookkeeping; inside the core only.
 */
#ifndef WGMESH_RAFT_PROGRESS_H
#define WGMESH_RAFT_PROGRESS_H

#include <stdbool.h>

#include "raft/raft.h"

struct raft_flight {
	uint64_t last_index;	/* of one append under way */
	size_t bytes;
};

struct raft_progress {
	uint64_t id;
	enum raft_peer_state state;
	uint64_t match;		/* stored there */
	uint64_t next;		/* the next entry to send */
	uint64_t sent_commit;	/* highest commit index told */
	uint64_t acked_round;	/* highest heartbeat round answered (6.4) */
	bool paused;		/* probing, and waiting for the answer */
	bool heard;		/* since the last quorum check (6.2) */
	unsigned int silent_ticks;
	unsigned int leaving_ticks;	/* since its removal was committed */
	unsigned int flight_head;	/* a ring of appends in flight, oldest first */
	unsigned int flight_count;
	size_t flight_bytes;
	struct raft_flight flights[RAFT_INFLIGHT_MAX];
};

/* Of a new leader whose log ends at @last: probe from there (thesis 3.5). */
void raft_progress_init(struct raft_progress *p, uint64_t id, uint64_t last);

void raft_progress_probe(struct raft_progress *p, uint64_t next);
void raft_progress_replicate(struct raft_progress *p);

/* May one more append with entries be sent now? */
bool raft_progress_may_send(const struct raft_progress *p, const struct raft_config *config);
/* An append with @count entries and @bytes of data from next on was sent. */
void raft_progress_sent(struct raft_progress *p, size_t count, size_t bytes);
/* Appends up to @index have been answered. */
void raft_progress_landed(struct raft_progress *p, uint64_t index);
/* Forget the oldest append in flight: it may be lost, and the window must not stay shut. */
void raft_progress_forgive(struct raft_progress *p);

#endif
