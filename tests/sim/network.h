/* SPDX-License-Identifier: Apache-2.0 */
/* Messages under way: lost, doubled, late, out of order, or cut off, as told. */
#ifndef WGMESH_SIM_NETWORK_H
#define WGMESH_SIM_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "raft/message.h"
#include "rng.h"

enum { SERVERS_MAX = 7 };

struct packet {
	struct raft_message message;	/* with an array and references of its own */
	uint64_t due;
	uint64_t order;
};

struct network {
	struct packet *packets;		/* a heap by (due, order) */
	size_t count, capacity;
	uint64_t sent;
	bool cut[SERVERS_MAX + 1][SERVERS_MAX + 1];	/* [from][to] */
	unsigned int loss, doubling, lateness;	/* per thousand */
	unsigned int delay_max;		/* of usual messages */
	unsigned int late_max;		/* of late ones */
};

/* Copies @m; what becomes of it is decided here and now. */
void network_send(struct network *net, struct rng *rng, uint64_t now, const struct raft_message *m);

/* Copies @m: it arrives again then. */
void network_hold(struct network *net, const struct raft_message *m, uint64_t until);

/* The next packet due by @now, or false; the caller releases its message. */
bool network_receive(struct network *net, uint64_t now, struct raft_message *ret);

/* The oldest packet from @from to @to (0: any), whenever it is due. */
bool network_pick(struct network *net, uint64_t from, uint64_t to, struct raft_message *ret);

void network_release(struct raft_message *m);
void network_fini(struct network *net);

#endif
