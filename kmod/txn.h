/* SPDX-License-Identifier: GPL-2.0 */
/* Transactions: batches that span many messages.  A transaction belongs to the
 * socket that began it, and dies with it, or of old age.
 */
#ifndef _WGM_TXN_H
#define _WGM_TXN_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "batch.h"

struct net;
struct wgm_mesh;

#define WGM_TXNS_MAX	16	/* open ones of a mesh */

struct wgm_txns {
	struct mutex lock;	/* all below; before the table's lock */
	struct list_head list;
	u32 n;
	u32 last_id;
	bool closed;
	struct delayed_work reap;
};

struct wgm_txn {
	struct list_head list;
	u32 id;
	u32 portid;
	unsigned long deadline;	/* jiffies */
	struct wgm_batch batch;
};

void wgm_txns_init(struct wgm_txns *txns);
/* Drops all, and takes no more.  Waits for the reaper. */
void wgm_txns_close(struct wgm_mesh *mesh);

/* Opens a transaction with the changes of @batch, which is empty then.
 * -EBUSY when too many are open, -ENOMEM.
 */
int wgm_txn_begin(struct wgm_mesh *mesh, u32 portid, struct wgm_batch *batch, u32 *ret_id);

/* Takes the transaction out, for its owner alone; NULL when there is none. It is
 * put back with wgm_txn_return() or ended with wgm_txn_free().
 */
struct wgm_txn *wgm_txn_take(struct wgm_mesh *mesh, u32 portid, u32 id);
void wgm_txn_return(struct wgm_mesh *mesh, struct wgm_txn *txn);
void wgm_txn_free(struct wgm_txn *txn);	/* takes NULL */

/* Drops the transactions of a socket that is gone. */
void wgm_txn_drop_owner(struct wgm_mesh *mesh, u32 portid);

#endif /* _WGM_TXN_H */
