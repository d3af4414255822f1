// SPDX-License-Identifier: Apache-2.0
/* webmesh.ext.v1.Servers: the Raft group, for `wmctl raft`. */
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "daemon/api.h"
#include "daemon/join.h"
#include "daemon/now.h"
#include "daemon/request.h"
#include "daemon/voting_right.h"
#include "ext/v1/servers.pb-c.h"
#include "raft/raft.h"
#include "store/commands.h"
#include "store/state_query.h"

typedef Webmesh__Ext__V1__Server server_message;

/* ---- List ---- */

struct listing {
	struct daemon *daemon;
	struct raft_status status;
	struct raft_peer_status peers[RAFT_SERVERS_MAX + 1];
	size_t n_peers;
	server_message servers[RAFT_SERVERS_MAX], *list[RAFT_SERVERS_MAX];
	struct member members[RAFT_SERVERS_MAX];	/* their addresses */
};

static const struct raft_peer_status *find_peer(const struct listing *l, uint64_t id)
{
	for (size_t i = 0; i < l->n_peers; i++)
		if (l->peers[i].id == id)
			return &l->peers[i];
	return NULL;
}

static const char *role_of(const struct listing *l, const struct raft_server *server)
{
	if (strcmp(replica_leader(l->daemon->replica), server->name) == 0)
		return "leader";
	return server->role == RAFT_VOTER ? "voter" : "learner";
}

static void fill_progress(const struct listing *l, server_message *m)
{
	const struct raft_peer_status *p = find_peer(l, m->server_id);

	if (!p)
		return;
	m->progress = (char *)raft_peer_state_name(p->state);
	m->match_index = p->match_index;
	m->silent_ms = (uint64_t)p->silent_ticks * l->daemon->settings.tick_ms;
}

static void fill_server(struct listing *l, unsigned int i, const struct raft_server *server)
{
	server_message *m = &l->servers[i];

	webmesh__ext__v1__server__init(m);
	l->list[i] = m;
	m->server_id = server->id;
	m->node_id = (char *)server->name;
	m->role = (char *)role_of(l, server);
	if (state_get_member(l->daemon->state, server->id, &l->members[i], NULL) == 0)
		m->address = l->members[i].address;
	fill_progress(l, m);
}

void api_list_servers(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	Webmesh__Ext__V1__ListServersResponse m = WEBMESH__EXT__V1__LIST_SERVERS_RESPONSE__INIT;
	const struct raft_configuration *c;
	struct replica_status status;
	struct daemon *d = user;
	struct listing *l = calloc(1, sizeof(*l));

	if (!l) {
		api_fail(call, ERR_MEMORY, "no memory for a list of servers");
		return;
	}
	l->daemon = d;
	c = replica_configuration(d->replica);
	replica_status(d->replica, &status);
	if (replica_server_status(d->replica, &l->status, l->peers, RAFT_SERVERS_MAX + 1,
				  &l->n_peers)) {
		m.first_index = l->status.first_index;
		m.last_index = l->status.last_index;
	}
	for (unsigned int i = 0; i < c->count; i++)
		fill_server(l, i, &c->servers[i]);
	m.asked = d->settings.id;
	m.leader_id = (char *)status.leader;
	m.term = status.term;
	m.commit_index = status.commit_index;
	m.servers = l->list;
	m.n_servers = c->count;
	rpc_reply(call, &m.base);
	free(l);
}

/* ---- Transfer ---- */

void api_transfer(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__TransferRequest *q =
			(const Webmesh__Ext__V1__TransferRequest *)request;
	Webmesh__Ext__V1__TransferResponse m = WEBMESH__EXT__V1__TRANSFER_RESPONSE__INIT;
	struct daemon *d = user;
	struct error err = { 0 };
	int r = replica_transfer(d->replica, q->node_id, &err);

	api_audit(call, "raft-transfer", q->node_id, &err);
	if (r < 0)
		rpc_fail(call, &err);
	else
		rpc_reply(call, &m.base);
}

/* ---- SetRole ---- */

static const Webmesh__Ext__V1__SetRoleResponse done = WEBMESH__EXT__V1__SET_ROLE_RESPONSE__INIT;
static const struct api_node_change set_role = { "raft-role", &done.base };

static int check_promotion(struct daemon *d, const struct node *node, struct error *err)
{
	if (replica_configuration(d->replica)->count == RAFT_SERVERS_MAX)
		return error_set(err, ERR_EXHAUSTED,
				 "there are %d servers already, which is the most",
				 RAFT_SERVERS_MAX);
	if (!node->grpc_port || !node->raft_port)
		return error_set(err, ERR_PRECONDITION, "%s has no ports: it runs no wgmeshd",
				 node->id);
	return voting_right_check(d->state, node->id, err);
}

static int count_other(const struct node *node, void *data)
{
	unsigned int *others = data;

	*others += node->role == NODE_VOTER;
	return 0;
}

/* Somebody must be left to agree with. */
static int check_demotion(struct daemon *d, const struct node *node, struct error *err)
{
	unsigned int voters = 0;
	int r = state_each_node(d->state, NULL, count_other, &voters, err);

	if (r < 0)
		return r;
	if (voters < 2 || raft_configuration_voters(replica_configuration(d->replica)) < 2)
		return error_set(err, ERR_PRECONDITION,
				 "%s is the only voter: promote another one first", node->id);
	return 0;
}

static int check_role(struct daemon *d, const Webmesh__Ext__V1__SetRoleRequest *q,
		      struct node *ret, enum node_role *ret_role, struct error *err)
{
	int r;

	if (!node_role_parse(q->role, ret_role))
		return error_set(err, ERR_INVALID, "role: \"%.32s\" is neither voter nor observer",
				 q->role);
	if (!node_id_valid(q->node_id))
		return error_set(err, ERR_INVALID, "node_id: \"%.80s\" is no node id", q->node_id);
	r = state_get_node(d->state, q->node_id, ret, err);
	if (r < 0)
		return r;
	if (ret->role == *ret_role)
		return error_set(err, ERR_EXISTS, "%s is %s already", ret->id,
				 *ret_role == NODE_VOTER ? "a voter" : "an observer");
	return *ret_role == NODE_VOTER ? check_promotion(d, ret, err) : check_demotion(d, ret, err);
}

/* One that votes again is a new server: what it had promised as the old one may be lost. */
static int add_role(struct entry *e, struct node *node, enum node_role role, struct error *err)
{
	struct member member;
	int r;

	node->server_id = random_u64() >> 1 | 1;
	r = command_set_role(e, node->id, role, node->server_id, daemon_now(), err);
	if (r < 0 || role != NODE_VOTER)
		return r;
	join_describe_member(node, false, &member);
	return command_put_member(e, &member, err);
}

static int propose_role(struct daemon *d, struct rpc_call *call, struct node *node,
			enum node_role role, const struct request *request, struct error *err)
{
	struct entry *e = request_entry(request);
	int r = e ? add_role(e, node, role, err)
		  : error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		r = api_propose_change(d, call, &set_role, node->id, e, err);
	entry_free(e);
	return r;
}

void api_set_role(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__SetRoleRequest *q =
			(const Webmesh__Ext__V1__SetRoleRequest *)request;
	struct request again;
	struct error err = { 0 };
	enum node_role role;
	struct node node;
	int r = request_read(user, call, q->node_id, &again, &err);

	if (r == 0 && again.known) {
		api_answer_change(call, &set_role, q->node_id, &again.outcome);
		return;
	}
	if (r == 0)
		r = check_role(user, q, &node, &role, &err);
	if (r == 0)
		r = propose_role(user, call, &node, role, &again, &err);
	if (r < 0) {
		api_audit(call, "raft-role", q->node_id, &err);
		rpc_fail(call, &err);
	}
}
