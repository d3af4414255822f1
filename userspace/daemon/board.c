// SPDX-License-Identifier: Apache-2.0
#include "daemon/board_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/now.h"
#include "daemon/version.h"
#include "raft/status.h"
#include "status/files.h"
#include "status/report.h"
#include "store/state_query.h"

enum {
	LOOKS_MS = 10000,	/* who has asked within this looks on */
	SILENT_TICKS = 20,	/* longer than the shortest election timeout, so that it stays quiet */
};

static uint64_t now_ms(void)
{
	return uv_hrtime() / 1000000;
}

/* ---- the view ---- */

static void fill_server(const struct daemon *d, const struct raft_server *server,
			const struct raft_peer_status *peers, size_t count, struct view_server *ret)
{
	snprintf(ret->node_id, sizeof(ret->node_id), "%s", server->name);
	ret->votes = server->role == RAFT_VOTER;
	for (size_t i = 0; i < count; i++) {
		if (peers[i].id != server->id)
			continue;
		ret->is_seen = true;
		ret->progress = raft_peer_state_name(peers[i].state);
		ret->match_index = peers[i].match_index;
		ret->silent_ms = (uint64_t)peers[i].silent_ticks * d->settings.tick_ms;
		ret->is_silent = peers[i].silent_ticks >= SILENT_TICKS;
	}
}

static void fill_servers(const struct daemon *d, struct status_view *v)
{
	const struct raft_configuration *c = replica_configuration(d->replica);
	struct raft_peer_status peers[RAFT_SERVERS_MAX + 1];
	struct raft_status raft;
	size_t count = 0;

	_Static_assert((int)VIEW_SERVERS_MAX == (int)RAFT_SERVERS_MAX, "all servers fit");
	replica_server_status(d->replica, &raft, peers, RAFT_SERVERS_MAX + 1, &count);
	v->server_count = c->count;
	for (unsigned int i = 0; i < c->count; i++)
		fill_server(d, &c->servers[i], peers, count, &v->servers[i]);
}

static void fill_replica(const struct daemon *d, struct status_view *v)
{
	struct replica_status replica;

	replica_status(d->replica, &replica);
	v->role = replica_role_name(replica.role);
	snprintf(v->leader, sizeof(v->leader), "%s", replica.leader);
	v->term = replica.term;
	v->commit_index = replica.commit_index;
	v->applied_index = replica.applied_index;
	v->state_age_ms = replica.state_age_ms;
	snprintf(v->raft_trouble, sizeof(v->raft_trouble), "%s", replica.trouble);
	fill_servers(d, v);
}

/* What is asked of the state is asked again only when that is another. */
static void fill_mesh(const struct daemon *d, const struct status_view *before,
		      struct status_view *v)
{
	struct mesh mesh;

	v->nodes = before->nodes;
	memcpy(v->domain, before->domain, sizeof(v->domain));
	if (*v->domain && before->applied_index == v->applied_index)
		return;
	state_count_nodes(d->state, &v->nodes, NULL);
	if (state_get_mesh(d->state, &mesh, NULL) == 0)
		memcpy(v->domain, mesh.domain, sizeof(v->domain));
}

static void fill(const struct daemon *d, const struct status_view *before, struct status_view *v)
{
	*v = (struct status_view){ .version = WGMESH_VERSION, .now = daemon_now(),
				   .started_at = d->started_at,
				   .backend = converge_backend(d->converge) };
	snprintf(v->node_id, sizeof(v->node_id), "%s", d->settings.id);
	snprintf(v->device, sizeof(v->device), "%s", d->settings.device);
	snprintf(v->dataplane_trouble, sizeof(v->dataplane_trouble), "%s",
		 converge_trouble(d->converge));
	fill_replica(d, v);
	fill_mesh(d, before, v);
}

/* ---- the roster ---- */

static int add(const struct node *node, void *data)
{
	roster_add(data, node);
	return roster_is_full(data);
}

/* Those that have to be on it come first. */
static struct roster *list(const struct board *b, const struct key *wanted, size_t count)
{
	struct state_store *state = b->daemon->state;
	struct roster *r = roster_new();
	struct node node;

	if (!r)
		return NULL;
	if (state_get_node(state, b->daemon->settings.id, &node, NULL) == 0)
		roster_add(r, &node);
	for (unsigned int i = 0; i < b->next.server_count; i++)
		if (state_get_node(state, b->next.servers[i].node_id, &node, NULL) == 0)
			roster_add(r, &node);
	for (size_t i = 0; i < count; i++)
		if (state_get_node_by_key(state, &wanted[i], &node, NULL) == 0)
			roster_add(r, &node);
	state_each_node(state, NULL, add, r, NULL);
	roster_seal(r);
	return r;
}

/* Whether somebody looks, and what is not on the roster that he has. */
static bool is_due(struct board *b, struct key wanted[PATHS_WANTED_MAX], size_t *ret_count)
{
	bool due;

	uv_mutex_lock(&b->lock);
	due = b->asked_at && now_ms() - b->asked_at < LOOKS_MS &&
	      (b->wants || !b->listed || b->listed_at != b->next.applied_index);
	*ret_count = b->wanted_count;
	memcpy(wanted, b->wanted, b->wanted_count * sizeof(wanted[0]));
	b->wants = b->wants && !due;
	uv_mutex_unlock(&b->lock);
	return due;
}

static void publish(struct board *b, struct roster *roster)
{
	struct roster *old = NULL;

	uv_mutex_lock(&b->lock);
	b->view = b->next;
	if (roster) {
		old = b->roster;
		b->roster = roster;
	}
	uv_mutex_unlock(&b->lock);
	roster_unref(old);
}

void board_refresh(struct board *b)
{
	struct key wanted[PATHS_WANTED_MAX];
	struct status_view before = b->next;
	struct roster *roster = NULL;
	size_t count;

	fill(b->daemon, &before, &b->next);
	if (b->was_told)
		board_compare(b, &before, &b->next);
	b->was_told = true;
	if (is_due(b, wanted, &count)) {
		roster = list(b, wanted, count);
		b->listed = roster;
		b->listed_at = b->next.applied_index;
	}
	publish(b, roster);
}

/* ---- the page, on a listener's thread ---- */

static struct roster *look(struct board *b, struct status_view *ret)
{
	struct roster *roster;

	uv_mutex_lock(&b->lock);
	*ret = b->view;
	roster = roster_ref(b->roster);
	b->asked_at = now_ms();
	uv_mutex_unlock(&b->lock);
	return roster;
}

/* Those that are no nodes at all are asked for once, not every second. */
static void want(struct board *b, const struct paths *paths)
{
	size_t bytes = paths->wanted_count * sizeof(b->wanted[0]);

	if (!paths->wanted_count)
		return;
	uv_mutex_lock(&b->lock);
	if (b->wanted_count != paths->wanted_count || memcmp(b->wanted, paths->wanted, bytes) != 0) {
		memcpy(b->wanted, paths->wanted, bytes);
		b->wanted_count = paths->wanted_count;
		b->wants = true;
	}
	uv_mutex_unlock(&b->lock);
}

static int make_status(void *data, struct buf *ret, struct error *err)
{
	struct status_view view;
	struct roster *roster = look(data, &view);
	struct paths *paths = NULL;
	int r = 0;

	if (!view.now)
		r = error_set(err, ERR_UNAVAILABLE, "the daemon is starting: ask again");
	if (r == 0)
		paths = paths_read(roster, view.backend, view.device);
	if (r == 0 && !paths)
		r = error_set(err, ERR_MEMORY, "no memory for the status");
	if (r == 0) {
		want(data, paths);
		status_report(&view, roster, paths, now_ms(), ret);
	}
	free(paths);
	roster_unref(roster);
	return r;
}

static void read_events(void *data, uint64_t *cursor, struct buf *ret)
{
	events_read(((struct board *)data)->events, cursor, ret);
}

struct http_site board_site(struct board *b)
{
	static const struct http_stream stream = { "/events", read_events };

	return (struct http_site){ .pages = b->pages, .page_count = b->page_count,
				   .stream = &stream, .data = b };
}

void board_set_listener(struct board *b, void (*notify)(void *data), void *data)
{
	b->notify = notify;
	b->notify_data = data;
}

/* ---- life ---- */

static void fill_pages(struct board *b)
{
	b->page_count = status_files_count;
	memcpy(b->pages, status_files, b->page_count * sizeof(b->pages[0]));
	b->pages[b->page_count++] = (struct http_page){ .path = "/status.json",
							.type = "application/json",
							.make = make_status };
}

int board_new(struct daemon *d, struct board **ret, struct error *err)
{
	struct board *b = calloc(1, sizeof(*b));

	if (!b || uv_mutex_init(&b->lock) < 0) {
		free(b);
		return error_set(err, ERR_MEMORY, "no memory for the status page");
	}
	b->daemon = d;
	b->events = events_new((uint64_t)d->started_at / 1000);
	b->roster = roster_new();
	fill_pages(b);
	if (!b->events || !b->roster) {
		board_free(b);
		return error_set(err, ERR_MEMORY, "no memory for the status page");
	}
	*ret = b;
	return 0;
}

void board_free(struct board *b)
{
	if (!b)
		return;
	events_free(b->events);
	roster_unref(b->roster);
	uv_mutex_destroy(&b->lock);
	free(b);
}
