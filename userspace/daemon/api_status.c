// SPDX-License-Identifier: Apache-2.0
/* v1.Node.GetStatus, of this node or, asked over the mesh, of another. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api.h"
#include "daemon/now.h"
#include "daemon/version.h"
#include "rpc/client.h"
#include "store/state_query.h"
#include "v1/node.pb-c.h"

enum { RELAY_TIMEOUT_MS = 5000 };

static V1__ClusterStatus cluster_status(enum replica_role role)
{
	switch (role) {
	case REPLICA_LEADER:
		return V1__CLUSTER_STATUS__CLUSTER_LEADER;
	case REPLICA_VOTER:
		return V1__CLUSTER_STATUS__CLUSTER_VOTER;
	default:
		return V1__CLUSTER_STATUS__CLUSTER_NON_VOTER;
	}
}

static void uptime_text(int64_t ns, char *out, size_t cap)
{
	int64_t s = ns / 1000000000;

	snprintf(out, cap, "%" PRId64 "h%" PRId64 "m%" PRId64 "s", s / 3600, s / 60 % 60, s % 60);
}

static void reply_own(struct daemon *d, struct rpc_call *call)
{
	V1__Feature features[] = { V1__FEATURE__NODES, V1__FEATURE__MESH_API,
				 V1__FEATURE__PEER_DISCOVERY };
	Google__Protobuf__Timestamp started = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	V1__Status m = V1__STATUS__INIT;
	struct converge_status converge;
	struct replica_status replica;
	char uptime[64];

	replica_status(d->replica, &replica);
	converge_status(d->converge, &converge);
	uptime_text(daemon_now() - d->started_at, uptime, sizeof(uptime));
	started.seconds = d->started_at / 1000000000;
	started.nanos = (int32_t)(d->started_at % 1000000000);
	m.id = d->settings.id;
	m.version = (char *)WGMESH_VERSION;
	m.commit = (char *)WGMESH_COMMIT;
	m.build_date = (char *)WGMESH_BUILD_DATE;
	m.uptime = uptime;
	m.started_at = &started;
	m.n_features = sizeof(features) / sizeof(features[0]);
	m.features = features;
	m.wireguard_peers = (uint32_t)converge.peers_known;
	m.cluster_status = cluster_status(replica.role);
	m.current_leader = (char *)replica.leader;
	rpc_reply(call, &m.base);
}

/* A call of ours for a caller's: it ends when both have. */
struct relay {
	struct rpc_call *call;		/* NULL: the caller is gone */
	struct rpc_client_call *onward;	/* NULL: answered */
	struct rpc_channel *channel;
};

static void relay_done(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct relay *relay = ctx;

	relay->onward = NULL;
	rpc_channel_free(relay->channel);
	if (!relay->call)
		free(relay);
	else if (reply)
		rpc_reply(relay->call, reply);
	else
		rpc_fail(relay->call, err);
}

static void relay_gone(struct rpc_call *call, bool cancelled, void *ctx)
{
	struct relay *relay = ctx;

	relay->call = NULL;
	if (relay->onward)
		rpc_client_cancel(relay->onward);
	else
		free(relay);
}

/* The id is left out on the way: the other node answers for itself or not at all. */
static int ask_other(struct daemon *d, struct rpc_call *call, const struct node *node,
		     struct error *err)
{
	static const struct rpc_call_ops ops = { .gone = relay_gone };
	const struct rpc_target target = { .service = &v1__node__descriptor, .method = "GetStatus",
					   .timeout_ms = RELAY_TIMEOUT_MS };
	V1__GetStatusRequest request = V1__GET_STATUS_REQUEST__INIT;
	struct rpc_channel_config config = { .ca_pem = d->identity.ca_pem,
					     .cert_pem = d->identity.cert_pem,
					     .key_pem = d->identity.key_pem };
	struct endpoint at = { .ip = node_ipv6_address(node), .port = node->grpc_port };
	struct relay *relay = calloc(1, sizeof(*relay));
	char address[ENDPOINT_TEXT_MAX];
	int r;

	if (!relay)
		return error_set(err, ERR_MEMORY, "no memory to ask %s", node->id);
	config.address = endpoint_format(&at, address);
	r = rpc_channel_new(&config, &relay->channel, err);
	relay->call = call;
	if (r == 0)
		r = rpc_client_call(d->pump, relay->channel, &target, &request.base, relay_done, relay,
				    &relay->onward, err);
	if (r < 0) {
		rpc_channel_free(relay->channel);
		free(relay);
		return r;
	}
	rpc_call_set_ops(call, &ops, relay);
	return 0;
}

void api_get_status(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const V1__GetStatusRequest *q = (const V1__GetStatusRequest *)request;
	struct daemon *d = user;
	struct error err = { 0 };
	struct node node;
	int r;

	if (!*q->id || strcmp(q->id, d->settings.id) == 0) {
		reply_own(d, call);
		return;
	}
	r = node_id_valid(q->id) ? state_get_node(d->state, q->id, &node, &err)
				 : error_set(&err, ERR_INVALID, "id: \"%.80s\" is no node id", q->id);
	if (r == 0)
		r = ask_other(d, call, &node, &err);
	if (r < 0)
		rpc_fail(call, &err);
}
