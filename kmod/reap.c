// SPDX-License-Identifier: GPL-2.0
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "reap.h"

#define CHUNK_OBJS	125	/* with its header just under 1 KiB */

struct wgm_reap_chunk {
	struct rcu_head rcu;
	unsigned int n;
	void *objs[CHUNK_OBJS];
};

static void free_chunk(struct rcu_head *rcu)
{
	struct wgm_reap_chunk *chunk = container_of(rcu, struct wgm_reap_chunk, rcu);

	while (chunk->n)
		kfree(chunk->objs[--chunk->n]);
	kfree(chunk);
}

void wgm_reap(struct wgm_reaper *reaper, void *obj)
{
	struct wgm_reap_chunk *chunk = reaper->chunk;

	if (!chunk) {
		chunk = kmalloc(sizeof(*chunk), GFP_KERNEL | __GFP_NOWARN);
		if (!chunk) {
			synchronize_rcu();
			kfree(obj);
			return;
		}
		chunk->n = 0;
		reaper->chunk = chunk;
	}
	chunk->objs[chunk->n++] = obj;
	if (chunk->n == CHUNK_OBJS)
		wgm_reap_flush(reaper);
}

void wgm_reap_flush(struct wgm_reaper *reaper)
{
	struct wgm_reap_chunk *chunk = reaper->chunk;

	reaper->chunk = NULL;
	if (chunk)
		call_rcu(&chunk->rcu, free_chunk);
}

void wgm_reap_barrier(void)
{
	rcu_barrier();
}
