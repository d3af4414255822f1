// SPDX-License-Identifier: Apache-2.0
#include "web/signalling.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/turn_server.h"
#include "rpc/client.h"
#include "v1/webrtc.pb-c.h"

struct signalling {
	struct rpc_client_call *call;
	const struct signalling_ops *ops;
	void *user;
};

/* ---- what the node says ---- */

/* As RTCConfiguration.iceServers has it. */
static json_t *server_of(const char *url)
{
	struct turn_server server;
	char plain[TURN_URL_MAX];
	json_t *object;

	if (turn_server_parse(url, &server, NULL) < 0)
		return json_pack("{s:s}", "urls", url);
	object = json_pack("{s:s, s:s}", "username", server.user, "credential", server.password);
	wipe(server.password, sizeof(server.password));
	*server.user = 0;
	json_object_set_new(object, "urls", json_string(turn_server_format(&server, plain)));
	return object;
}

/* Takes over @message. */
static void say(const struct signalling *s, json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	json_decref(message);
	if (!text)
		return;
	s->ops->say(text, s->user);
	wipe(text, strlen(text));
	free(text);
}

static void on_message(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const V1__DataChannelOffer *m = (const V1__DataChannelOffer *)msg;
	const struct signalling *s = ctx;
	json_t *servers = json_array();

	for (size_t i = 0; i < m->n_stun_servers; i++)
		json_array_append_new(servers, server_of(m->stun_servers[i]));
	if (*m->offer)
		say(s, json_pack("{s:s, s:O}", "offer", m->offer, "servers", servers));
	if (*m->candidate)
		say(s, json_pack("{s:s}", "candidate", m->candidate));
	json_decref(servers);
	rpc_client_read(call);
}

static void on_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct signalling *s = ctx;

	s->ops->ended(err, s->user);
	free(s);
}

/* ---- what the browser says ---- */

static const char *text_of(const json_t *message, const char *name)
{
	const char *text = json_string_value(json_object_get(message, name));

	return text ? text : "";
}

/*
 * The first message asks; the others are passed on, and the node judges all.  One that asks once more,
 * in the same words, has it restart ICE.
 */
static int pass_on(struct signalling *s, const json_t *message, struct error *err)
{
	V1__StartDataChannelRequest m = V1__START_DATA_CHANNEL_REQUEST__INIT;
	json_int_t port = json_integer_value(json_object_get(message, "port"));

	m.node_id = (char *)text_of(message, "node");
	m.proto = (char *)text_of(message, "proto");
	m.dst = (char *)text_of(message, "dst");
	m.port = port > 0 && port <= UINT16_MAX ? (uint32_t)port : 0;
	m.answer = (char *)text_of(message, "answer");
	m.candidate = (char *)text_of(message, "candidate");
	return rpc_client_send(s->call, &m.base, err);
}

int signalling_take(struct signalling *s, const void *text, size_t len, struct error *err)
{
	json_t *message = json_loadb(text, len, 0, NULL);
	int r = json_is_object(message) ? pass_on(s, message, err)
					: error_set(err, ERR_INVALID, "not an object of JSON");

	json_decref(message);
	return r;
}

/* ---- life ---- */

int signalling_start(struct rpc_pump *pump, struct rpc_channel *channel,
		     const struct rpc_behalf *behalf, const struct signalling_ops *ops, void *user,
		     struct signalling **ret, struct error *err)
{
	static const struct rpc_client_ops client_ops = { .message = on_message, .done = on_done };
	const struct rpc_target target = { .service = &v1__web_rtc__descriptor,
					   .method = "StartDataChannel",
					   .metadata = behalf ? behalf->pairs : NULL,
					   .metadata_count = behalf ? behalf->count : 0 };
	struct signalling *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_set(err, ERR_MEMORY, "no memory for a data channel");
	s->ops = ops;
	s->user = user;
	r = rpc_client_bidi(pump, channel, &target, &client_ops, s, &s->call, err);
	if (r < 0) {
		free(s);
		return r;
	}
	rpc_client_read(s->call);
	*ret = s;
	return 0;
}

void signalling_cancel(struct signalling *s)
{
	if (s)
		rpc_client_cancel(s->call);
}
