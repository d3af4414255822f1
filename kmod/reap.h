/* SPDX-License-Identifier: GPL-2.0 */
/* Frees objects that RCU readers may still look at, without a field for it in
 * the objects: a trie node of 32 bytes has no room for an rcu_head of 16.
 */
#ifndef _WGM_REAP_H
#define _WGM_REAP_H

struct wgm_reap_chunk;

/* Owned by a table and protected by its lock. */
struct wgm_reaper {
	struct wgm_reap_chunk *chunk;
};

/* Hands over @obj, any slab object that new readers cannot reach.  Never fails:
 * without memory it waits for the readers.  Process context.
 */
void wgm_reap(struct wgm_reaper *reaper, void *obj);

/* Starts the grace period of what was handed over so far; to be called before
 * the table's lock is released.
 */
void wgm_reap_flush(struct wgm_reaper *reaper);

/* Waits until everything that was flushed is freed; for module exit. */
void wgm_reap_barrier(void);

#endif /* _WGM_REAP_H */
