// SPDX-License-Identifier: Apache-2.0
/* v1.Node: Join and Leave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "daemon/announce.h"
#include "daemon/api.h"
#include "daemon/guests.h"
#include "daemon/join.h"
#include "daemon/join_reply.h"
#include "daemon/now.h"
#include "daemon/request.h"
#include "daemon/rotation.h"
#include "daemon/schema_gate.h"
#include "daemon/voting_right.h"
#include "google/protobuf/empty.pb-c.h"
#include "store/commands.h"
#include "store/state_query.h"
#include "v1/node.pb-c.h"

/* ---- what a Join asks ---- */

static int parse_port(const char *field, int32_t port, uint16_t *ret, struct error *err)
{
	if (port < 0 || port > 65535)
		return error_set(err, ERR_INVALID, "%s: %d is no port; 0 to 65535", field, port);
	*ret = (uint16_t)port;
	return 0;
}

static int parse_address(const char *field, const char *text, struct ip *ret, struct error *err)
{
	if (!ip_parse(text, ret))
		return error_set(err, ERR_INVALID, "%s: \"%.64s\" is no IP address", field, text);
	return 0;
}

static int parse_endpoints(const V1__JoinRequest *q, struct node *node, struct error *err)
{
	int r = 0;

	if (*q->primary_endpoint)
		r = parse_address("primary_endpoint", q->primary_endpoint, &node->primary_endpoint,
				  err);
	if (r == 0 && q->n_endpoints > NODE_ENDPOINTS_MAX)
		return error_set(err, ERR_INVALID, "endpoints: %zu given, at most %d",
				 q->n_endpoints, NODE_ENDPOINTS_MAX);
	for (size_t i = 0; r == 0 && i < q->n_endpoints; i++)
		r = parse_address("endpoints", q->endpoints[i],
				  &node->endpoints[node->n_endpoints++], err);
	return r;
}

static int parse_join(const V1__JoinRequest *q, struct node *ret, struct error *err)
{
	struct node node = { .role = q->as_voter ? NODE_VOTER : NODE_OBSERVER };
	int r;

	if (!node_id_valid(q->id))
		return error_set(err, ERR_INVALID,
				 "id: \"%.80s\" must be 1 to 63 characters of a-z 0-9 - .", q->id);
	memcpy(node.id, q->id, strlen(q->id) + 1);
	if (!key_parse(q->public_key, &node.public_key))
		return error_set(err, ERR_INVALID, "public_key: not 32 bytes of base64");
	r = parse_port("raft_port", q->raft_port, &node.raft_port, err);
	if (r == 0)
		r = parse_port("grpc_port", q->grpc_port, &node.grpc_port, err);
	if (r == 0)
		r = parse_port("wireguard_port", q->wireguard_port, &node.wireguard_port, err);
	if (r == 0)
		r = parse_endpoints(q, &node, err);
	if (r == 0)
		r = node_validate(&node, err);
	if (r == 0)
		*ret = node;
	return r;
}

/* ---- whether it may ---- */

/* The certificate says who calls; what it was issued for says what the node may be. */
static int authorize(struct daemon *d, const struct rpc_call *call, const struct node *node,
		     struct error *err)
{
	const struct raft_configuration *servers = replica_configuration(d->replica);
	const char *caller = rpc_call_identity(call)->id;
	struct certificate cert;
	int r;

	if (strcmp(caller, node->id) != 0)
		return error_set(err, ERR_DENIED, "id: the certificate is %s's, not %s's", caller,
				 node->id);
	r = state_get_certificate_of(d->state, node->id, &cert, err);
	if (r == -ERR_NOT_FOUND)
		return error_set(err, ERR_DENIED,
				 "id: %s was taken out of the mesh; it needs a new token", node->id);
	if (r < 0 || node->role != NODE_VOTER)
		return r;
	if (cert.role != NODE_VOTER)
		return error_set(err, ERR_DENIED,
				 "as_voter: %s was let in as an observer; it needs a token for voters",
				 node->id);
	if (!raft_configuration_lookup_name(servers, node->id) &&
	    servers->count == RAFT_SERVERS_MAX)
		return error_set(err, ERR_EXHAUSTED,
				 "as_voter: there are %d voters already, which is the most; join as an observer",
				 RAFT_SERVERS_MAX);
	return voting_right_check(d->state, node->id, err);
}

/* ---- doing it ---- */

struct join {
	struct node node;
	bool reserved_ipv4, reserved_ipv6;
};

static void release(struct daemon *d, const struct join *join)
{
	if (join->reserved_ipv4)
		ipam_release(d->reservations, IPAM_IPV4, ipam_ipv4_number(&join->node.ipv4.ip));
	if (join->reserved_ipv6)
		ipam_release(d->reservations, IPAM_IPV6, ipam_ipv6_number(&join->node.ipv6.ip));
}

static int assign_ipv4(struct daemon *d, struct join *join, struct error *err)
{
	int r = state_next_ipv4(d->state, d->reservations, &join->node.ipv4, err);

	if (r == 0)
		r = ipam_reserve(d->reservations, IPAM_IPV4, ipam_ipv4_number(&join->node.ipv4.ip),
				 err);
	join->reserved_ipv4 = r == 0;
	return r;
}

static int assign_ipv6(struct daemon *d, struct join *join, struct error *err)
{
	uint8_t random[8];
	int r = random_bytes(random, sizeof(random), err);

	if (r == 0)
		r = state_next_ipv6(d->state, d->reservations, random, &join->node.ipv6, err);
	if (r == 0)
		r = ipam_reserve(d->reservations, IPAM_IPV6, ipam_ipv6_number(&join->node.ipv6.ip),
				 err);
	join->reserved_ipv6 = r == 0;
	return r;
}

/* Everything that a node may not decide for itself, and that must be equal on all nodes. */
static int decide(struct daemon *d, struct join *join, bool want_ipv4, struct error *err)
{
	struct node known = { 0 };
	int r = 0;

	join->node.created_at = join->node.updated_at = daemon_now();
	if (state_get_node(d->state, join->node.id, &known, NULL) == 0) {
		join->node.ipv4 = known.ipv4;
		join->node.ipv6 = known.ipv6;
		join->node.server_id = known.server_id;
	}
	if (want_ipv4 && !known.ipv4.ip.family)
		r = assign_ipv4(d, join, err);
	if (r == 0 && !known.ipv6.ip.family)
		r = assign_ipv6(d, join, err);
	if (join->node.role == NODE_VOTER && !join->node.server_id)
		join->node.server_id = random_u64() >> 1 | 1;
	return r;
}

static int make_entry(struct daemon *d, const struct rpc_call *call, const struct join *join,
		      const struct request *request, bool prefer_ipv6, struct entry **ret,
		      struct error *err)
{
	struct entry *e = request_entry(request);
	struct member member;
	int r;

	if (!e)
		return error_set(err, ERR_MEMORY, "no memory for a log entry");
	r = command_register_node(e, &join->node, err);
	if (r == 0)
		r = schema_gate_admit(d, call, join->node.id, e, err);
	if (r == 0)
		r = announce_admit(d, call, join->node.id, e, err);
	if (r == 0)
		r = guests_admit(d, call, &join->node, e, err);
	if (r == 0)
		r = rotation_admit(d, call, &join->node, e, err);
	if (r == 0 && join->node.role == NODE_VOTER) {
		join_describe_member(&join->node, prefer_ipv6, &member);
		r = command_put_member(e, &member, err);
	}
	if (r < 0)
		entry_free(e);
	else
		*ret = e;
	return r;
}

static void joined(struct daemon *d, struct rpc_call *call, void *ctx, const struct error *outcome)
{
	struct join *join = ctx;
	struct error err = *outcome;

	release(d, join);
	api_audit(call, "join", join->node.id, &err);
	if (err.kind == ERR_NONE && join_reply(d, call, join->node.id, &err) == 0) {
		free(join);
		return;
	}
	rpc_fail(call, &err);
	free(join);
}

static int propose_join(struct daemon *d, struct rpc_call *call, const V1__JoinRequest *q,
			struct join *join, struct error *err)
{
	struct request again;
	struct entry *entry;
	int r = request_read(d, call, q->id, &again, err);

	if (r == 0)
		r = decide(d, join, q->assign_ipv4, err);
	if (r == 0)
		r = make_entry(d, call, join, &again, q->prefer_raft_ipv6, &entry, err);
	if (r < 0) {
		release(d, join);
		return r;
	}
	api_propose(d, call, entry, joined, join);
	entry_free(entry);
	return 0;
}

void api_join(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const V1__JoinRequest *q = (const V1__JoinRequest *)request;
	struct join *join = calloc(1, sizeof(*join));
	struct daemon *d = user;
	struct error err = { 0 };
	int r;

	if (!join) {
		api_fail(call, ERR_MEMORY, "no memory for a join");
		return;
	}
	r = parse_join(q, &join->node, &err);
	if (r == 0)
		r = authorize(d, call, &join->node, &err);
	if (r == 0)
		r = propose_join(d, call, q, join, &err);
	if (r < 0) {
		api_audit(call, "join", q->id, &err);
		rpc_fail(call, &err);
		free(join);
	}
}

/* ---- Leave ---- */

static const Google__Protobuf__Empty nothing = GOOGLE__PROTOBUF__EMPTY__INIT;
static const struct api_node_change leave = { "leave", &nothing.base };

static int check_leave(struct daemon *d, const struct rpc_call *call, const char *id,
		       struct error *err)
{
	const struct rpc_identity *who = rpc_call_identity(call);
	struct node node;

	if (!node_id_valid(id))
		return error_set(err, ERR_INVALID, "id: \"%.80s\" is no node id", id);
	if (who->kind == RPC_IDENTITY_NODE && strcmp(who->id, id) != 0)
		return error_set(err, ERR_DENIED, "id: %s may take only itself out of the mesh",
				 who->id);
	return state_get_node(d->state, id, &node, err);
}

static int propose_leave(struct daemon *d, struct rpc_call *call, const char *id,
			 const struct request *request, struct error *err)
{
	struct entry *e = request_entry(request);
	int r = e ? command_remove_node(e, id, err)
		  : error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		r = command_revoke_certificates_of(e, id, err);
	if (r == 0)
		r = api_propose_change(d, call, &leave, id, e, err);
	entry_free(e);
	return r;
}

void api_leave(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const V1__LeaveRequest *q = (const V1__LeaveRequest *)request;
	struct request again;
	struct error err = { 0 };
	int r = request_read(user, call, q->id, &again, &err);

	if (r == 0 && again.known) {
		api_answer_change(call, &leave, q->id, &again.outcome);
		return;
	}
	if (r == 0)
		r = check_leave(user, call, q->id, &err);
	if (r == 0)
		r = propose_leave(user, call, q->id, &again, &err);
	if (r < 0) {
		api_audit(call, "leave", q->id, &err);
		rpc_fail(call, &err);
	}
}
