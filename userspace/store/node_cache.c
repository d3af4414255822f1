// SPDX-License-Identifier: Apache-2.0
#include "store/node_cache.h"

#include <string.h>

#include "store/text_hash.h"

static unsigned int place(const char *id)
{
	return text_hash(id) % NODE_CACHE_SIZE;
}

const struct node *node_cache_lookup(const struct node_cache *cache, const char *id)
{
	const struct node *node = &cache->nodes[place(id)];

	return *id && strcmp(node->id, id) == 0 ? node : NULL;
}

void node_cache_keep(struct node_cache *cache, const struct node *node)
{
	cache->nodes[place(node->id)] = *node;
	cache->used = true;
}

void node_cache_drop(struct node_cache *cache)
{
	if (!cache->used)
		return;
	for (unsigned int i = 0; i < NODE_CACHE_SIZE; i++)
		cache->nodes[i].id[0] = 0;
	cache->used = false;
}
