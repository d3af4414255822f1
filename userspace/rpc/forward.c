// SPDX-License-Identifier: Apache-2.0
#include "rpc/forward.h"

#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/call_private.h"
#include "rpc/cause.h"
#include "rpc/channel_private.h"

enum { ADDED_MAX = 2 };		/* pairs of our own */

struct forward {
	struct rpc_call *call;		/* referenced, and perhaps over */
	struct rpc_channel *channel;	/* referenced */
	grpc_call *grpc;
	struct rpc_event ended;
	grpc_byte_buffer *request, *answer;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice text;
	bool impatient;			/* by our own decision it ends earlier than the caller's */
	const char *origin;		/* gRPC's own words on where the status is from */
};

static void free_forward(struct forward *forward)
{
	grpc_byte_buffer_destroy(forward->request);
	grpc_byte_buffer_destroy(forward->answer);
	grpc_metadata_array_destroy(&forward->initial);
	grpc_metadata_array_destroy(&forward->trailing);
	grpc_slice_unref(forward->text);
	gpr_free((void *)forward->origin);
	grpc_call_unref(forward->grpc);
	rpc_channel_unref(forward->channel);
	rpc_call_unref(forward->call);
	free(forward);
}

/* ---- back ---- */

/* What the other node has said passes as it is; what the way there has cost is ours to explain. */
static bool said_by_peer(const struct forward *forward)
{
	return forward->origin && strstr(forward->origin, "Error received from peer");
}

static void explain(struct forward *forward)
{
	char cause[ERROR_TEXT_MAX], text[2 * ERROR_TEXT_MAX];

	snprintf(cause, sizeof(cause), "%.*s", (int)GRPC_SLICE_LENGTH(forward->text),
		 (const char *)GRPC_SLICE_START_PTR(forward->text));
	snprintf(text, sizeof(text),
		 "no answer from %s, which is to give it: %s: try again in a few seconds",
		 rpc_channel_address(forward->channel), rpc_cause(cause));
	grpc_slice_unref(forward->text);
	forward->text = grpc_slice_from_copied_string(text);
	forward->status = GRPC_STATUS_UNAVAILABLE;
}

/*
 * The time is over that was ours to give, not the caller's; the other node's clock may have told
 * so first.
 */
static bool out_of_patience(const struct forward *forward)
{
	return forward->impatient && forward->status == GRPC_STATUS_DEADLINE_EXCEEDED &&
	       rpc_call_time_left(forward->call) > 0;
}

static void on_ended(struct rpc_event *ev, bool ok)
{
	struct forward *forward = rpc_event_owner(ev, struct forward, ended);

	if (out_of_patience(forward) ||
	    (forward->status == GRPC_STATUS_UNAVAILABLE && !said_by_peer(forward)))
		explain(forward);
	rpc_call_pass(forward->call, forward->answer, forward->status, forward->text);
	forward->answer = NULL;
	free_forward(forward);
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
	return is(key, "user-agent") || is(key, "te") || is(key, "content-type") ||
	       begins(key, ":") || begins(key, "grpc-") ||
	       is(key, RPC_CALLER_KEY) || is(key, RPC_FORWARDED_KEY);
}

static void describe_caller(const struct rpc_identity *who, char out[RPC_CALLER_MAX])
{
	const char *kind = who->kind == RPC_IDENTITY_ADMIN ? "admin" : "node";

	if (who->kind == RPC_IDENTITY_NONE)
		snprintf(out, RPC_CALLER_MAX, "nobody");
	else
		snprintf(out, RPC_CALLER_MAX, "%s/%s", kind, who->id);
}

static grpc_metadata pair(const char *key, const char *value)
{
	grpc_metadata m = { .key = grpc_slice_from_copied_string(key),
			    .value = grpc_slice_from_copied_string(value) };

	return m;
}

/* Our own come first, so that whoever drops them knows which they are. */
static size_t fill_metadata(const struct rpc_call *call, bool vouch, grpc_metadata *out,
			    size_t *ret_ours)
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

static bool start_batch(struct forward *forward, grpc_metadata *metadata, size_t count)
{
	grpc_op ops[6] = { 0 };

	ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[0].data.send_initial_metadata.count = count;
	ops[0].data.send_initial_metadata.metadata = metadata;
	ops[1].op = GRPC_OP_SEND_MESSAGE;
	ops[1].data.send_message.send_message = forward->request;
	ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
	ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
	ops[3].data.recv_initial_metadata.recv_initial_metadata = &forward->initial;
	ops[4].op = GRPC_OP_RECV_MESSAGE;
	ops[4].data.recv_message.recv_message = &forward->answer;
	ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
	ops[5].data.recv_status_on_client.trailing_metadata = &forward->trailing;
	ops[5].data.recv_status_on_client.status = &forward->status;
	ops[5].data.recv_status_on_client.status_details = &forward->text;
	ops[5].data.recv_status_on_client.error_string = &forward->origin;
	return rpc_batch(forward->grpc, ops, 6, &forward->ended);
}

static int send_on(struct forward *forward, bool vouch, struct error *err)
{
	const struct rpc_call *call = forward->call;
	grpc_metadata *metadata = calloc(call->metadata.count + ADDED_MAX, sizeof(*metadata));
	size_t count, ours;
	bool started;

	if (!metadata)
		return error_set(err, ERR_MEMORY, "no memory to pass a call on");
	count = fill_metadata(call, vouch, metadata, &ours);
	started = start_batch(forward, metadata, count);
	while (ours--) {
		grpc_slice_unref(metadata[ours].key);
		grpc_slice_unref(metadata[ours].value);
	}
	free(metadata);
	return started ? 0 : error_set(err, ERR_INVALID, "the call's metadata cannot be passed on");
}

static gpr_timespec deadline(const struct rpc_call *call, unsigned int patience_ms)
{
	gpr_timespec theirs = gpr_convert_clock_type(call->details.deadline, GPR_CLOCK_MONOTONIC);
	gpr_timespec ours = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
					 gpr_time_from_millis(patience_ms, GPR_TIMESPAN));

	return patience_ms ? gpr_time_min(theirs, ours) : theirs;
}

/* With the caller's call as its parent it ends when that one does, and not after its deadline. */
static grpc_call *make_call(struct rpc_call *call, const struct rpc_onward *onward)
{
	grpc_completion_queue *queue = rpc_pump_queue(rpc_server_pump(call->server));

	return grpc_channel_create_call(onward->channel->grpc, call->grpc, GRPC_PROPAGATE_DEFAULTS,
					queue, call->details.method, NULL,
					deadline(call, onward->patience_ms), NULL);
}

int rpc_forward_start(struct rpc_call *call, const struct rpc_onward *onward, struct error *err)
{
	struct forward *forward = calloc(1, sizeof(*forward));
	int r;

	if (!forward)
		return error_set(err, ERR_MEMORY, "no memory to pass a call on");
	forward->call = rpc_call_ref(call);
	forward->channel = rpc_channel_ref(onward->channel);
	forward->grpc = make_call(call, onward);
	forward->impatient = onward->patience_ms > 0;
	forward->request = call->incoming;
	call->incoming = NULL;
	forward->text = grpc_empty_slice();
	grpc_metadata_array_init(&forward->initial);
	grpc_metadata_array_init(&forward->trailing);
	rpc_event_init(&forward->ended, on_ended);
	r = send_on(forward, onward->vouch, err);
	if (r < 0)
		free_forward(forward);
	return r;
}
