// SPDX-License-Identifier: Apache-2.0
#include "wgmesh/catch_up.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "netlink/mesh_peers.h"

enum {
	MESHES_MAX = 4096,	/* a host has a handful */
	TRIES = 3,		/* of a list that the table's changes break off */
};

struct known {
	uint32_t ifindex;
	char ifname[IF_NAMESIZE];
	uint64_t generation;
	bool listed;		/* by the list that is being made */
};

struct catch_up {
	struct mesh_client *client;
	struct buf known;	/* of struct known */
};

static struct known *lookup(struct catch_up *c, uint32_t ifindex)
{
	struct known *all = (struct known *)c->known.data;

	for (size_t i = 0; i < c->known.len / sizeof(*all); i++)
		if (all[i].ifindex == ifindex)
			return &all[i];
	return NULL;
}

static struct known *add(struct catch_up *c, const struct mesh_info *info)
{
	struct known known = { .ifindex = info->ifindex };

	if (!buf_append(&c->known, &known, sizeof(known)))
		return NULL;
	return lookup(c, info->ifindex);
}

static void forget(struct catch_up *c, struct known *known)
{
	struct known *all = (struct known *)c->known.data;
	size_t last = c->known.len / sizeof(*all) - 1;

	*known = all[last];
	c->known.len = last * sizeof(*all);
}

static int note(struct catch_up *c, const struct mesh_info *info, struct error *err)
{
	struct known *known = lookup(c, info->ifindex);

	if (!known)
		known = add(c, info);
	if (!known)
		return error_set(err, ERR_MEMORY, "no memory to remember mesh %s", info->ifname);
	memcpy(known->ifname, info->ifname, sizeof(known->ifname));
	known->generation = info->generation;
	return 0;
}

int catch_up_note(struct catch_up *c, const struct mesh_event *event, struct error *err)
{
	struct known *known = lookup(c, event->mesh.ifindex);

	if (event->kind == MESH_EVENT_DEL) {
		if (known)
			forget(c, known);
		return 0;
	}
	/* Events that waited while changes were listed are older than what was listed. */
	if (known && event->kind != MESH_EVENT_NEW && known->generation > event->mesh.generation)
		return 0;
	return note(c, &event->mesh, err);
}

struct listing {
	struct catch_up *c;
	struct error *err;
};

static int note_listed(void *data, const struct mesh_info *info)
{
	struct listing *l = data;

	return note(l->c, info, l->err);
}

int catch_up_new(struct catch_up **ret, struct error *err)
{
	struct catch_up *c = calloc(1, sizeof(*c));
	struct listing l = { .c = c, .err = err };
	int r;

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory to follow meshes");
	c->known = BUF_INIT(MESHES_MAX * sizeof(struct known));
	r = mesh_client_open(&c->client, err);
	if (!r)
		r = mesh_list(c->client, note_listed, &l, err);
	if (r)
		catch_up_free(c);
	else
		*ret = c;
	return r;
}

void catch_up_free(struct catch_up *c)
{
	if (!c)
		return;
	mesh_client_close(c->client);
	buf_fini(&c->known);
	free(c);
}

struct run {
	mesh_event_fn *fn;
	void *data;
	struct mesh_event event;
};

static int tell_changed(void *data, const struct wg_peer *peer)
{
	struct run *run = data;

	run->event.peer = peer;
	return run->fn(run->data, &run->event);
}

static int list_changed(struct catch_up *c, struct run *run, uint64_t since, struct error *err)
{
	const struct mesh_peer_filter filter = {
		.state = MESH_ANY_STATE,
		.since_generation = since,
	};
	int r = -ERR_UNAVAILABLE;

	run->event.kind = MESH_EVENT_CHANGED;
	for (int tries = 0; r == -ERR_UNAVAILABLE && tries < TRIES; tries++)
		r = mesh_peer_list(c->client, run->event.mesh.ifname, &filter, tell_changed, run,
				   NULL, err);
	/* The mesh may have ended since it was listed: that is an event to come. */
	return r == -ERR_NOT_FOUND ? 0 : r;
}

/* A mesh that was made again counts from the beginning. */
static int tell_mesh(struct catch_up *c, struct run *run, const struct mesh_info *info,
		     struct error *err)
{
	struct known *known = lookup(c, info->ifindex);
	uint64_t since = known && known->generation <= info->generation ? known->generation : 0;
	int r;

	run->event = (struct mesh_event){
		.kind = MESH_EVENT_OVERRUN,
		.mesh = *info,
		.since = since,
		.removals = info->removal_generation > since,
	};
	r = run->fn(run->data, &run->event);
	if (!r)
		r = list_changed(c, run, since, err);
	if (!r)
		r = note(c, info, err);
	if (!r)
		lookup(c, info->ifindex)->listed = true;
	return r;
}

/* Meshes that were known and are not listed any more are gone. */
static int tell_gone(struct catch_up *c, struct run *run)
{
	struct known *all = (struct known *)c->known.data;
	int r = 0;

	for (size_t i = c->known.len / sizeof(*all); !r && i-- > 0;) {
		if (all[i].listed) {
			all[i].listed = false;
			continue;
		}
		run->event = (struct mesh_event){ .kind = MESH_EVENT_DEL };
		run->event.mesh.ifindex = all[i].ifindex;
		run->event.mesh.generation = all[i].generation;
		memcpy(run->event.mesh.ifname, all[i].ifname, sizeof(all[i].ifname));
		forget(c, &all[i]);
		r = run->fn(run->data, &run->event);
	}
	return r;
}

static int collect(void *data, const struct mesh_info *info)
{
	return buf_append(data, info, sizeof(*info)) ? 0 : -ERR_EXHAUSTED;
}

int catch_up_run(struct catch_up *c, mesh_event_fn *fn, void *data, struct error *err)
{
	struct buf found = BUF_INIT(MESHES_MAX * sizeof(struct mesh_info));
	struct run run = { .fn = fn, .data = data };
	struct mesh_info info;
	int r = mesh_list(c->client, collect, &found, err);

	if (r == -ERR_EXHAUSTED && found.failed)
		error_set(err, ERR_EXHAUSTED, "more than %d meshes", MESHES_MAX);
	for (size_t at = 0; !r && at < found.len; at += sizeof(info)) {
		memcpy(&info, found.data + at, sizeof(info));
		r = tell_mesh(c, &run, &info, err);
	}
	buf_fini(&found);
	return r ? r : tell_gone(c, &run);
}
