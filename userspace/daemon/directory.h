/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the API of the cluster's members can be reached: from the state while
 * there is one, and from what the local database remembers.  Owner thread.
 */
#ifndef WGMESH_DAEMON_DIRECTORY_H
#define WGMESH_DAEMON_DIRECTORY_H

#include "model/node.h"
#include "raft/configuration.h"
#include "store/local_store.h"
#include "store/state_query.h"

enum { DIRECTORY_ADDRESS_MAX = 128, DIRECTORY_MAX = 64 };

struct directory_entry {
	char node_id[NODE_ID_MAX + 1];	/* whose certificate the other side has to show */
	char address[DIRECTORY_ADDRESS_MAX];	/* host:port */
};

struct directory {
	size_t count;
	size_t servers;		/* so many of them, the first, are servers', as far as is known */
	struct directory_entry entries[DIRECTORY_MAX];
};

/*
 * The servers of @configuration except @self: public addresses before those
 * inside the mesh, since the former work while the data plane does not.
 * Without any, the members that @local remembers.
 */
int directory_fill(struct directory *dir, struct state_store *state, struct local_store *local,
		   const struct raft_configuration *configuration, const char *self,
		   struct error *err);

/*
 * Some observers except @self, any that @from, a random key, comes to: they serve the log as
 * servers do.  Who votes or is to vote does not follow them: they were let in to less.
 */
int directory_add_observers(struct directory *dir, struct state_store *state, const char *self,
			    const struct key *from, struct error *err);

/* Addresses of one node's API, the best first; appended while there is room. */
void directory_add_node(struct directory *dir, const struct node *node);

/*
 * Where @node's Raft server is reached: the address that the state names, then the
 * mesh's, then the public ones as fall-back; returns the count.
 */
size_t directory_raft_endpoints(struct state_store *state, const struct node *node,
				struct endpoint *ret, size_t max);

#endif
