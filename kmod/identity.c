// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <net/genetlink.h>

#include "doorman.h"
#include "identity.h"
#include "mesh.h"
#include "noise.h"
#include "sync.h"
#include "wg.h"

#define PAUSE	HZ

struct identity {
	u8 private_key[WGMESH_KEY_LEN];
	u8 public_key[WGMESH_KEY_LEN];
	u16 port;
	u32 mark;
	bool has_key;
};

/* Jiffies until they may be read again. */
static unsigned long pause_left(const struct wgm_sync *sync)
{
	unsigned long next = READ_ONCE(sync->identified_at) + PAUSE;

	return sync->identified && time_before(jiffies, next) ? next - jiffies : 0;
}

void wgm_identity_suspect(struct wgm_mesh *mesh)
{
	struct wgm_sync *sync = &mesh->sync;

	if (!READ_ONCE(mesh->table.on_demand) || READ_ONCE(sync->identity_due))
		return;
	WRITE_ONCE(sync->identity_due, true);
	wgm_mesh_queue(mesh, &sync->work, pause_left(sync) ?: 1);
}

static int read_message(const struct nlmsghdr *nlh, void *arg)
{
	struct identity *ret = arg;
	const struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		switch (nla_type(attr)) {
		case WGDEVICE_A_PRIVATE_KEY:
			nla_memcpy(ret->private_key, attr, WGMESH_KEY_LEN);
			break;
		case WGDEVICE_A_PUBLIC_KEY:
			nla_memcpy(ret->public_key, attr, WGMESH_KEY_LEN);
			ret->has_key = true;
			break;
		case WGDEVICE_A_LISTEN_PORT:
			ret->port = nla_get_u16(attr);
			break;
		case WGDEVICE_A_FWMARK:
			ret->mark = nla_get_u32(attr);
			break;
		}
	}
	return 0;
}

static int learn(struct wgm_mesh *mesh, const struct identity *identity)
{
	struct wgm_table *table = &mesh->table;

	wgm_table_lock(table);
	table->own_key_known = identity->has_key;
	memcpy(table->own_key, identity->public_key, WGMESH_KEY_LEN);
	wgm_table_unlock(table);
	return wgm_doorman_identify(&mesh->doorman, identity->private_key, identity->port,
				    identity->mark);
}

int wgm_identity_read(struct wgm_mesh *mesh)
{
	struct wgm_sync *sync = &mesh->sync;
	struct identity identity = {};
	int err;

	if (!READ_ONCE(mesh->table.on_demand) || !READ_ONCE(sync->identity_due))
		return 0;
	if (pause_left(sync)) {
		wgm_mesh_queue(mesh, &sync->work, pause_left(sync) ?: 1);
		return 0;
	}
	WRITE_ONCE(sync->identity_due, false);
	err = wgm_wg_read_device(&sync->wg, mesh->net, mesh->ifindex, read_message, &identity);
	if (!err)
		err = learn(mesh, &identity);
	memzero_explicit(&identity, sizeof(identity));
	if (err) {
		WRITE_ONCE(sync->identity_due, true);
		return err;
	}
	WRITE_ONCE(sync->identified_at, jiffies);
	sync->identified = true;
	return 0;
}
