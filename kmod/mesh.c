// SPDX-License-Identifier: GPL-2.0
/* Meshes of a namespace, and their beginning and end.
 *
 * Locks, outermost first:
 *
 *   rtnl
 *     wgm_net.lock		meshes of a namespace; mutex
 *       doormen_lock		all doormen; mutex, held while their workers are waited for
 *         wgm_doorman.keys_lock	of one device; mutex
 *           wgm_table.lock	see below
 *       wgm_mesh.txns.lock	open transactions; mutex
 *         wgm_table.lock	the table; mutex
 *           wgm_holds.lock	packets that wait; spinlock, also from softirq
 *           wgm_doorman.lock	initiations that wait; spinlock, also from softirq
 *           wgm_mesh.lock	name, dying; spinlock, also from softirq
 *
 * generic netlink's own locks are outside of all but rtnl when a handler runs, and
 * inside of none: the worker sends to WireGuard, which takes them and rtnl, while
 * it holds nothing.  A handler never waits for the worker.
 *
 * A mesh ends in two steps.  wgm_mesh_detach() may be called with rtnl held: it
 * takes the mesh off its list, and lets nothing new be queued.  Then
 * finish_mesh(), on the same ordered queue and so after what was running, closes
 * the socket.  The queue belongs to the namespace rather than to a mesh: a new mesh
 * of the same device begins after the last message of the old one, and the end of
 * the namespace waits for all by destroying one queue.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/rtnetlink.h>

#include "egress.h"
#include "evict.h"
#include "hold.h"
#include "identity.h"
#include "mesh.h"
#include "park.h"

struct wgm_net {
	struct mutex lock;		/* all below */
	struct list_head meshes;	/* by ifindex */
	struct workqueue_struct *wq;	/* NULL before the first mesh */
};

static unsigned int net_id __read_mostly;
static bool stopping;			/* under rtnl */

static struct wgm_net *wgm_net(const struct net *net)
{
	return net_generic(net, net_id);
}

bool wgm_mesh_dying(struct wgm_mesh *mesh)
{
	return READ_ONCE(mesh->dying);
}

void wgm_mesh_name(struct wgm_mesh *mesh, char *ret)
{
	spin_lock_bh(&mesh->lock);
	strscpy(ret, mesh->ifname, IFNAMSIZ);
	spin_unlock_bh(&mesh->lock);
}

static void rename_mesh(struct wgm_mesh *mesh, const char *name)
{
	spin_lock_bh(&mesh->lock);
	strscpy(mesh->ifname, name, IFNAMSIZ);
	spin_unlock_bh(&mesh->lock);
}

void wgm_mesh_queue_on(struct wgm_mesh *mesh, struct workqueue_struct *wq,
		       struct delayed_work *work, unsigned long delay)
{
	spin_lock_bh(&mesh->lock);
	if (mesh->dying)
		; /* the queue may be gone */
	else if (delay)
		queue_delayed_work(wq, work, delay);
	else
		mod_delayed_work(wq, work, 0);
	spin_unlock_bh(&mesh->lock);
}

void wgm_mesh_queue(struct wgm_mesh *mesh, struct delayed_work *work, unsigned long delay)
{
	wgm_mesh_queue_on(mesh, mesh->wq, work, delay);
}

void wgm_mesh_put(struct wgm_mesh *mesh)
{
	if (!mesh || !refcount_dec_and_test(&mesh->refs))
		return;
	wgm_table_fini(&mesh->table);
	kfree(mesh);
}

/* The last thing that runs for a mesh on its queue. */
static void finish_mesh(struct work_struct *work)
{
	struct wgm_mesh *mesh = container_of(work, struct wgm_mesh, finish);

	cancel_delayed_work_sync(&mesh->sync.work);
	cancel_delayed_work_sync(&mesh->expire);
	cancel_delayed_work_sync(&mesh->patrol);
	synchronize_net();	/* hooks may be running */
	wgm_doorman_fini(&mesh->doorman);
	wgm_txns_close(mesh);
	wgm_park_end(mesh);
	wgm_events_close(mesh);
	wgm_sync_fini(&mesh->sync);
	wgm_mesh_put(mesh);
}

static bool detach(struct wgm_net *wn, struct wgm_mesh *mesh)
{
	lockdep_assert_held(&wn->lock);
	if (mesh->dying)
		return false;
	list_del(&mesh->list);
	wgm_egress_close(mesh);
	wgm_doorman_close(&mesh->doorman);
	spin_lock_bh(&mesh->lock);
	WRITE_ONCE(mesh->dying, true);
	queue_work(mesh->wq, &mesh->finish);
	spin_unlock_bh(&mesh->lock);
	/* Nobody starts them again; and a timer must not run out while the queue is
	 * being destroyed, which takes no new work.
	 */
	cancel_delayed_work(&mesh->sync.work);
	cancel_delayed_work(&mesh->expire);
	cancel_delayed_work(&mesh->patrol);
	wgm_events_cancel(mesh);
	return true;
}

bool wgm_mesh_detach(struct wgm_mesh *mesh)
{
	struct wgm_net *wn = wgm_net(mesh->net);
	bool was_live;

	mutex_lock(&wn->lock);
	was_live = detach(wn, mesh);
	mutex_unlock(&wn->lock);
	return was_live;
}

static void expire(struct work_struct *work)
{
	struct wgm_mesh *mesh = container_of(to_delayed_work(work), struct wgm_mesh, expire);
	unsigned long left = wgm_holds_expire(&mesh->table.holds);

	if (left)
		wgm_mesh_queue(mesh, &mesh->expire, left);
}

void wgm_mesh_set_lazy(struct wgm_mesh *mesh, bool lazy)
{
	struct wgm_table *table = &mesh->table;
	struct wgm_peer *peer;
	unsigned long id;

	lockdep_assert_held(&table->lock);
	WRITE_ONCE(mesh->flags, lazy ? mesh->flags | WGMESH_MESH_FLAGS_LAZY :
				       mesh->flags & ~WGMESH_MESH_FLAGS_LAZY);
	if (lazy == table->lazy)
		return;
	table->lazy = lazy;
	if (lazy) {
		WRITE_ONCE(table->on_demand, true);
		wgm_identity_suspect(mesh);
		wgm_mesh_queue(mesh, &mesh->patrol, HZ);
		return;
	}
	for (id = 0; (peer = wgm_peer_next(table, &id)); id++) {
		cond_resched();
		if (peer->state != WGMESH_PEER_STATE_DORMANT || peer->marks & WGM_PEER_GONE)
			continue;
		wgm_peer_set_state(table, peer, WGMESH_PEER_STATE_ACTIVATING);
		wgm_peer_queue(table, peer);
	}
}

static struct wgm_mesh *alloc_mesh(struct net *net, const struct net_device *dev,
				   const struct wgm_mesh_config *config)
{
	struct wgm_mesh *mesh = kzalloc(sizeof(*mesh), GFP_KERNEL_ACCOUNT);

	if (!mesh)
		return NULL;
	INIT_LIST_HEAD(&mesh->list);
	refcount_set(&mesh->refs, 1);
	spin_lock_init(&mesh->lock);
	mesh->net = net;
	mesh->ifindex = dev->ifindex;
	strscpy(mesh->ifname, dev->name, IFNAMSIZ);
	INIT_WORK(&mesh->finish, finish_mesh);
	wgm_txns_init(&mesh->txns);
	wgm_doorman_init(&mesh->doorman);
	wgm_events_init(&mesh->events);
	mesh->txn_timeout = config->txn_timeout ?: WGM_TXN_TIMEOUT_DEFAULT;
	mesh->active_max = config->active_max ?: WGM_PEERS_MAX_DEFAULT;
	mesh->idle_timeout = config->idle_timeout ?: WGM_IDLE_TIMEOUT_DEFAULT;
	INIT_DELAYED_WORK(&mesh->expire, expire);
	INIT_DELAYED_WORK(&mesh->patrol, wgm_evict_patrol);
	if (wgm_table_init(&mesh->table, config->peers_max ?: WGM_PEERS_MAX_DEFAULT)) {
		kfree(mesh);
		return NULL;
	}
	return mesh;
}

static int open_hooks(struct wgm_mesh *mesh, struct net_device *dev, struct net *socket_net)
{
	int err;

	err = wgm_egress_open(mesh, dev);
	if (err)
		return err;
	err = wgm_doorman_open(mesh, socket_net ?: mesh->net, netif_running(dev));
	if (!err)
		return 0;
	wgm_egress_close(mesh);
	return err;
}

/* Links a mesh in the order of the indexes, and takes a reference for the list.  From
 * where it has a socket, only its last work can end it: a handler runs under generic
 * netlink's lock, which closing the socket takes.
 */
static int attach(struct wgm_net *wn, struct wgm_mesh *mesh, struct net_device *dev,
		  struct net *socket_net)
{
	struct wgm_mesh *at;
	int err;

	lockdep_assert_held(&wn->lock);
	if (!wn->wq)
		wn->wq = alloc_ordered_workqueue("wgmesh", 0);
	if (!wn->wq)
		return -ENOMEM;
	mesh->wq = wn->wq;
	list_for_each_entry(at, &wn->meshes, list) {
		if (at->ifindex == mesh->ifindex)
			return -EEXIST;
		if (at->ifindex > mesh->ifindex)
			break;
	}
	err = wgm_sync_init(&mesh->sync, mesh->net);
	if (err)
		return err;
	refcount_inc(&mesh->refs);
	err = open_hooks(mesh, dev, socket_net);
	if (err) {
		WRITE_ONCE(mesh->dying, true);
		queue_work(mesh->wq, &mesh->finish);
		return err;
	}
	list_add_tail(&mesh->list, &at->list);
	return 0;
}

static int check_device(const struct net_device *dev, struct netlink_ext_ack *extack)
{
	if (!dev || dev->reg_state != NETREG_REGISTERED || stopping) {
		NL_SET_ERR_MSG(extack, "no such device");
		return -ENODEV;
	}
	if (!dev->rtnl_link_ops || strcmp(dev->rtnl_link_ops->kind, "wireguard")) {
		NL_SET_ERR_MSG(extack, "not a WireGuard device of this kernel");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int new_mesh(struct net *net, int ifindex, const struct wgm_mesh_config *config,
		    struct netlink_ext_ack *extack, struct wgm_mesh **ret)
{
	struct net_device *dev = __dev_get_by_index(net, ifindex);
	struct wgm_net *wn = wgm_net(net);
	struct wgm_mesh *mesh;
	int err;

	ASSERT_RTNL();
	err = check_device(dev, extack);
	if (err)
		return err;
	mesh = alloc_mesh(net, dev, config);
	if (!mesh)
		return -ENOMEM;
	mutex_lock(&wn->lock);
	err = attach(wn, mesh, dev, config->socket_net);
	mutex_unlock(&wn->lock);
	if (!err) {
		wgm_table_lock(&mesh->table);
		wgm_mesh_set_lazy(mesh, config->flags & WGMESH_MESH_FLAGS_LAZY);
		wgm_table_unlock(&mesh->table);
		*ret = mesh;
		return 0;
	}
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "the device has a mesh already");
	wgm_mesh_put(mesh);
	return err;
}

struct wgm_mesh *wgm_mesh_new(struct net *net, int ifindex, const struct wgm_mesh_config *config,
			      struct netlink_ext_ack *extack)
{
	struct wgm_mesh *mesh = NULL;
	int err;

	/* With rtnl held the device cannot go between the check and the list. */
	rtnl_lock();
	err = new_mesh(net, ifindex, config, extack, &mesh);
	rtnl_unlock();
	if (err)
		return ERR_PTR(err);
	wgm_events_start(mesh);
	wgm_sync_kick(mesh);
	return mesh;
}

struct wgm_mesh *wgm_mesh_next(struct net *net, int ifindex)
{
	struct wgm_net *wn = wgm_net(net);
	struct wgm_mesh *mesh, *found = NULL;

	mutex_lock(&wn->lock);
	list_for_each_entry(mesh, &wn->meshes, list) {
		if (mesh->ifindex < ifindex)
			continue;
		found = mesh;
		refcount_inc(&mesh->refs);
		break;
	}
	mutex_unlock(&wn->lock);
	return found;
}

struct wgm_mesh *wgm_mesh_lookup(struct net *net, int ifindex)
{
	struct wgm_mesh *mesh = wgm_mesh_next(net, ifindex);

	if (!mesh || mesh->ifindex == ifindex)
		return mesh;
	wgm_mesh_put(mesh);
	return NULL;
}

/* ---- what ends and renames meshes from outside ---- */

/* rtnl is held: unhook only.  Also when the device moves to another namespace. */
static void on_own_device(struct wgm_mesh *mesh, unsigned long event, const struct net_device *dev)
{
	switch (event) {
	case NETDEV_UP:
		wgm_doorman_set_running(&mesh->doorman, true);
		fallthrough;
	case NETDEV_CHANGE:
		wgm_identity_suspect(mesh);
		break;
	case NETDEV_GOING_DOWN:
	case NETDEV_DOWN:
		wgm_doorman_set_running(&mesh->doorman, false);
		wgm_holds_purge(&mesh->table.holds);
		break;
	case NETDEV_CHANGENAME:
		rename_mesh(mesh, dev->name);
		wgm_event_mesh(mesh, WGMESH_CMD_MESH_SET_NTF);
		break;
	case NETDEV_UNREGISTER:
		if (wgm_mesh_detach(mesh))
			wgm_event_mesh(mesh, WGMESH_CMD_MESH_DEL_NTF);
		break;
	}
}

static int on_netdev(struct notifier_block *nb, unsigned long event, void *info)
{
	const struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct wgm_mesh *mesh = wgm_mesh_lookup(dev_net(dev), dev->ifindex);

	if (event == NETDEV_GOING_DOWN || event == NETDEV_UNREGISTER)
		wgm_doorman_release_device(dev);
	if (mesh)
		on_own_device(mesh, event, dev);
	wgm_mesh_put(mesh);
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = { .notifier_call = on_netdev };

/* A socket is gone, and its transactions with it. */
static int on_netlink(struct notifier_block *nb, unsigned long event, void *arg)
{
	const struct netlink_notify *notify = arg;
	struct wgm_mesh *mesh;
	struct wgm_net *wn;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	wn = wgm_net(notify->net);
	mutex_lock(&wn->lock);
	list_for_each_entry(mesh, &wn->meshes, list)
		wgm_txn_drop_owner(mesh, notify->portid);
	mutex_unlock(&wn->lock);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = { .notifier_call = on_netlink };

static int __net_init net_init(struct net *net)
{
	struct wgm_net *wn = wgm_net(net);

	mutex_init(&wn->lock);
	INIT_LIST_HEAD(&wn->meshes);
	return 0;
}

/* Before the devices go, and while netlink still works: the sockets must be closed
 * before the namespace's own end.
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct wgm_net *wn = wgm_net(net);
	struct workqueue_struct *wq;
	struct wgm_mesh *mesh, *tmp;

	wgm_doorman_leave(net);
	mutex_lock(&wn->lock);
	list_for_each_entry_safe(mesh, tmp, &wn->meshes, list)
		detach(wn, mesh);
	wq = wn->wq;
	wn->wq = NULL;
	mutex_unlock(&wn->lock);
	/* Not under the lock: closing a socket calls on_netlink(). */
	if (wq)
		destroy_workqueue(wq);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.id = &net_id,
	.size = sizeof(struct wgm_net),
};

int __init wgm_mesh_init(void)
{
	int err;

	err = wgm_doorman_module_init();
	if (err)
		return err;
	err = register_pernet_subsys(&net_ops);
	if (err)
		goto err_doorman;
	err = register_netdevice_notifier(&netdev_notifier);
	if (err)
		goto err_pernet;
	err = netlink_register_notifier(&netlink_notifier);
	if (err)
		goto err_netdev;
	return 0;
err_netdev:
	unregister_netdevice_notifier(&netdev_notifier);
err_pernet:
	unregister_pernet_subsys(&net_ops);
err_doorman:
	wgm_doorman_module_fini();
	return err;
}

void wgm_mesh_stop(void)
{
	rtnl_lock();
	stopping = true;
	rtnl_unlock();
	/* Tells the notifier that all devices go, and so ends all meshes. */
	unregister_netdevice_notifier(&netdev_notifier);
}

void wgm_mesh_fini(void)
{
	netlink_unregister_notifier(&netlink_notifier);
	unregister_pernet_subsys(&net_ops);
	wgm_doorman_module_fini();
}
