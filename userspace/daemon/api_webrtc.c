// SPDX-License-Identifier: Apache-2.0
/* v1.WebRTC.StartDataChannel: a client reaches a service of any node. */
#include "daemon/api.h"
#include "daemon/negotiation.h"
#include "v1/webrtc.pb-c.h"

static int asked(const ProtobufCMessage *msg, struct negotiation_ask *ret, struct error *err)
{
	const V1__StartDataChannelRequest *q = (const V1__StartDataChannelRequest *)msg;

	if (!node_id_valid(q->node_id))
		return error_set(err, ERR_INVALID,
				 "node_id: \"%.80s\" is no node's id: say which node is to be reached",
				 q->node_id);
	*ret = (struct negotiation_ask){ .node_id = q->node_id, .proto = q->proto, .dst = q->dst,
					 .port = q->port, .src = "" };
	return 0;
}

static bool said(const ProtobufCMessage *msg, struct negotiation_said *ret)
{
	const V1__StartDataChannelRequest *q = (const V1__StartDataChannelRequest *)msg;

	ret->answer = q->answer;
	ret->candidate = q->candidate;
	return *q->answer || *q->candidate || !*q->node_id;
}

static int tell(struct rpc_call *call, const struct negotiation_said *said, struct error *err)
{
	V1__DataChannelOffer m = V1__DATA_CHANNEL_OFFER__INIT;

	m.offer = (char *)said->offer;
	m.candidate = (char *)said->candidate;
	m.n_stun_servers = said->stun_count;
	m.stun_servers = (char **)said->stun;
	return rpc_send(call, &m.base, err);
}

void api_start_data_channel(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	static const struct negotiation_words words = { asked, said, tell };

	negotiation_start(user, call, &words);
}
