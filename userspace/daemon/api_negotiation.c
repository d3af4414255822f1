// SPDX-License-Identifier: Apache-2.0
/* v1.Node.NegotiateDataChannel: what other nodes ask of this one for their clients. */
#include "daemon/api.h"
#include "daemon/negotiation.h"
#include "v1/node.pb-c.h"

static int asked(const ProtobufCMessage *msg, struct negotiation_ask *ret, struct error *err)
{
	const V1__DataChannelNegotiation *q = (const V1__DataChannelNegotiation *)msg;

	*ret = (struct negotiation_ask){ .node_id = "", .proto = q->proto, .dst = q->dst,
					 .port = q->port, .src = q->src,
					 .stun_count = q->n_stun_servers, .stun = q->stun_servers };
	return 0;
}

static bool said(const ProtobufCMessage *msg, struct negotiation_said *ret)
{
	const V1__DataChannelNegotiation *q = (const V1__DataChannelNegotiation *)msg;

	ret->answer = q->answer;
	ret->candidate = q->candidate;
	return *q->answer || *q->candidate || !q->port;
}

static int tell(struct rpc_call *call, const struct negotiation_said *said, struct error *err)
{
	V1__DataChannelNegotiation m = V1__DATA_CHANNEL_NEGOTIATION__INIT;

	m.offer = (char *)said->offer;
	m.candidate = (char *)said->candidate;
	m.n_stun_servers = said->stun_count;
	m.stun_servers = (char **)said->stun;
	return rpc_send(call, &m.base, err);
}

void api_negotiate_data_channel(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	static const struct negotiation_words words = { asked, said, tell };

	negotiation_start(user, call, &words);
}
