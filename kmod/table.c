// SPDX-License-Identifier: GPL-2.0
#include "peer.h"
#include "prefix.h"
#include "table.h"

static void queue_init(struct wgm_queue *queue)
{
	queue->head = NULL;
	queue->tail = &queue->head;
	queue->n = 0;
}

void wgm_queue_push(struct wgm_queue *queue, struct wgm_peer *peer)
{
	if (peer->marks & WGM_PEER_QUEUED)
		return;
	peer->marks |= WGM_PEER_QUEUED;
	peer->next = NULL;
	*queue->tail = peer;
	queue->tail = &peer->next;
	queue->n++;
}

void wgm_queue_unpop(struct wgm_queue *queue, struct wgm_peer *peer)
{
	if (peer->marks & WGM_PEER_QUEUED)
		return;
	peer->marks |= WGM_PEER_QUEUED;
	peer->next = queue->head;
	if (!queue->head)
		queue->tail = &peer->next;
	queue->head = peer;
	queue->n++;
}

struct wgm_peer *wgm_queue_pop(struct wgm_queue *queue)
{
	struct wgm_peer *peer = queue->head;

	if (!peer)
		return NULL;
	queue->head = peer->next;
	if (!queue->head)
		queue->tail = &queue->head;
	queue->n--;
	peer->marks &= ~WGM_PEER_QUEUED;
	return peer;
}

int wgm_table_init(struct wgm_table *table, u32 peers_max)
{
	int err;

	mutex_init(&table->lock);
	xa_init_flags(&table->by_id, XA_FLAGS_ALLOC);
	queue_init(&table->urgent);
	queue_init(&table->updates);
	queue_init(&table->removals);
	queue_init(&table->retries);
	wgm_holds_init(&table->holds);
	table->peers_max = peers_max;
	table->version = 1;
	err = wgm_recent_init(&table->recent);
	if (err)
		return err;
	err = rhashtable_init(&table->by_key, &wgm_peer_hash_params);
	if (err)
		wgm_recent_fini(table->recent);
	return err;
}

static void destroy_peer(void *ptr, void *arg)
{
	wgm_peer_destroy(ptr);
	cond_resched();
}

void wgm_table_fini(struct wgm_table *table)
{
	wgm_prefix_free_all(table);
	xa_destroy(&table->by_id);
	rhashtable_free_and_destroy(&table->by_key, destroy_peer, NULL);
	wgm_reap_flush(&table->reaper);
	wgm_recent_fini(table->recent);
	mutex_destroy(&table->lock);
}

void wgm_table_lock(struct wgm_table *table)
{
	mutex_lock(&table->lock);
}

void wgm_table_unlock(struct wgm_table *table)
{
	wgm_reap_flush(&table->reaper);
	/* As one number: peers that move from one queue to another must not be missed by who
	 * looks without the lock.  Who sees none pending sees what was counted for them.
	 */
	smp_store_release(&table->pending, wgm_table_pending(table));
	mutex_unlock(&table->lock);
}

u64 wgm_table_memory(struct wgm_table *table)
{
	const struct bucket_table *buckets;
	u64 indexes;

	rcu_read_lock();
	buckets = rcu_dereference(table->by_key.tbl);
	indexes = (u64)buckets->size * sizeof(buckets->buckets[0]);
	rcu_read_unlock();
	/* A leaf of the id index holds 64 pointers in 576 bytes. */
	indexes += (u64)table->n_peers * 9;
	return table->memory + indexes;
}
