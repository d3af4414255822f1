// SPDX-License-Identifier: Apache-2.0
#include "netlink/mesh_peers.h"

#include <stdlib.h>

#include "netlink/mesh_client.h"
#include "netlink/mesh_codec.h"

enum { SMALL_MESSAGE = 256 };

struct peer_telling {
	struct mesh_peer_parts parts;
	wg_peer_fn *fn;
	void *data;
	uint64_t generation;
	struct error *err;
};

/* A peer is told when its last part is in. */
static int tell_peer(void *data, const struct nlmsghdr *answer)
{
	struct peer_telling *t = data;
	bool present;
	int r = mesh_decode_peer(answer, &t->parts, &t->generation, &present, t->err);

	if (r || !present || t->parts.more)
		return r;
	return t->fn(t->data, &t->parts.peer);
}

static int ask_peers(struct mesh_client *c, struct message *m, struct peer_telling *t)
{
	int r;

	t->parts.prefixes = calloc(WGMESH_PREFIXES_MAX, sizeof(*t->parts.prefixes));
	if (!t->parts.prefixes)
		return error_set(t->err, ERR_MEMORY, "no memory for a peer's prefixes");
	r = genl_request(c->genl, m, tell_peer, t, t->err);
	free(t->parts.prefixes);
	return r;
}

int mesh_peer_list(struct mesh_client *c, const char *ifname,
		   const struct mesh_peer_filter *filter, wg_peer_fn *fn, void *data,
		   uint64_t *ret_generation, struct error *err)
{
	struct message m = mesh_message(SMALL_MESSAGE, WGMESH_CMD_PEER_LIST, NLM_F_DUMP, ifname);
	struct peer_telling t = { .fn = fn, .data = data, .err = err };
	int r;

	if (filter && filter->state != MESH_ANY_STATE)
		message_put_u32(&m, WGMESH_A_MESH_STATE, (uint32_t)filter->state);
	if (filter && filter->since_generation)
		message_put_u64(&m, WGMESH_A_MESH_SINCE_GENERATION, filter->since_generation);
	r = ask_peers(c, &m, &t);
	message_fini(&m);
	if (r < 0)
		error_prefix(err, "peers of mesh %s", ifname);
	if (!r && ret_generation && t.generation)
		*ret_generation = t.generation;
	return r;
}

int mesh_peer_get(struct mesh_client *c, const char *ifname, const struct key *public_key,
		  wg_peer_fn *fn, void *data, struct error *err)
{
	struct message m = mesh_message(SMALL_MESSAGE, WGMESH_CMD_PEER_GET, 0, ifname);
	struct peer_telling t = { .fn = fn, .data = data, .err = err };
	int r;

	mesh_put_peer(&m, &(struct wg_peer){ .public_key = *public_key });
	r = ask_peers(c, &m, &t);
	message_fini(&m);
	if (r < 0)
		error_prefix(err, "peer of mesh %s", ifname);
	return r;
}

static int order(struct mesh_client *c, uint8_t command, const char *ifname,
		 const struct key *public_key, bool force, struct error *err)
{
	struct message m = mesh_message(SMALL_MESSAGE, command, 0, ifname);
	int r;

	mesh_put_peer(&m, &(struct wg_peer){ .public_key = *public_key });
	if (force)
		message_put(&m, WGMESH_A_MESH_FORCE, NULL, 0);
	r = genl_request(c->genl, &m, NULL, NULL, err);
	message_fini(&m);
	if (r)
		error_prefix(err, "peer of mesh %s", ifname);
	return r;
}

int mesh_peer_activate(struct mesh_client *c, const char *ifname, const struct key *public_key,
		       struct error *err)
{
	return order(c, WGMESH_CMD_PEER_ACTIVATE, ifname, public_key, false, err);
}

int mesh_peer_evict(struct mesh_client *c, const char *ifname, const struct key *public_key,
		    bool force, struct error *err)
{
	return order(c, WGMESH_CMD_PEER_EVICT, ifname, public_key, force, err);
}

struct prefix_telling {
	mesh_prefix_fn *fn;
	void *data;
	struct error *err;
};

static int tell_prefix(void *data, const struct nlmsghdr *answer)
{
	struct prefix_telling *t = data;
	struct mesh_prefix prefix;
	int r = mesh_decode_prefix(answer, &prefix, t->err);

	return r ? r : t->fn(t->data, &prefix);
}

static int keep_prefix(void *data, const struct mesh_prefix *prefix)
{
	*(struct mesh_prefix *)data = *prefix;
	return 0;
}

int mesh_prefix_get(struct mesh_client *c, const char *ifname, const struct ip *address,
		    struct mesh_prefix *ret, struct error *err)
{
	struct message m = mesh_message(SMALL_MESSAGE, WGMESH_CMD_PREFIX_GET, 0, ifname);
	struct mesh_prefix prefix = { 0 };
	struct prefix_telling t = { .fn = keep_prefix, .data = &prefix, .err = err };
	char text[IP_TEXT_MAX];
	int r;

	message_put_ip(&m, WGMESH_A_MESH_ADDRESS, address);
	r = genl_request(c->genl, &m, tell_prefix, &t, err);
	message_fini(&m);
	if (r)
		error_prefix(err, "address %s in mesh %s", ip_format(address, text), ifname);
	else
		*ret = prefix;
	return r;
}

int mesh_prefix_list(struct mesh_client *c, const char *ifname, mesh_prefix_fn *fn, void *data,
		     struct error *err)
{
	struct message m = mesh_message(SMALL_MESSAGE, WGMESH_CMD_PREFIX_LIST, NLM_F_DUMP,
					ifname);
	struct prefix_telling t = { .fn = fn, .data = data, .err = err };
	int r = genl_request(c->genl, &m, tell_prefix, &t, err);

	message_fini(&m);
	if (r < 0)
		error_prefix(err, "prefixes of mesh %s", ifname);
	return r;
}
