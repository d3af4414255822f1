// SPDX-License-Identifier: Apache-2.0
#include "daemon/floors.h"

#include <string.h>

#include "base/buf.h"

/* Of a million peers that are active at once. */
enum { FLOORS_BYTES_MAX = 1024 * 1024 * sizeof(struct local_floor) };

_Static_assert((int)LOCAL_FLOOR_BYTES == WGMESH_FLOOR_LEN, "what is kept is what the module tells");

bool floors_of(void *local, const struct key *public_key, uint8_t ret[WGMESH_FLOOR_LEN])
{
	return local_store_get_floor(local, public_key, ret, NULL) == 0;
}

static int gather(void *data, const struct wg_peer *peer)
{
	struct local_floor floor = { .public_key = peer->public_key };
	struct buf *floors = data;

	if (!(peer->fields & WG_PEER_FLOOR))
		return 0;
	memcpy(floor.floor, peer->floor, sizeof(floor.floor));
	buf_append(floors, &floor, sizeof(floor));
	return 0;
}

int floors_save(struct dataplane *dp, struct local_store *local, struct error *err)
{
	struct buf floors = BUF_INIT(FLOORS_BYTES_MAX);
	int r = dataplane_list_active(dp, gather, &floors, err);

	/* A list of two generations is good enough: floors only rise. */
	if (r == -ERR_UNAVAILABLE)
		r = 0;
	if (r == 0 && floors.failed)
		r = error_set(err, ERR_MEMORY, "no memory for the replay floors");
	if (r == 0 && floors.len)
		r = local_store_raise_floors(local, (const struct local_floor *)floors.data,
					     floors.len / sizeof(struct local_floor), err);
	buf_fini(&floors);
	return r;
}

static bool is_peer(void *data, const struct key *public_key)
{
	return peer_set_lookup(data, public_key);
}

int floors_keep(struct local_store *local, const struct peer_set *peers, struct error *err)
{
	return local_store_keep_floors(local, is_peer, (void *)peers, err);
}
