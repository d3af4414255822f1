// SPDX-License-Identifier: Apache-2.0
#include "daemon/negotiation_relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/leader_proxy.h"
#include "rpc/behalf.h"
#include "rpc/call.h"
#include "rpc/client.h"
#include "store/state_query.h"
#include "v1/node.pb-c.h"

struct negotiation_relay {
	struct rpc_client_call *call;
	const struct negotiation_relay_ops *ops;	/* NULL: nobody listens any more */
	void *ctx;
};

/* ---- what the other node says ---- */

static void on_message(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const V1__DataChannelNegotiation *m = (const V1__DataChannelNegotiation *)msg;
	const struct negotiation_said said = { .offer = m->offer, .candidate = m->candidate,
					       .stun_count = m->n_stun_servers,
					       .stun = m->stun_servers };
	struct negotiation_relay *relay = ctx;

	if (relay->ops)
		relay->ops->told(&said, relay->ctx);
	rpc_client_read(call);
}

static void on_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct negotiation_relay *relay = ctx;

	if (relay->ops)
		relay->ops->ended(err, relay->ctx);
	free(relay);
}

static const struct rpc_client_ops client_ops = { .message = on_message, .done = on_done };

/* ---- the way there ---- */

static bool is_own(const struct daemon *d, const struct rpc_call *call)
{
	const struct rpc_identity *who = rpc_call_identity(call);

	return who->kind == RPC_IDENTITY_NODE && strcmp(who->id, d->settings.id) == 0;
}

static int check_trust(const struct daemon *d, const struct rpc_call *call, const char *node_id,
		       bool vouch, struct error *err)
{
	if (vouch || is_own(d, call))
		return 0;
	return error_set(err, ERR_PRECONDITION,
			 "node_id: %s does not vote, and %s would not believe it who asks: ask %s itself, or a voter",
			 d->settings.id, node_id, node_id);
}

static int open_call(struct daemon *d, struct rpc_call *call, const struct node *node, bool vouch,
		     struct negotiation_relay *relay, struct error *err)
{
	struct rpc_target target = { .service = &v1__node__descriptor,
				     .method = "NegotiateDataChannel" };
	struct rpc_channel *channel;
	struct rpc_behalf behalf;
	int r = leader_proxy_open(d, node, &channel, err);

	if (r < 0)
		return r;
	rpc_behalf_of(call, vouch, &behalf);
	target.metadata = behalf.pairs;
	target.metadata_count = behalf.count;
	r = rpc_client_bidi(d->pump, channel, &target, &client_ops, relay, &relay->call, err);
	rpc_channel_free(channel);
	return r;
}

/* gRPC writes "ipv4:192.0.2.1:5" and "ipv6:%5B2001:db8::1%5D:5". */
static char *client_address(const struct rpc_call *call, char out[RPC_PEER_MAX])
{
	char peer[RPC_PEER_MAX], *to = out;
	const char *from = strchr(rpc_call_peer(call, peer), ':');

	for (from = from ? from + 1 : peer; *from; from++) {
		bool opens = strncmp(from, "%5B", 3) == 0, closes = strncmp(from, "%5D", 3) == 0;

		*to++ = opens ? '[' : closes ? ']' : *from;
		from += opens || closes ? 2 : 0;
	}
	*to = 0;
	return out;
}

static int send_ask(struct negotiation_relay *relay, const struct rpc_call *call,
		    const struct negotiation_relay_ask *ask, struct error *err)
{
	V1__DataChannelNegotiation m = V1__DATA_CHANNEL_NEGOTIATION__INIT;
	char src[RPC_PEER_MAX], dst[IP_TEXT_MAX];

	m.proto = (char *)(ask->service->udp ? "udp" : "tcp");
	m.src = client_address(call, src);
	m.dst = ip_format(&ask->service->at.ip, dst);
	m.port = ask->service->at.port;
	m.n_stun_servers = ask->stun_count;
	m.stun_servers = ask->stun;
	return rpc_client_send(relay->call, &m.base, err);
}

static int begin(struct daemon *d, struct rpc_call *call, const struct negotiation_relay_ask *ask,
		 struct negotiation_relay *relay, struct error *err)
{
	bool vouch = replica_is_voter(d->replica, d->settings.id);
	struct node node;
	int r = check_trust(d, call, ask->node_id, vouch, err);

	if (r == 0)
		r = state_get_node(d->state, ask->node_id, &node, err);
	if (r == 0)
		r = open_call(d, call, &node, vouch, relay, err);
	return r;
}

int negotiation_relay_start(struct daemon *d, struct rpc_call *call,
			    const struct negotiation_relay_ask *ask,
			    const struct negotiation_relay_ops *ops, void *ctx,
			    struct negotiation_relay **ret, struct error *err)
{
	struct negotiation_relay *relay = calloc(1, sizeof(*relay));
	int r;

	if (!relay)
		return error_set(err, ERR_MEMORY, "no memory for a data channel");
	relay->ctx = ctx;
	r = begin(d, call, ask, relay, err);
	if (r < 0) {
		free(relay);
		return r;
	}
	rpc_client_read(relay->call);
	r = send_ask(relay, call, ask, err);
	if (r < 0) {
		negotiation_relay_stop(relay);
		return r;
	}
	relay->ops = ops;
	*ret = relay;
	return 0;
}

int negotiation_relay_say(struct negotiation_relay *relay, const struct negotiation_said *said,
			  struct error *err)
{
	V1__DataChannelNegotiation m = V1__DATA_CHANNEL_NEGOTIATION__INIT;

	m.answer = (char *)said->answer;
	m.candidate = (char *)said->candidate;
	return rpc_client_send(relay->call, &m.base, err);
}

int negotiation_relay_ask_again(struct negotiation_relay *relay, const struct rpc_call *call,
				const struct negotiation_relay_ask *ask, struct error *err)
{
	return send_ask(relay, call, ask, err);
}

void negotiation_relay_stop(struct negotiation_relay *relay)
{
	if (!relay)
		return;
	relay->ops = NULL;
	rpc_client_cancel(relay->call);
}
