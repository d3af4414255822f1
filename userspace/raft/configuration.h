/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who belongs to the cluster (thesis 4.1): a value, and its bytes in an entry
 * of kind RAFT_ENTRY_CONFIGURATION.  Any thread.
 */
#ifndef WGMESH_RAFT_CONFIGURATION_H
#define WGMESH_RAFT_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	RAFT_SERVERS_MAX = 16,
	RAFT_NAME_MAX = 64,	/* with the final NUL */
	RAFT_CONFIGURATION_BYTES_MAX = 2 + RAFT_SERVERS_MAX * (8 + 1 + 1 + RAFT_NAME_MAX - 1),
};

enum raft_server_role {
	RAFT_VOTER = 1,
	RAFT_LEARNER = 2,	/* receives the log, has no vote (thesis 4.2.1) */
};

struct raft_server {
	uint64_t id;		/* never 0 */
	enum raft_server_role role;
	char name[RAFT_NAME_MAX];	/* the node's id: 1 to 63 bytes */
};

/* In ascending order of ids.  A cluster's configuration has a voter; none at all is "unknown". */
struct raft_configuration {
	unsigned int count;
	struct raft_server servers[RAFT_SERVERS_MAX];
};

/* ERR_INVALID: id 0, bad role or name; ERR_EXISTS: id or name is taken; ERR_EXHAUSTED: full. */
int raft_configuration_add(struct raft_configuration *c, uint64_t id, enum raft_server_role role,
			   const char *name, struct error *err);
/* Unknown ids are fine. */
void raft_configuration_remove(struct raft_configuration *c, uint64_t id);

/* NULL when unknown; valid until @c changes. */
const struct raft_server *raft_configuration_lookup(const struct raft_configuration *c,
						    uint64_t id);
const struct raft_server *raft_configuration_lookup_name(const struct raft_configuration *c,
							 const char *name);
bool raft_configuration_is_voter(const struct raft_configuration *c, uint64_t id);
unsigned int raft_configuration_voters(const struct raft_configuration *c);

/*
 * Layout: version 1, count, then per server: id (8 bytes, big-endian), role,
 * length of the name, name.  Decode takes exactly what encode makes and
 * nothing else (ERR_INVALID names the field), so equal values are equal bytes.
 */
int raft_configuration_encode(const struct raft_configuration *c, struct buf *out,
			      struct error *err);
int raft_configuration_decode(const void *data, size_t len, struct raft_configuration *ret,
			      struct error *err);

#endif
