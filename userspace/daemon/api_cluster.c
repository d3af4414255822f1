// SPDX-License-Identifier: Apache-2.0
/* webmesh.ext.v1.Cluster: what `wmctl status` shows. */
#include "daemon/api.h"
#include "daemon/channels.h"
#include "daemon/join.h"
#include "ext/v1/cluster.pb-c.h"
#include "store/state_query.h"

static void fill_addresses(struct daemon *d, char ipv4[PREFIX_TEXT_MAX], char ipv6[PREFIX_TEXT_MAX])
{
	struct node self;

	ipv4[0] = ipv6[0] = 0;
	if (state_get_node(d->state, d->settings.id, &self, NULL) < 0)
		return;
	if (self.ipv4.ip.family)
		prefix_format(&self.ipv4, ipv4);
	if (self.ipv6.ip.family)
		prefix_format(&self.ipv6, ipv6);
}

/* What the engine holds: those whose streams have ended may take a moment to go. */
static void fill_channels(struct daemon *d, Webmesh__Ext__V1__DescribeResponse *m)
{
	struct engine_counts counts = { 0 };

	if (d->channels)
		counts = engine_counts(channels_engine(d->channels));
	m->data_channels = (uint32_t)counts.sessions;
	m->data_channel_connections = (uint32_t)counts.connections;
}

/*
 * The worst first: without a data plane there is no traffic; what a member says of us explains
 * the rest.
 */
static const char *trouble(const struct daemon *d, const struct converge_status *converge,
			   const struct replica_status *replica)
{
	if (*converge->trouble)
		return converge->trouble;
	return *join_trouble(d->joining) ? join_trouble(d->joining) : replica->trouble;
}

void api_describe(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	Webmesh__Ext__V1__DescribeResponse m = WEBMESH__EXT__V1__DESCRIBE_RESPONSE__INIT;
	char ipv4[PREFIX_TEXT_MAX], ipv6[PREFIX_TEXT_MAX];
	struct converge_status converge;
	struct replica_status replica;
	struct daemon *d = user;
	uint64_t nodes = 0;

	replica_status(d->replica, &replica);
	converge_status(d->converge, &converge);
	state_count_nodes(d->state, &nodes, NULL);
	fill_addresses(d, ipv4, ipv6);
	m.id = d->settings.id;
	m.role = (char *)replica_role_name(replica.role);
	m.leader_id = (char *)replica.leader;
	m.term = replica.term;
	m.commit_index = replica.commit_index;
	m.applied_index = replica.applied_index;
	m.voters = replica.voters;
	m.voters_reachable = replica.voters_reachable;
	m.state_age_ms = replica.state_age_ms;
	m.backend = (char *)converge.backend;
	m.backend_reason = (char *)converge.reason;
	m.device = d->settings.device;
	m.peers_known = (uint32_t)converge.peers_known;
	m.peers_active = (uint32_t)converge.peers_active;
	m.routes = (char *)converge.routes;
	m.routes_not_taken = (char *)converge.routes_not_taken;
	m.last_error = (char *)trouble(d, &converge, &replica);
	m.address_ipv4 = ipv4;
	m.address_ipv6 = ipv6;
	m.nodes = (uint32_t)nodes;
	fill_channels(d, &m);
	rpc_reply(call, &m.base);
}
