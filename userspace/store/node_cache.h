/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes that were read from the state since it last changed: to have SQLite take its lock on the
 * file, and give it back, costs more than all else of a read.  Two nodes with one place take turns.
 * Internal to store/.
 */
#ifndef WGMESH_STORE_NODE_CACHE_H
#define WGMESH_STORE_NODE_CACHE_H

#include <stdbool.h>

#include "model/node.h"

enum { NODE_CACHE_SIZE = 64 };	/* places; 40 KiB in all */

struct node_cache {
	bool used;		/* there may be something in it */
	struct node nodes[NODE_CACHE_SIZE];	/* id "": none */
};

/* NULL: it is not there.  Else the cache's, until the next call. */
const struct node *node_cache_lookup(const struct node_cache *cache, const char *id);
void node_cache_keep(struct node_cache *cache, const struct node *node);
void node_cache_drop(struct node_cache *cache);

#endif
