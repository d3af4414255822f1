// SPDX-License-Identifier: Apache-2.0
#include "rpc/onward.h"

#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/call_private.h"
#include "rpc/cause.h"
#include "rpc/channel_private.h"

/* ---- life ---- */

static gpr_timespec deadline(const struct rpc_call *call, unsigned int patience_ms)
{
	gpr_timespec theirs = gpr_convert_clock_type(call->details.deadline, GPR_CLOCK_MONOTONIC);
	gpr_timespec ours = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
					 gpr_time_from_millis(patience_ms, GPR_TIMESPAN));

	return patience_ms ? gpr_time_min(theirs, ours) : theirs;
}

/* With the caller's call as its parent it ends when that one does, and not after its deadline. */
static grpc_call *make_call(struct rpc_call *call, const struct rpc_onward *where)
{
	grpc_completion_queue *queue = rpc_pump_queue(rpc_server_pump(call->server));

	return grpc_channel_create_call(where->channel->grpc, call->grpc, GRPC_PROPAGATE_DEFAULTS,
					queue, call->details.method, NULL,
					deadline(call, where->patience_ms), NULL);
}

void onward_call_init(struct onward_call *o, struct rpc_call *call,
		      const struct rpc_onward *where)
{
	*o = (struct onward_call){
		.call = rpc_call_ref(call),
		.channel = rpc_channel_ref(where->channel),
		.grpc = make_call(call, where),
		.status = GRPC_STATUS_UNKNOWN,
		.text = grpc_empty_slice(),
		.vouch = where->vouch,
		.impatient = where->patience_ms > 0,
	};
	grpc_metadata_array_init(&o->initial);
	grpc_metadata_array_init(&o->trailing);
}

void onward_call_fini(struct onward_call *o)
{
	grpc_metadata_array_destroy(&o->initial);
	grpc_metadata_array_destroy(&o->trailing);
	grpc_slice_unref(o->text);
	grpc_call_unref(o->grpc);
	rpc_channel_unref(o->channel);
	rpc_call_unref(o->call);
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
	       is(key, RPC_CALLER_KEY) || is(key, RPC_SERIAL_KEY) ||
	       is(key, RPC_FROM_KEY) || is(key, RPC_FORWARDED_KEY);
}

static grpc_metadata pair(const char *key, const char *value)
{
	grpc_metadata m = { .key = grpc_slice_from_copied_string(key),
			    .value = grpc_slice_from_copied_string(value) };

	return m;
}

/* Our own come first, so that whoever drops them knows which they are. */
static size_t fill_metadata(struct rpc_call *call, bool vouch, grpc_metadata *out,
			    size_t *ret_ours)
{
	struct rpc_behalf behalf;
	size_t n;

	rpc_behalf_of(call, vouch, &behalf);
	for (n = 0; n < behalf.count; n++)
		out[n] = pair(behalf.pairs[n].key, behalf.pairs[n].value);
	*ret_ours = n;
	for (size_t i = 0; i < call->metadata.count; i++)
		if (!stays_behind(call->metadata.metadata[i].key))
			out[n++] = call->metadata.metadata[i];
	return n;
}

int onward_call_start(struct onward_call *o, grpc_op *ops, size_t count, struct rpc_event *ev,
		      struct error *err)
{
	grpc_metadata *metadata = calloc(o->call->metadata.count + RPC_BEHALF_MAX, sizeof(*metadata));
	size_t ours;
	bool started;

	if (!metadata)
		return error_set(err, ERR_MEMORY, "no memory to pass a call on");
	ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[0].data.send_initial_metadata.count = fill_metadata(o->call, o->vouch, metadata, &ours);
	ops[0].data.send_initial_metadata.metadata = metadata;
	started = rpc_batch(o->grpc, ops, count, ev);
	while (ours--) {
		grpc_slice_unref(metadata[ours].key);
		grpc_slice_unref(metadata[ours].value);
	}
	free(metadata);
	return started ? 0 : error_set(err, ERR_INVALID, "the call's metadata cannot be passed on");
}

grpc_op onward_call_headers(struct onward_call *o)
{
	grpc_op op = { .op = GRPC_OP_RECV_INITIAL_METADATA };

	op.data.recv_initial_metadata.recv_initial_metadata = &o->initial;
	return op;
}

grpc_op onward_call_status(struct onward_call *o)
{
	grpc_op op = { .op = GRPC_OP_RECV_STATUS_ON_CLIENT };

	op.data.recv_status_on_client.trailing_metadata = &o->trailing;
	op.data.recv_status_on_client.status = &o->status;
	op.data.recv_status_on_client.status_details = &o->text;
	return op;
}

/* ---- back ---- */

/* What the other node has said passes as it is; what the way there has cost is ours to explain. */
static bool said_by_peer(const struct onward_call *o)
{
	for (size_t i = 0; i < o->trailing.count; i++)
		if (is(o->trailing.metadata[i].key, RPC_ANSWERED_KEY))
			return true;
	return false;
}

static void explain(struct onward_call *o)
{
	const char *address = rpc_channel_address(o->channel);
	char cause[ERROR_TEXT_MAX], text[2 * ERROR_TEXT_MAX];

	snprintf(cause, sizeof(cause), "%.*s", (int)GRPC_SLICE_LENGTH(o->text),
		 (const char *)GRPC_SLICE_START_PTR(o->text));
	if (o->heard)
		snprintf(text, sizeof(text), "%s was lost while it answered: %s: call again", address,
			 rpc_cause(cause));
	else
		snprintf(text, sizeof(text),
			 "no answer from %s, which is to give it: %s: try again in a few seconds",
			 address, rpc_cause(cause));
	grpc_slice_unref(o->text);
	o->text = grpc_slice_from_copied_string(text);
	o->status = GRPC_STATUS_UNAVAILABLE;
}

/*
 * The time is over that was ours to give, not the caller's; the other node's clock may have told
 * so first.
 */
static bool out_of_patience(const struct onward_call *o)
{
	return o->impatient && o->status == GRPC_STATUS_DEADLINE_EXCEEDED &&
	       rpc_call_time_left(o->call) > 0;
}

void onward_call_pass(struct onward_call *o, grpc_byte_buffer *answer)
{
	if (out_of_patience(o) || (o->status == GRPC_STATUS_UNAVAILABLE && !said_by_peer(o)))
		explain(o);
	rpc_call_pass(o->call, answer, o->status, o->text);
}
