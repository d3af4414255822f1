// SPDX-License-Identifier: Apache-2.0
/* Stock WireGuard by its own netlink family. */
#include "dataplane/backend.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/device.h"
#include "dataplane/sync.h"
#include "netlink/mesh.h"

struct backend {
	struct link_client *link;
	struct wg_client *wg;
	char ifname[IF_NAMESIZE];
};

static void kernel_close(struct backend *b)
{
	if (!b)
		return;
	wg_client_close(b->wg);
	free(b);
}

/* A table of the module beside us would put back what we change. */
static void detach_mesh(const char *ifname)
{
	struct mesh_client *mesh;

	if (mesh_client_open(&mesh, NULL))
		return;
	mesh_del(mesh, ifname, NULL);
	mesh_client_close(mesh);
}

static int kernel_open(const struct dataplane_config *config, struct link_client *link,
		       struct backend **ret, struct error *err)
{
	struct backend *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return error_set(err, ERR_MEMORY, "no memory for a data plane");
	b->link = link;
	strncpy(b->ifname, config->ifname, sizeof(b->ifname) - 1);
	r = wg_client_open(&b->wg, err);
	if (!r)
		r = device_configure(link, b->wg, config, err);
	if (r) {
		kernel_close(b);
		return r;
	}
	detach_mesh(b->ifname);
	*ret = b;
	return 0;
}

static int kernel_remove(struct backend *b, struct error *err)
{
	return device_delete(b->link, b->wg, b->ifname, err);
}

static int kernel_list(struct backend *b, wg_peer_fn *fn, void *data, struct error *err)
{
	return wg_peer_list(b->wg, b->ifname, fn, data, err);
}

static int set(void *data, const struct wg_peer *peers, size_t count, struct error *err)
{
	struct backend *b = data;

	return wg_peers_set(b->wg, b->ifname, peers, count, err);
}

static int remove_peers(void *data, const struct key *keys, size_t count, struct error *err)
{
	struct backend *b = data;

	return wg_peers_remove(b->wg, b->ifname, keys, count, err);
}

/* Kernels before 6.16 do not know the flag and say so before they change anything. */
static int drop(void *data, const struct wg_peer *peer, struct error *err)
{
	struct backend *b = data;

	return wg_peers_set(b->wg, b->ifname, peer, 1, err);
}

static int kernel_apply(struct backend *b, const struct peer_diff *diff,
			const struct peer_set *wanted, bool replace, struct error *err)
{
	static const struct sync_ops ops = { .set = set, .remove = remove_peers, .drop = drop };

	return sync_apply(&ops, b, diff, err);
}

static int kernel_set_key(struct backend *b, const struct key *private_key, struct error *err)
{
	return device_set_key(b->wg, b->ifname, private_key, err);
}

static int kernel_call(struct backend *b, const struct wg_peer steps[], size_t count,
		       struct error *err)
{
	return wg_peers_set(b->wg, b->ifname, steps, count, err);
}

static int kernel_listen_port(struct backend *b, uint16_t *ret, struct error *err)
{
	return device_listen_port(b->wg, b->ifname, ret, err);
}

static int kernel_set_mark(struct backend *b, struct error *err)
{
	return device_set_mark(b->wg, b->ifname, err);
}

const struct backend_ops backend_kernel = {
	.name = "kernel",
	.flat = true,
	.open = kernel_open,
	.close = kernel_close,
	.remove = kernel_remove,
	.list = kernel_list,
	.apply = kernel_apply,
	.list_sessions = kernel_list,
	.set_key = kernel_set_key,
	.call = kernel_call,
	.listen_port = kernel_listen_port,
	.set_mark = kernel_set_mark,
};
