// SPDX-License-Identifier: Apache-2.0
/* v1.Node.GetStatus, of this node or, asked over the mesh, of another. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api.h"
#include "daemon/dns.h"
#include "daemon/leader_proxy.h"
#include "daemon/metrics.h"
#include "daemon/now.h"
#include "daemon/turn.h"
#include "daemon/version.h"
#include "rpc/channel.h"
#include "store/state_query.h"
#include "v1/node.pb-c.h"

enum {
	PATIENCE_MS = 5000,	/* with a node that may be gone for good */
	FEATURES_MAX = 9,
};

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

/* Others than voters are not believed whom they call for (leader_proxy.h). */
static bool passes_on(const struct daemon *d)
{
	return d->settings.leader_proxy && replica_is_voter(d->replica, d->settings.id);
}

static size_t fill_features(const struct daemon *d, V1__Feature features[FEATURES_MAX])
{
	size_t n = 0;

	features[n++] = V1__FEATURE__NODES;
	features[n++] = V1__FEATURE__MESH_API;
	features[n++] = V1__FEATURE__PEER_DISCOVERY;
	if (metrics_served(d->metrics))
		features[n++] = V1__FEATURE__METRICS;
	if (dns_served(d->dns))
		features[n++] = V1__FEATURE__MESH_DNS;
	if (d->settings.webrtc)
		features[n++] = V1__FEATURE__ICE_NEGOTIATION;
	if (turn_serves(d->turn))
		features[n++] = V1__FEATURE__TURN_SERVER;
	if (passes_on(d))
		features[n++] = V1__FEATURE__LEADER_PROXY;
	return n;
}

static void reply_own(struct daemon *d, struct rpc_call *call)
{
	V1__Feature features[FEATURES_MAX];
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
	m.n_features = fill_features(d, features);
	m.features = features;
	m.wireguard_peers = (uint32_t)converge.peers_known;
	m.cluster_status = cluster_status(replica.role);
	m.current_leader = (char *)replica.leader;
	rpc_reply(call, &m.base);
}

/* The call as it is: the other node answers for itself or not at all. */
int api_ask_other(struct daemon *d, struct rpc_call *call, const char *field, const char *id,
		  struct error *err)
{
	struct rpc_onward onward = { .patience_ms = PATIENCE_MS };
	struct node node;
	int r;

	if (!node_id_valid(id))
		return error_set(err, ERR_INVALID, "%s: \"%.80s\" is no node id", field, id);
	if (rpc_call_forwarded(call))
		return error_set(err, ERR_UNAVAILABLE,
				 "%s is asked for %s by a node that took the one for the other",
				 d->settings.id, id);
	r = state_get_node(d->state, id, &node, err);
	if (r == 0)
		r = leader_proxy_open(d, &node, &onward.channel, err);
	if (r < 0)
		return r;
	rpc_forward(call, &onward);
	rpc_channel_free(onward.channel);
	return 0;
}

void api_get_status(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const V1__GetStatusRequest *q = (const V1__GetStatusRequest *)request;
	struct daemon *d = user;
	struct error err = { 0 };

	if (!*q->id || strcmp(q->id, d->settings.id) == 0) {
		reply_own(d, call);
		return;
	}
	if (api_ask_other(d, call, "id", q->id, &err) < 0)
		rpc_fail(call, &err);
}
