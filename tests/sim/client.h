/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that writes to and reads from whoever says to lead, and remembers what it was told.
 * What it is not told the fate of, it may ask for again: the value is its request id, and the state
 * machine takes each only once.
 */
#ifndef WGMESH_SIM_CLIENT_H
#define WGMESH_SIM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "history.h"
#include "raft/raft.h"

struct cluster;
struct server;

struct pending_write {
	uint64_t server;
	unsigned int incarnation;
	struct raft_position position;
	uint64_t value;
	size_t operation;	/* of the history */
};

struct pending_read {
	uint64_t server;
	unsigned int incarnation;
	uint64_t id;
	uint64_t floor;		/* the highest index acknowledged when it was asked */
	size_t operation;
};

struct unknown_write {
	uint64_t value;
	size_t operation;
};

enum { PENDING_MAX = 512, UNKNOWN_MAX = 32 };

struct client {
	struct pending_write writes[PENDING_MAX];
	struct pending_read reads[PENDING_MAX];
	struct unknown_write unknown[UNKNOWN_MAX];
	size_t write_count, read_count, unknown_count;
	struct history history;
	uint64_t next_value;
	uint64_t acknowledged, answered;	/* how many */
	uint64_t refused;		/* of the acknowledged: their address was gone */
};

/* @size: of the payload, made MACHINE_DATA if less.  False: refused. */
bool client_write(struct cluster *c, struct server *s, size_t size);
bool client_read(struct cluster *c, struct server *s);
/* Once more what nobody has answered; false: there is no such write, or it is refused. */
bool client_retry(struct cluster *c, struct server *s, size_t size);

/* What the server's driver tells. */
void client_on_applied(struct server *s, const struct raft_entry *entry);
void client_on_read(struct server *s, const struct raft_read *read);
void client_on_crash(struct server *s);

#endif
