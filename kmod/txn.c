// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "mesh.h"
#include "trace.h"
#include "txn.h"

static void drop(struct wgm_mesh *mesh, struct wgm_txn *txn)
{
	list_del(&txn->list);
	mesh->txns.n--;
	atomic64_inc(&mesh->stats.transactions_dropped);
	trace_wgm_transaction_dropped(mesh, txn->id);
	wgm_txn_free(txn);
}

/* Drops what is over its time, and comes again for the next one. */
static void reap(struct work_struct *work)
{
	struct wgm_mesh *mesh = container_of(to_delayed_work(work), struct wgm_mesh, txns.reap);
	unsigned long now = jiffies, next = 0;
	struct wgm_txn *txn, *tmp;

	mutex_lock(&mesh->txns.lock);
	list_for_each_entry_safe(txn, tmp, &mesh->txns.list, list) {
		if (time_after_eq(now, txn->deadline))
			drop(mesh, txn);
		else if (!next || time_before(txn->deadline, now + next))
			next = txn->deadline - now;
	}
	mutex_unlock(&mesh->txns.lock);
	if (next)
		wgm_mesh_queue(mesh, &mesh->txns.reap, next);
}

void wgm_txns_init(struct wgm_txns *txns)
{
	mutex_init(&txns->lock);
	INIT_LIST_HEAD(&txns->list);
	INIT_DELAYED_WORK(&txns->reap, reap);
}

void wgm_txns_close(struct wgm_mesh *mesh)
{
	struct wgm_txn *txn, *tmp;

	cancel_delayed_work_sync(&mesh->txns.reap);
	mutex_lock(&mesh->txns.lock);
	mesh->txns.closed = true;
	list_for_each_entry_safe(txn, tmp, &mesh->txns.list, list)
		drop(mesh, txn);
	mutex_unlock(&mesh->txns.lock);
}

void wgm_txn_free(struct wgm_txn *txn)
{
	if (!txn)
		return;
	wgm_batch_fini(&txn->batch);
	kfree(txn);
}

/* A batch's tail points into itself while it is empty. */
static void move_batch(struct wgm_batch *to, struct wgm_batch *from)
{
	*to = *from;
	if (!to->head)
		to->tail = &to->head;
	to->message = to->tail;
	wgm_batch_init(from);
}

static int enlist(struct wgm_mesh *mesh, struct wgm_txn *txn)
{
	struct wgm_txns *txns = &mesh->txns;

	if (txns->closed)
		return -ENODEV;
	if (txns->n >= WGM_TXNS_MAX)
		return -EBUSY;
	txn->id = ++txns->last_id ? txns->last_id : ++txns->last_id;
	list_add_tail(&txn->list, &txns->list);
	txns->n++;
	return 0;
}

int wgm_txn_begin(struct wgm_mesh *mesh, u32 portid, struct wgm_batch *batch, u32 *ret_id)
{
	unsigned long timeout = msecs_to_jiffies(READ_ONCE(mesh->txn_timeout));
	struct wgm_txn *txn = kzalloc(sizeof(*txn), GFP_KERNEL_ACCOUNT);
	int err;

	if (!txn)
		return -ENOMEM;
	txn->portid = portid;
	txn->deadline = jiffies + timeout;
	mutex_lock(&mesh->txns.lock);
	err = enlist(mesh, txn);
	if (!err) {
		wgm_batch_forget_attrs(batch);
		move_batch(&txn->batch, batch);
		*ret_id = txn->id;
	}
	mutex_unlock(&mesh->txns.lock);
	if (err)
		kfree(txn);
	else
		wgm_mesh_queue(mesh, &mesh->txns.reap, timeout);
	return err;
}

struct wgm_txn *wgm_txn_take(struct wgm_mesh *mesh, u32 portid, u32 id)
{
	struct wgm_txn *txn, *found = NULL;

	mutex_lock(&mesh->txns.lock);
	list_for_each_entry(txn, &mesh->txns.list, list) {
		if (txn->id != id || txn->portid != portid)
			continue;
		found = txn;
		list_del(&txn->list);
		mesh->txns.n--;
		break;
	}
	mutex_unlock(&mesh->txns.lock);
	return found;
}

void wgm_txn_return(struct wgm_mesh *mesh, struct wgm_txn *txn)
{
	bool closed;

	wgm_batch_forget_attrs(&txn->batch);
	mutex_lock(&mesh->txns.lock);
	closed = mesh->txns.closed;
	if (!closed) {
		list_add_tail(&txn->list, &mesh->txns.list);
		mesh->txns.n++;
	}
	mutex_unlock(&mesh->txns.lock);
	if (closed)
		wgm_txn_free(txn);
	/* Its time may have come while it was out. */
	wgm_mesh_queue(mesh, &mesh->txns.reap, 1);
}

void wgm_txn_drop_owner(struct wgm_mesh *mesh, u32 portid)
{
	struct wgm_txn *txn, *tmp;

	mutex_lock(&mesh->txns.lock);
	list_for_each_entry_safe(txn, tmp, &mesh->txns.list, list)
		if (txn->portid == portid)
			drop(mesh, txn);
	mutex_unlock(&mesh->txns.lock);
}
