// SPDX-License-Identifier: Apache-2.0
#include "daemon/membership.h"

#include <stdio.h>

#include "base/log.h"
#include "raft/raft.h"

struct search {
	const struct raft_configuration *configuration;
	struct raft_change *change;
	char *name;
};

static bool wanted(struct state_store *state, const struct raft_server *server)
{
	struct node node;

	return state_get_node(state, server->name, &node, NULL) == 0 &&
	       node.role == NODE_VOTER && node.server_id == server->id;
}

static int find_addition(const struct node *node, void *data)
{
	struct search *s = data;
	const struct raft_server *server;

	if (node->role != NODE_VOTER || !node->server_id)
		return 0;
	server = raft_configuration_lookup(s->configuration, node->server_id);
	if (server && server->role == RAFT_VOTER)
		return 0;
	snprintf(s->name, NODE_ID_MAX + 1, "%s", node->id);
	*s->change = (struct raft_change){ .kind = server ? RAFT_PROMOTE : RAFT_ADD_LEARNER,
					   .id = node->server_id, .name = s->name };
	return 1;
}

/* Removals first: a dead server that is to go must not cost the majority a newcomer needs. */
bool membership_next(struct state_store *state, const struct raft_configuration *configuration,
		     struct raft_change *ret, char *name)
{
	struct search search = { .configuration = configuration, .change = ret, .name = name };

	for (unsigned int i = 0; i < configuration->count; i++) {
		const struct raft_server *server = &configuration->servers[i];

		if (!wanted(state, server)) {
			snprintf(name, NODE_ID_MAX + 1, "%s", server->name);
			*ret = (struct raft_change){ .kind = RAFT_REMOVE, .id = server->id,
						     .name = name };
			return true;
		}
	}
	return state_each_node(state, NULL, find_addition, &search, NULL) == 1;
}

bool membership_advance(struct replica *replica, struct state_store *state)
{
	static const char *const kinds[] = { [RAFT_ADD_LEARNER] = "add-learner",
					     [RAFT_PROMOTE] = "promote", [RAFT_REMOVE] = "remove" };
	char name[NODE_ID_MAX + 1];
	struct replica_status status;
	struct raft_change change;
	struct error err = { 0 };
	struct mesh mesh;

	/* What the log holds and the state has not yet, it must not take for absent. */
	replica_status(replica, &status);
	if (status.role != REPLICA_LEADER || status.applied_index != status.commit_index ||
	    state_get_mesh(state, &mesh, NULL) < 0 ||
	    !membership_next(state, replica_configuration(replica), &change, name))
		return false;
	if (replica_change_membership(replica, &change, &err) == 0)
		log_info("membership", "change=%s node=%s server=%lu", kinds[change.kind], name,
			 (unsigned long)change.id);
	else if (err.kind != ERR_UNAVAILABLE)	/* that one is "not yet" */
		log_warn("membership-refused", "change=%s node=%s reason=\"%s\"",
			 kinds[change.kind], name, err.text);
	return true;
}
