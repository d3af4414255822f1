// SPDX-License-Identifier: Apache-2.0
#include "rpc/relay.h"

#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/call_private.h"
#include "rpc/cause.h"
#include "rpc/channel_private.h"

enum { ADDED_MAX = 2 };		/* pairs of our own */

struct relay {
	struct rpc_call *call;		/* referenced, and perhaps over */
	struct rpc_channel *channel;	/* referenced */
	grpc_call *grpc;
	struct rpc_event ended;
	grpc_byte_buffer *request, *answer;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice text;
	const char *origin;		/* gRPC's own words on where the status is from */
};

static void free_relay(struct relay *relay)
{
	grpc_byte_buffer_destroy(relay->request);
	grpc_byte_buffer_destroy(relay->answer);
	grpc_metadata_array_destroy(&relay->initial);
	grpc_metadata_array_destroy(&relay->trailing);
	grpc_slice_unref(relay->text);
	gpr_free((void *)relay->origin);
	grpc_call_unref(relay->grpc);
	rpc_channel_unref(relay->channel);
	rpc_call_unref(relay->call);
	free(relay);
}

/* ---- back ---- */

/* What the other node has said passes as it is; what the way there has cost is ours to explain. */
static bool said_by_peer(const struct relay *relay)
{
	return relay->origin && strstr(relay->origin, "Error received from peer");
}

static void explain(struct relay *relay)
{
	char cause[ERROR_TEXT_MAX], text[2 * ERROR_TEXT_MAX];

	snprintf(cause, sizeof(cause), "%.*s", (int)GRPC_SLICE_LENGTH(relay->text),
		 (const char *)GRPC_SLICE_START_PTR(relay->text));
	snprintf(text, sizeof(text), "no answer from %s, which is to give it: %s: try again in a few seconds",
		 rpc_channel_address(relay->channel), rpc_cause(cause));
	grpc_slice_unref(relay->text);
	relay->text = grpc_slice_from_copied_string(text);
}

static void on_ended(struct rpc_event *ev, bool ok)
{
	struct relay *relay = rpc_event_owner(ev, struct relay, ended);

	if (relay->status == GRPC_STATUS_UNAVAILABLE && !said_by_peer(relay))
		explain(relay);
	rpc_call_pass(relay->call, relay->answer, relay->status, relay->text);
	relay->answer = NULL;
	free_relay(relay);
}

/* ---- there ---- */

static bool is(grpc_slice slice, const char *text)
{
	return GRPC_SLICE_LENGTH(slice) == strlen(text) &&
	       !memcmp(GRPC_SLICE_START_PTR(slice), text, GRPC_SLICE_LENGTH(slice));
}

static bool begins(grpc_slice slice, const char *text)
{
	return GRPC_SLICE_LENGTH(slice) >= strlen(text) &&
	       !memcmp(GRPC_SLICE_START_PTR(slice), text, strlen(text));
}

/* The transport's own, which this node's makes anew, and ours, which only nodes may set. */
static bool stays_behind(grpc_slice key)
{
	return is(key, "user-agent") || is(key, "te") || is(key, "content-type") || begins(key, ":") ||
	       begins(key, "grpc-") || is(key, RPC_CALLER_KEY) || is(key, RPC_FORWARDED_KEY);
}

static void describe_caller(const struct rpc_identity *who, char out[RPC_CALLER_MAX])
{
	if (who->kind == RPC_IDENTITY_NONE)
		snprintf(out, RPC_CALLER_MAX, "nobody");
	else
		snprintf(out, RPC_CALLER_MAX, "%s/%s", who->kind == RPC_IDENTITY_ADMIN ? "admin" : "node",
			 who->id);
}

static grpc_metadata pair(const char *key, const char *value)
{
	grpc_metadata m = { .key = grpc_slice_from_copied_string(key),
			    .value = grpc_slice_from_copied_string(value) };

	return m;
}

/* Our own come first, so that whoever drops them knows which they are. */
static size_t fill_metadata(const struct rpc_call *call, bool vouch, grpc_metadata *out, size_t *ret_ours)
{
	char caller[RPC_CALLER_MAX];
	size_t n = 0;

	out[n++] = pair(RPC_FORWARDED_KEY, "1");
	if (vouch || call->identity.kind == RPC_IDENTITY_NONE) {
		describe_caller(&call->identity, caller);
		out[n++] = pair(RPC_CALLER_KEY, caller);
	}
	*ret_ours = n;
	for (size_t i = 0; i < call->metadata.count; i++)
		if (!stays_behind(call->metadata.metadata[i].key))
			out[n++] = call->metadata.metadata[i];
	return n;
}

static bool start_batch(struct relay *relay, grpc_metadata *metadata, size_t count)
{
	grpc_op ops[6] = { 0 };

	ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[0].data.send_initial_metadata.count = count;
	ops[0].data.send_initial_metadata.metadata = metadata;
	ops[1].op = GRPC_OP_SEND_MESSAGE;
	ops[1].data.send_message.send_message = relay->request;
	ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
	ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
	ops[3].data.recv_initial_metadata.recv_initial_metadata = &relay->initial;
	ops[4].op = GRPC_OP_RECV_MESSAGE;
	ops[4].data.recv_message.recv_message = &relay->answer;
	ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
	ops[5].data.recv_status_on_client.trailing_metadata = &relay->trailing;
	ops[5].data.recv_status_on_client.status = &relay->status;
	ops[5].data.recv_status_on_client.status_details = &relay->text;
	ops[5].data.recv_status_on_client.error_string = &relay->origin;
	return rpc_batch(relay->grpc, ops, 6, &relay->ended);
}

static int send_on(struct relay *relay, bool vouch, struct error *err)
{
	const struct rpc_call *call = relay->call;
	grpc_metadata *metadata = calloc(call->metadata.count + ADDED_MAX, sizeof(*metadata));
	size_t count, ours;
	bool started;

	if (!metadata)
		return error_set(err, ERR_MEMORY, "no memory to pass a call on");
	count = fill_metadata(call, vouch, metadata, &ours);
	started = start_batch(relay, metadata, count);
	while (ours--) {
		grpc_slice_unref(metadata[ours].key);
		grpc_slice_unref(metadata[ours].value);
	}
	free(metadata);
	return started ? 0 : error_set(err, ERR_INVALID, "the call's metadata cannot be passed on");
}

/* With the caller's call as its parent it ends when that one does, and by the same deadline. */
static grpc_call *make_call(struct rpc_call *call, struct rpc_channel *channel)
{
	return grpc_channel_create_call(channel->grpc, call->grpc, GRPC_PROPAGATE_DEFAULTS,
					rpc_pump_queue(rpc_server_pump(call->server)), call->details.method,
					NULL, call->details.deadline, NULL);
}

int rpc_relay_start(struct rpc_call *call, const struct rpc_onward *onward, struct error *err)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	int r;

	if (!relay)
		return error_set(err, ERR_MEMORY, "no memory to pass a call on");
	relay->call = rpc_call_ref(call);
	relay->channel = rpc_channel_ref(onward->channel);
	relay->grpc = make_call(call, onward->channel);
	relay->request = call->incoming;
	call->incoming = NULL;
	relay->text = grpc_empty_slice();
	grpc_metadata_array_init(&relay->initial);
	grpc_metadata_array_init(&relay->trailing);
	rpc_event_init(&relay->ended, on_ended);
	r = send_on(relay, onward->vouch, err);
	if (r < 0)
		free_relay(relay);
	return r;
}
