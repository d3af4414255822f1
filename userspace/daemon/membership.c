// SPDX-License-Identifier: Apache-2.0
#include "daemon/membership.h"

#include <stdio.h>

#include "base/log.h"
#include "daemon/voting_right.h"
#include "raft/raft.h"

struct search {
	struct state_store *state;
	const struct raft_configuration *configuration;
	unsigned int skip;	/* steps still to pass over */
	struct raft_change *change;
	char *name;
};

/* Non-zero: this is the one that was asked for. */
static int found(struct search *s, enum raft_change_kind kind, uint64_t id, const char *name)
{
	if (s->skip-- > 0)
		return 0;
	snprintf(s->name, NODE_ID_MAX + 1, "%s", name);
	*s->change = (struct raft_change){ .kind = kind, .id = id, .name = s->name };
	return 1;
}

static bool wanted(struct state_store *state, const char *node_id, uint64_t server_id)
{
	struct node node;

	return state_get_node(state, node_id, &node, NULL) == 0 && node.role == NODE_VOTER &&
	       node.server_id == server_id;
}

static int find_addition(const struct member *member, void *data)
{
	struct search *s = data;
	const struct raft_server *server =
		raft_configuration_lookup(s->configuration, member->server_id);

	if ((server && server->role == RAFT_VOTER) ||
	    !wanted(s->state, member->node_id, member->server_id) ||
	    voting_right_check(s->state, member->node_id, NULL) < 0)
		return 0;
	return found(s, server ? RAFT_PROMOTE : RAFT_ADD_LEARNER, member->server_id,
		     member->node_id);
}

/* Removals first: a dead server that is to go must not cost the majority a newcomer needs. */
bool membership_step(struct state_store *state, const struct raft_configuration *configuration,
		     unsigned int skip, struct raft_change *ret, char *name)
{
	struct search search = { .state = state, .configuration = configuration, .skip = skip,
				 .change = ret, .name = name };

	for (unsigned int i = 0; i < configuration->count; i++) {
		const struct raft_server *server = &configuration->servers[i];

		if (!wanted(state, server->name, server->id) &&
		    found(&search, RAFT_REMOVE, server->id, server->name))
			return true;
	}
	return state_each_member(state, find_addition, &search, NULL) == 1;
}

/* True: there is nothing more to try now. */
static bool take(struct replica *replica, const struct raft_change *change)
{
	static const char *const kinds[] = { [RAFT_ADD_LEARNER] = "add-learner",
					     [RAFT_PROMOTE] = "promote", [RAFT_REMOVE] = "remove" };
	struct error err = { 0 };

	if (replica_change_membership(replica, change, &err) == 0) {
		log_info("membership", "change=%s node=%s server=%lu", kinds[change->kind],
			 change->name, (unsigned long)change->id);
		return true;
	}
	if (err.kind != ERR_UNAVAILABLE)	/* that one is "not yet" */
		log_warn("membership-refused", "change=%s node=%s reason=\"%s\"",
			 kinds[change->kind], change->name, log_text(err.text));
	return false;
}

void membership_advance(struct replica *replica, struct state_store *state)
{
	char name[NODE_ID_MAX + 1];
	struct replica_status status;
	struct raft_change change;
	struct mesh mesh;

	/* What the log holds and the state has not yet, it must not take for absent. */
	replica_status(replica, &status);
	if (status.role != REPLICA_LEADER || status.applied_index != status.commit_index ||
	    state_get_mesh(state, &mesh, NULL) < 0)
		return;
	for (unsigned int skip = 0;
	     membership_step(state, replica_configuration(replica), skip, &change, name); skip++)
		if (take(replica, &change))
			return;
}
