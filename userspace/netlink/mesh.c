// SPDX-License-Identifier: Apache-2.0
#include "netlink/mesh.h"

#include <stdlib.h>

#include "base/module.h"
#include "netlink/mesh_client.h"
#include "netlink/mesh_codec.h"

enum { SMALL_MESSAGE = 256 };

int mesh_client_open(struct mesh_client **ret, struct error *err)
{
	struct mesh_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory for a netlink client");
	r = genl_open(WGMESH_FAMILY_NAME, module_absence("")->text, &mesh_attrs, &c->genl, err);
	if (r)
		free(c);
	else
		*ret = c;
	return r;
}

void mesh_client_close(struct mesh_client *c)
{
	if (!c)
		return;
	genl_close(c->genl);
	free(c);
}

static void put_settings(struct message *m, const struct mesh_settings *s)
{
	int32_t fd = s->socket_netns_fd;

	if (s->fields & MESH_SET_FLAGS)
		message_put_u32(m, WGMESH_A_MESH_FLAGS, s->flags);
	if (s->fields & MESH_SET_PEERS_MAX)
		message_put_u32(m, WGMESH_A_MESH_PEERS_MAX, s->peers_max);
	if (s->fields & MESH_SET_ACTIVE_MAX)
		message_put_u32(m, WGMESH_A_MESH_ACTIVE_MAX, s->active_max);
	if (s->fields & MESH_SET_TRANSACTION_TIMEOUT)
		message_put_u32(m, WGMESH_A_MESH_TRANSACTION_TIMEOUT, s->transaction_timeout);
	if (s->fields & MESH_SET_IDLE_TIMEOUT)
		message_put_u32(m, WGMESH_A_MESH_IDLE_TIMEOUT, s->idle_timeout);
	if (s->fields & MESH_SET_SOCKET_NETNS)
		message_put(m, WGMESH_A_MESH_SOCKET_NETNS_FD, &fd, sizeof(fd));
}

/* One command about the mesh @ifname with settings or without, and nothing told back. */
static int command(struct mesh_client *c, uint8_t cmd, const char *ifname,
		   const struct mesh_settings *settings, struct error *err)
{
	struct message m = mesh_message(SMALL_MESSAGE, cmd, 0, ifname);
	int r;

	if (settings)
		put_settings(&m, settings);
	r = genl_request(c->genl, &m, NULL, NULL, err);
	message_fini(&m);
	if (r)
		error_prefix(err, "mesh %s", ifname);
	return r;
}

int mesh_new(struct mesh_client *c, const char *ifname, const struct mesh_settings *settings,
	     struct error *err)
{
	return command(c, WGMESH_CMD_MESH_NEW, ifname, settings, err);
}

int mesh_set(struct mesh_client *c, const char *ifname, const struct mesh_settings *settings,
	     struct error *err)
{
	return command(c, WGMESH_CMD_MESH_SET, ifname, settings, err);
}

int mesh_del(struct mesh_client *c, const char *ifname, struct error *err)
{
	return command(c, WGMESH_CMD_MESH_DEL, ifname, NULL, err);
}

struct telling {
	mesh_info_fn *fn;
	void *data;
	struct error *err;
};

static int tell(void *data, const struct nlmsghdr *answer)
{
	struct telling *t = data;
	struct mesh_info info;
	int r = mesh_decode_info(answer, &info, t->err);

	return r ? r : t->fn(t->data, &info);
}

static int ask(struct mesh_client *c, uint8_t cmd, uint16_t flags, const char *ifname,
	       mesh_info_fn *fn, void *fn_data, struct error *err)
{
	struct message m = mesh_message(SMALL_MESSAGE, cmd, flags, ifname);
	struct telling t = { .fn = fn, .data = fn_data, .err = err };
	int r = genl_request(c->genl, &m, tell, &t, err);

	message_fini(&m);
	return r;
}

int mesh_list(struct mesh_client *c, mesh_info_fn *fn, void *data, struct error *err)
{
	int r = ask(c, WGMESH_CMD_MESH_LIST, NLM_F_DUMP, NULL, fn, data, err);

	if (r < 0)
		error_prefix(err, "list of meshes");
	return r;
}

static int keep(void *data, const struct mesh_info *info)
{
	*(struct mesh_info *)data = *info;
	return 0;
}

static int get(struct mesh_client *c, uint8_t cmd, const char *ifname, struct mesh_info *ret,
	       struct error *err)
{
	struct mesh_info info = { 0 };
	int r = ask(c, cmd, 0, ifname, keep, &info, err);

	if (r)
		error_prefix(err, "mesh %s", ifname);
	else
		*ret = info;
	return r;
}

int mesh_get(struct mesh_client *c, const char *ifname, struct mesh_info *ret, struct error *err)
{
	return get(c, WGMESH_CMD_MESH_GET, ifname, ret, err);
}

int mesh_stats_get(struct mesh_client *c, const char *ifname, struct mesh_stats *ret,
		   struct error *err)
{
	struct mesh_info info;
	int r = get(c, WGMESH_CMD_STATS_GET, ifname, &info, err);

	if (!r)
		*ret = info.stats;
	return r;
}
