// SPDX-License-Identifier: Apache-2.0
#include "daemon/join_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/plan_state.h"
#include "daemon/schema_gate.h"
#include "store/state_query.h"
#include "v1/node.pb-c.h"

/* A peer with the memory that its message points into. */
struct reply_peer {
	V1__WireguardPeer message;
	char id[NODE_ID_MAX + 1];
	char key[KEY_TEXT_MAX];
	char primary[ENDPOINT_TEXT_MAX];
	char endpoints[NODE_ENDPOINTS_MAX][ENDPOINT_TEXT_MAX];
	char *endpoint_list[NODE_ENDPOINTS_MAX];
	char ipv4[PREFIX_TEXT_MAX], ipv6[PREFIX_TEXT_MAX];
};

struct reply {
	const struct peer_set *wanted;	/* by the node that joined */
	struct reply_peer **peers;	/* room for every peer of @wanted */
	V1__WireguardPeer **messages;
	size_t count;
};

static void endpoint_text(const struct ip *ip, uint16_t port, char out[ENDPOINT_TEXT_MAX])
{
	struct endpoint e = { .ip = *ip, .port = port };

	out[0] = 0;
	if (ip->family)
		endpoint_format(&e, out);
}

static void prefix_text(const struct prefix *p, char out[PREFIX_TEXT_MAX])
{
	out[0] = 0;
	if (p->ip.family)
		prefix_format(p, out);
}

static void fill_peer(struct reply_peer *p, const struct node *node)
{
	V1__WireguardPeer *m = &p->message;

	v1__wireguard_peer__init(m);
	memcpy(p->id, node->id, sizeof(p->id));
	endpoint_text(&node->primary_endpoint, node->wireguard_port, p->primary);
	for (unsigned int i = 0; i < node->n_endpoints; i++) {
		endpoint_text(&node->endpoints[i], node->wireguard_port, p->endpoints[i]);
		p->endpoint_list[i] = p->endpoints[i];
	}
	prefix_text(&node->ipv4, p->ipv4);
	prefix_text(&node->ipv6, p->ipv6);
	m->id = p->id;
	m->public_key = key_format(&node->public_key, p->key);
	m->primary_endpoint = p->primary;
	m->n_endpoints = node->n_endpoints;
	m->endpoints = p->endpoint_list;
	m->address_ipv4 = p->ipv4;
	m->address_ipv6 = p->ipv6;
}

static int add_peer(const struct node *node, void *data)
{
	struct reply *reply = data;
	struct reply_peer *p;

	if (!peer_set_lookup(reply->wanted, &node->public_key))
		return 0;
	p = malloc(sizeof(*p));
	if (!p)
		return -ERR_MEMORY;
	fill_peer(p, node);
	reply->peers[reply->count] = p;
	reply->messages[reply->count++] = &p->message;
	return 0;
}

static int collect_peers(struct daemon *d, struct reply *reply, struct error *err)
{
	size_t max = peer_set_count(reply->wanted);
	int r;

	reply->peers = calloc(max + 1, sizeof(struct reply_peer *));
	reply->messages = calloc(max + 1, sizeof(V1__WireguardPeer *));
	if (!reply->peers || !reply->messages)
		return error_set(err, ERR_MEMORY, "no memory to list %zu peers", max);
	r = state_each_node(d->state, NULL, add_peer, reply, err);
	return r == -ERR_MEMORY ?
		error_set(err, ERR_MEMORY, "no memory to list %zu peers", max) : r;
}

static void send_reply(struct rpc_call *call, const struct node *self, const struct reply *reply)
{
	V1__JoinResponse m = V1__JOIN_RESPONSE__INIT;
	char ipv4[PREFIX_TEXT_MAX], ipv6[PREFIX_TEXT_MAX];

	prefix_text(&self->ipv4, ipv4);
	prefix_text(&self->ipv6, ipv6);
	m.address_ipv4 = ipv4;
	m.network_ipv6 = ipv6;
	m.n_peers = reply->count;
	m.peers = reply->messages;
	rpc_reply(call, &m.base);
}

/*
 * Whoever says in its Join which log it can apply follows it, and reads of all nodes there; to list
 * them besides would make each join dearer by those that were before.
 */
static bool follows_log(const struct rpc_call *call)
{
	char version[16];

	return rpc_call_metadata(call, SCHEMA_METADATA, version, sizeof(version));
}

static int reply_with_peers(struct daemon *d, struct rpc_call *call, const struct node *self,
			    struct error *err)
{
	struct reply reply = { 0 };
	struct peer_set *wanted;
	int r = plan_from_state(d->state, self, NULL, NULL, NULL, NULL, &wanted, err);

	if (r < 0)
		return r;
	reply.wanted = wanted;
	r = collect_peers(d, &reply, err);
	if (r == 0)
		send_reply(call, self, &reply);
	for (size_t i = 0; i < reply.count; i++)
		free(reply.peers[i]);
	free(reply.peers);
	free(reply.messages);
	peer_set_free(wanted);
	return r;
}

int join_reply(struct daemon *d, struct rpc_call *call, const char *id, struct error *err)
{
	const struct reply no_peers = { 0 };
	struct node self;
	int r = state_get_node(d->state, id, &self, err);

	if (r < 0)
		return r;
	if (!follows_log(call))
		return reply_with_peers(d, call, &self, err);
	send_reply(call, &self, &no_peers);
	return 0;
}
