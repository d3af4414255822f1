// SPDX-License-Identifier: Apache-2.0
/* What the board tells as events. */
#include "daemon/board_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/now.h"
#include "store/state_query.h"

enum {
	NODES_TOLD = 16,	/* of one batch, by name */
	NEWS_S = 600,		/* who catches up hears of what was long ago */
};

#define tell_at(b, at, kind, node_id, ...)                                      \
	do {                                                                    \
		events_add((b)->events, kind, node_id, at, __VA_ARGS__);        \
		if ((b)->notify)                                                \
			(b)->notify((b)->notify_data);                          \
	} while (0)
#define tell(b, kind, node_id, ...) tell_at(b, daemon_now(), kind, node_id, __VA_ARGS__)

/* ---- at once ---- */

void board_note_role(struct board *b)
{
	struct replica_status status;
	const char *role;

	replica_status(b->daemon->replica, &status);
	role = replica_role_name(status.role);
	if (strcmp(b->role_leader, status.leader) != 0 && *status.leader)
		tell(b, "leader", status.leader, "leads the mesh, in term %" PRIu64, status.term);
	else if (strcmp(b->role_leader, status.leader) != 0)
		tell(b, "no-leader", b->role_leader, "is not heard any more: nobody is known to lead");
	if (b->role && strcmp(b->role, role) != 0)
		tell(b, "role", b->daemon->settings.id, "was %s, is %s", b->role, role);
	b->role = role;
	snprintf(b->role_leader, sizeof(b->role_leader), "%s", status.leader);
}

/* Whether it is news.  Who joined or changed did so when the leader says. */
static bool tell_node(struct board *b, const struct state_change *change)
{
	struct node node;

	if (change->removed) {
		tell(b, "left", change->node_id, "left the mesh");
		return true;
	}
	if (state_get_node(b->daemon->state, change->node_id, &node, NULL) < 0 ||
	    node.updated_at < daemon_now() - (int64_t)NEWS_S * 1000000000)
		return false;
	if (node.created_at == node.updated_at)
		tell_at(b, node.updated_at, "joined", node.id, "joined the mesh");
	else
		tell_at(b, node.updated_at, "changed", node.id, "has another key, address or role");
	return true;
}

void board_note_changes(struct board *b, const struct state_changes *changes)
{
	size_t told = 0;

	for (size_t i = 0; i < changes->n_nodes && i < NODES_TOLD; i++)
		told += tell_node(b, &changes->nodes[i]);
	if (changes->n_nodes > NODES_TOLD && told)
		tell(b, "changed", "", "%zu nodes more joined, changed or left at once",
		     changes->n_nodes - NODES_TOLD);
}

/* ---- found each second ---- */

static const struct view_server *find(const struct status_view *v, const char *node_id)
{
	for (unsigned int i = 0; i < v->server_count; i++)
		if (strcmp(v->servers[i].node_id, node_id) == 0)
			return &v->servers[i];
	return NULL;
}

static void compare_server(struct board *b, const struct view_server *was,
			   const struct view_server *is)
{
	if (!was || was->votes != is->votes)
		tell(b, "server", is->node_id, is->votes ? "votes" : "learns, and is to vote");
	else if (is->is_silent && !was->is_silent)
		tell(b, "silent", is->node_id, "is not heard any more");
	else if (was->is_silent && is->is_seen && !is->is_silent)
		tell(b, "heard", is->node_id, "is heard again");
}

static void compare_servers(struct board *b, const struct status_view *before,
			    const struct status_view *now)
{
	for (unsigned int i = 0; i < now->server_count; i++)
		compare_server(b, find(before, now->servers[i].node_id), &now->servers[i]);
	for (unsigned int i = 0; i < before->server_count; i++)
		if (!find(now, before->servers[i].node_id))
			tell(b, "server", before->servers[i].node_id, "is no server any more");
}

static void compare_trouble(struct board *b, const char *what, const char *was, const char *is)
{
	if (*is && strcmp(is, was) != 0)
		tell(b, "trouble", b->daemon->settings.id, "%s: %s", what, is);
	else if (*was && !*is)
		tell(b, "well", b->daemon->settings.id, "%s: well again", what);
}

void board_compare(struct board *b, const struct status_view *before, const struct status_view *now)
{
	if (before->server_count && now->server_count)
		compare_servers(b, before, now);
	compare_trouble(b, "state", before->raft_trouble, now->raft_trouble);
	compare_trouble(b, "data plane", before->dataplane_trouble, now->dataplane_trouble);
}
