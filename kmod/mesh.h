/* SPDX-License-Identifier: GPL-2.0 */
/* A mesh: what the module knows of one WireGuard device.
 *
 * It is found by network namespace and interface index, holds no reference to
 * either, and ends when the device goes, leaves its namespace, when the namespace
 * ends, by mesh-del, or with the module: then it is taken off its list at once, and
 * a last work on the queue of its worker closes what is left.
 */
#ifndef _WGM_MESH_H
#define _WGM_MESH_H

#include <linux/if.h>
#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "doorman.h"
#include "events.h"
#include "stats.h"
#include "sync.h"
#include "table.h"
#include "txn.h"

struct net;
struct net_device;
struct netlink_ext_ack;

struct wgm_mesh {
	struct list_head list;		/* of the namespace; under its lock */
	refcount_t refs;
	struct net *net;		/* valid while on the list, and in the worker */
	struct workqueue_struct *wq;	/* of the namespace, ordered */
	int ifindex;

	spinlock_t lock;		/* dying, ifname */
	bool dying;
	char ifname[IFNAMSIZ];

	/* Read anywhere; written under the table's lock. */
	u32 flags;			/* enum wgmesh_mesh_flags */
	u32 active_max;
	u32 txn_timeout;		/* ms */
	u32 idle_timeout;		/* ms */

	struct nf_hook_ops egress;
	bool hooked;
	struct delayed_work expire;	/* of packets that wait */
	struct delayed_work patrol;	/* looks for idle peers */
	u32 allowance;			/* activations that the rate allows; table's lock */
	unsigned long refilled_at;	/* jiffies; table's lock */

	struct wgm_table table;
	struct wgm_txns txns;
	struct wgm_sync sync;
	struct wgm_doorman doorman;
	struct wgm_stats stats;
	struct wgm_events events;
	struct work_struct finish;
};

#define WGM_PEERS_MAX_DEFAULT	(1U << 20)
#define WGM_TXN_TIMEOUT_DEFAULT	30000
#define WGM_IDLE_TIMEOUT_DEFAULT	200000

/* What mesh-new may set; 0 stands for the default. */
struct wgm_mesh_config {
	struct net *socket_net;		/* of the device's socket; NULL: the device's own */
	u32 flags;
	u32 peers_max;
	u32 active_max;
	u32 txn_timeout;
	u32 idle_timeout;
};

/* Makes the mesh of a device and puts it to work; a reference is returned.
 * ERR_PTR: -ENODEV, -EOPNOTSUPP (not WireGuard's), -EEXIST, -ENOMEM; the extack
 * says more.  Takes rtnl.
 */
struct wgm_mesh *wgm_mesh_new(struct net *net, int ifindex, const struct wgm_mesh_config *config,
			      struct netlink_ext_ack *extack);

/* Ends a mesh: false when it has ended already.  Its table and WireGuard stay as
 * they are, for those who still hold a reference.  Does not wait for the worker.
 */
bool wgm_mesh_detach(struct wgm_mesh *mesh);

/* The mesh of a device, with a reference; NULL when there is none. */
struct wgm_mesh *wgm_mesh_lookup(struct net *net, int ifindex);

/* The mesh with the lowest index from @ifindex on, with a reference; may be NULL. */
struct wgm_mesh *wgm_mesh_next(struct net *net, int ifindex);

void wgm_mesh_put(struct wgm_mesh *mesh);	/* may sleep; takes NULL */

/* Runs @work on the worker's queue after @delay jiffies, or when it is due already if
 * that is sooner, or not if the mesh ends.  A @delay of 0 means now in any case.
 */
void wgm_mesh_queue(struct wgm_mesh *mesh, struct delayed_work *work, unsigned long delay);
/* The same on another queue. */
void wgm_mesh_queue_on(struct wgm_mesh *mesh, struct workqueue_struct *wq,
		       struct delayed_work *work, unsigned long delay);

/* Switches on-demand activation on or off.  Table's lock held; kick the worker then. */
void wgm_mesh_set_lazy(struct wgm_mesh *mesh, bool lazy);

bool wgm_mesh_dying(struct wgm_mesh *mesh);
void wgm_mesh_name(struct wgm_mesh *mesh, char *ret);	/* IFNAMSIZ bytes */

int wgm_mesh_init(void);
void wgm_mesh_stop(void);	/* no new meshes; all are detached, listeners told */
void wgm_mesh_fini(void);

#endif /* _WGM_MESH_H */
