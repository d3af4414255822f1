// SPDX-License-Identifier: Apache-2.0
/* The kernel module wgmesh beside stock WireGuard. */
#include "dataplane/backend.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/device.h"
#include "dataplane/found.h"
#include "dataplane/sync.h"
#include "netlink/mesh_apply.h"
#include "netlink/mesh_peers.h"

struct backend {
	struct link_client *link;
	struct wg_client *wg;
	struct mesh_client *mesh;
	char ifname[IF_NAMESIZE];
	uint64_t generation;	/* of the table as we know it; 0: nothing was ever applied */
	dataplane_floor_fn *floor_of;	/* may be NULL */
	void *floor_data;
};

static void mesh_close(struct backend *b)
{
	if (!b)
		return;
	mesh_client_close(b->mesh);
	wg_client_close(b->wg);
	free(b);
}

/* A table that runs is adopted, with everything that it knows. */
static int take_mesh(struct backend *b, enum dataplane_lazy lazy, struct error *err)
{
	struct mesh_settings settings = { .fields = MESH_SET_FLAGS };
	struct mesh_info info;
	int r = mesh_new(b->mesh, b->ifname, NULL, err);

	if (!r || r == -ERR_EXISTS)
		r = mesh_get(b->mesh, b->ifname, &info, err);
	if (r)
		return r;
	if (lazy == DATAPLANE_LAZY_ON ||
	    (lazy == DATAPLANE_LAZY_AUTO && info.features & WGMESH_MESH_FEATURES_EGRESS))
		settings.flags = WGMESH_MESH_FLAGS_LAZY;
	return info.flags == settings.flags ? 0 : mesh_set(b->mesh, b->ifname, &settings, err);
}

static int attach(struct backend *b, const struct dataplane_config *config, struct error *err)
{
	/* The module first: without it nothing is to be touched. */
	int r = mesh_client_open(&b->mesh, err);

	if (!r)
		r = wg_client_open(&b->wg, err);
	if (!r)
		r = device_configure(b->link, b->wg, config, err);
	return r ? r : take_mesh(b, config->lazy, err);
}

static int mesh_open(const struct dataplane_config *config, struct link_client *link,
		     struct backend **ret, struct error *err)
{
	struct backend *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return error_set(err, ERR_MEMORY, "no memory for a data plane");
	b->link = link;
	b->floor_of = config->floor_of;
	b->floor_data = config->floor_data;
	strncpy(b->ifname, config->ifname, sizeof(b->ifname) - 1);
	r = attach(b, config, err);
	if (r)
		mesh_close(b);
	else
		*ret = b;
	return r;
}

static int mesh_remove(struct backend *b, struct error *err)
{
	int r = mesh_del(b->mesh, b->ifname, err);

	if (r && r != -ERR_NOT_FOUND)
		return r;
	return device_delete(b->link, b->wg, b->ifname, err);
}

/* An empty list tells no generation: the one from before it then holds, or the batch is refused. */
static int mesh_list_peers(struct backend *b, wg_peer_fn *fn, void *data, struct error *err)
{
	struct mesh_info info;
	int r = mesh_get(b->mesh, b->ifname, &info, err);

	if (r)
		return r;
	b->generation = info.generation;
	return mesh_peer_list(b->mesh, b->ifname, NULL, fn, data, &b->generation, err);
}

/* A table that is new knows of no handshake yet, and who recorded one may send it again. */
static void put_floor(const struct backend *b, const struct peer_upsert *u, struct wg_peer *out)
{
	if (u->changes & PEER_IS_NEW && b->floor_of &&
	    b->floor_of(b->floor_data, &out->public_key, out->floor))
		out->fields |= WG_PEER_FLOOR;
}

static int put_upsert(struct backend *b, struct mesh_apply *batch, const struct peer_upsert *u,
		      struct wg_prefix *prefixes, struct error *err)
{
	struct wg_peer out = { .public_key = u->peer->public_key, .prefixes = prefixes };
	char key[KEY_TEXT_MAX];

	sync_fields(u, &out);
	put_floor(b, u, &out);
	if (u->peer->waiting) {
		out.fields |= WG_PEER_PRESHARED_KEY;
		memcpy(out.preshared_key.bytes, WG_WAITING_KEY, KEY_BYTES);
	}
	if (!(u->changes & (PEER_IS_NEW | PEER_PREFIXES)))
		return mesh_apply_peer(batch, &out, err);
	if (u->peer->n_prefixes > WGMESH_PREFIXES_MAX)
		return error_set(err, ERR_EXHAUSTED,
				 "peer %s carries %zu prefixes, a table takes %d: add public nodes "
				 "to relay over, or use the backend \"kernel\"",
				 key_format(&out.public_key, key), u->peer->n_prefixes,
				 WGMESH_PREFIXES_MAX);
	out.flags = WGMESH_PEER_FLAGS_REPLACE_PREFIXES;
	out.prefix_count = u->peer->n_prefixes;
	for (size_t i = 0; i < out.prefix_count; i++)
		prefixes[i] = (struct wg_prefix){ .prefix = u->peer->prefixes[i].prefix,
						  .metric = u->peer->prefixes[i].metric };
	return mesh_apply_peer(batch, &out, err);
}

static int put_removal(struct mesh_apply *batch, const struct key *public_key, struct error *err)
{
	return mesh_apply_peer(batch, &(struct wg_peer){ .public_key = *public_key,
		.flags = WGMESH_PEER_FLAGS_REMOVE }, err);
}

static int put_diff(struct backend *b, struct mesh_apply *batch, const struct peer_diff *diff,
		    struct error *err)
{
	struct wg_prefix *prefixes = calloc(WGMESH_PREFIXES_MAX, sizeof(*prefixes));
	int r = 0;

	if (!prefixes)
		return error_set(err, ERR_MEMORY, "no memory for a batch");
	for (size_t i = 0; !r && i < diff->n_removals; i++)
		r = put_removal(batch, &diff->removals[i]->public_key, err);
	for (size_t i = 0; !r && i < diff->n_upserts; i++)
		r = put_upsert(b, batch, &diff->upserts[i], prefixes, err);
	free(prefixes);
	return r;
}

static int put_renewed(struct backend *b, struct mesh_apply *batch, const struct peer_diff *diff,
		       struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < diff->n_upserts; i++)
		if (diff->upserts[i].changes & PEER_RENEWED)
			r = put_removal(batch, &diff->upserts[i].peer->public_key, err);
	return r;
}

static int run_batch(struct backend *b, const struct mesh_apply_options *options,
		     int (*put)(struct backend *b, struct mesh_apply *batch,
				const struct peer_diff *diff, struct error *err),
		     const struct peer_diff *diff, struct error *err)
{
	struct mesh_apply_result result;
	struct mesh_apply *batch;
	int r = mesh_apply_begin(b->mesh, b->ifname, options, &batch, err);

	if (r)
		return r;
	r = put(b, batch, diff, err);
	if (r) {
		mesh_apply_abort(batch);
		return r;
	}
	r = mesh_apply_commit(batch, &result, err);
	if (!r)
		b->generation = result.generation;
	return r;
}

static bool has_renewed(const struct peer_diff *diff)
{
	for (size_t i = 0; i < diff->n_upserts; i++)
		if (diff->upserts[i].changes & PEER_RENEWED)
			return true;
	return false;
}

/* A batch names a peer once: those that begin anew go by one of their own.  They had no prefixes. */
static int remove_renewed(struct backend *b, const struct peer_diff *diff, struct error *err)
{
	struct mesh_apply_options options = { .expect = true,
					      .expected_generation = b->generation };

	return has_renewed(diff) ? run_batch(b, &options, put_renewed, diff, err) : 0;
}

/*
 * A table that was never filled is replaced: then the module also clears what
 * WireGuard held before.
 */
static int mesh_apply_diff(struct backend *b, const struct peer_diff *diff,
			   const struct peer_set *wanted, bool replace, struct error *err)
{
	struct mesh_apply_options options = {
		.replace = replace || !b->generation,
		.expect = !replace,
	};
	int r = 0;

	if (!options.replace && !diff->n_upserts && !diff->n_removals)
		return 0;
	if (!options.replace)
		r = remove_renewed(b, diff, err);
	options.expected_generation = b->generation;
	return r ? r : run_batch(b, &options, put_diff, diff, err);
}

struct tally {
	struct dataplane_stats *stats;
	uint64_t now;
};

static int count_active(void *data, const struct wg_peer *peer)
{
	struct tally *t = data;

	found_count(t->stats, peer, t->now);
	return 0;
}

static int mesh_list_active(struct backend *b, wg_peer_fn *fn, void *data, struct error *err)
{
	static const struct mesh_peer_filter active = { .state = WGMESH_PEER_STATE_ACTIVE };

	return mesh_peer_list(b->mesh, b->ifname, &active, fn, data, NULL, err);
}

static int mesh_count(struct backend *b, struct dataplane_stats *ret, struct error *err)
{
	struct tally tally = { .stats = ret, .now = found_now() };
	struct mesh_stats stats;
	int r = mesh_stats_get(b->mesh, b->ifname, &stats, err);

	if (!r)
		r = mesh_list_active(b, count_active, &tally, err);
	/* A list of two generations is good enough for numbers. */
	if (r && r != -ERR_UNAVAILABLE)
		return r;
	ret->peers_known = stats.value[WGMESH_A_STATS_PEERS];
	return 0;
}

static int mesh_list_sessions(struct backend *b, wg_peer_fn *fn, void *data, struct error *err)
{
	return wg_peer_list(b->wg, b->ifname, fn, data, err);
}

static int mesh_set_key(struct backend *b, const struct key *private_key, struct error *err)
{
	return device_set_key(b->wg, b->ifname, private_key, err);
}

/*
 * One that is dormant has WireGuard told of it by the module, later: whoever asks again
 * finds it there.
 */
static int mesh_call(struct backend *b, const struct wg_peer steps[], size_t count,
		     struct error *err)
{
	int r = mesh_peer_activate(b->mesh, b->ifname, &steps[0].public_key, err);

	if (r && r != -ERR_PRECONDITION && r != -ERR_NOT_FOUND)
		return r;
	return wg_peers_set(b->wg, b->ifname, steps, count, err);
}

static int mesh_listen_port(struct backend *b, uint16_t *ret, struct error *err)
{
	return device_listen_port(b->wg, b->ifname, ret, err);
}

static int mesh_set_mark(struct backend *b, struct error *err)
{
	return device_set_mark(b->wg, b->ifname, err);
}

const struct backend_ops backend_mesh = {
	.name = "mesh",
	.lazy = true,
	.open = mesh_open,
	.close = mesh_close,
	.remove = mesh_remove,
	.list = mesh_list_peers,
	.list_active = mesh_list_active,
	.apply = mesh_apply_diff,
	.stats = mesh_count,
	.list_sessions = mesh_list_sessions,
	.set_key = mesh_set_key,
	.call = mesh_call,
	.listen_port = mesh_listen_port,
	.set_mark = mesh_set_mark,
};
