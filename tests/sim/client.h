/* SPDX-License-Identifier: Apache-2.0 */
/* A client that writes to and reads from whoever says to lead, and remembers what it was told. */
#ifndef WGMESH_SIM_CLIENT_H
#define WGMESH_SIM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "raft/raft.h"

struct cluster;
struct server;

struct pending_write {
	uint64_t server;
	unsigned int incarnation;
	struct raft_position position;
	uint64_t value;
};

struct pending_read {
	uint64_t server;
	unsigned int incarnation;
	uint64_t id;
	uint64_t floor;		/* the highest index acknowledged when it was asked */
};

enum { PENDING_MAX = 512 };

struct client {
	struct pending_write writes[PENDING_MAX];
	struct pending_read reads[PENDING_MAX];
	size_t write_count, read_count;
	uint64_t next_value;
	uint64_t acknowledged, answered;	/* how many */
};

/* @size: of the payload, 8 or more.  False: refused. */
bool client_write(struct cluster *c, struct server *s, size_t size);
bool client_read(struct cluster *c, struct server *s);

/* What the server's driver tells. */
void client_on_applied(struct server *s, const struct raft_entry *entry);
void client_on_read(struct server *s, const struct raft_read *read);
void client_on_crash(struct server *s);

#endif
