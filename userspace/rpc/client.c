// SPDX-License-Identifier: Apache-2.0
#include "rpc/client.h"

#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>

#include "rpc/cause.h"
#include "rpc/channel_private.h"
#include "rpc/client_private.h"
#include "rpc/message.h"
#include "rpc/status.h"

/* --- life ------------------------------------------------------------- */

static gpr_timespec deadline_in(unsigned int ms)
{
	if (!ms)
		return gpr_inf_future(GPR_CLOCK_MONOTONIC);
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
			    gpr_time_from_millis(ms, GPR_TIMESPAN));
}

int rpc_client_call_new(grpc_completion_queue *queue, struct rpc_channel *channel,
			const struct rpc_target *target, struct rpc_client_call **ret,
			struct error *err)
{
	struct rpc_client_call *call;
	grpc_slice path;
	int e;

	if (target->metadata_count > RPC_METADATA_MAX)
		return error_set(err, ERR_INVALID, "%zu pairs of metadata are more than %d",
				 target->metadata_count, RPC_METADATA_MAX);
	call = calloc(1, sizeof(*call));
	if (!call)
		return error_set(err, ERR_MEMORY, "no memory for a call");
	e = rpc_path_resolve(target->service, target->method, call->path, &call->types, err);
	if (e) {
		free(call);
		return e;
	}
	call->channel = rpc_channel_ref(channel);
	call->status_text = grpc_empty_slice();
	grpc_metadata_array_init(&call->initial);
	grpc_metadata_array_init(&call->trailing);
	path = grpc_slice_from_copied_string(call->path);
	call->grpc = grpc_channel_create_call(channel->grpc, NULL, GRPC_PROPAGATE_DEFAULTS, queue,
					      path, NULL, deadline_in(target->timeout_ms), NULL);
	grpc_slice_unref(path);
	*ret = call;
	return 0;
}

void rpc_client_call_free(struct rpc_client_call *call)
{
	outbox_clear(&call->outbox);
	grpc_byte_buffer_destroy(call->outgoing);
	grpc_byte_buffer_destroy(call->incoming);
	grpc_slice_unref(call->status_text);
	grpc_metadata_array_destroy(&call->initial);
	grpc_metadata_array_destroy(&call->trailing);
	grpc_call_unref(call->grpc);
	rpc_channel_unref(call->channel);
	free(call);
}

/* Mostly said by gRPC, not by the handler that was called. */
static bool on_the_way(enum error_kind kind)
{
	return kind == ERR_UNAVAILABLE || kind == ERR_DEADLINE;
}

void rpc_client_call_error(const struct rpc_client_call *call, struct error *ret)
{
	enum error_kind kind = rpc_status_kind(call->status);
	char text[2 * ERROR_TEXT_MAX];

	if (call->trouble.kind) {
		*ret = call->trouble;
		return;
	}
	snprintf(text, sizeof(text), "%.*s", (int)GRPC_SLICE_LENGTH(call->status_text),
		 (const char *)GRPC_SLICE_START_PTR(call->status_text));
	if (on_the_way(kind))
		error_set(ret, kind, "%s: %s", rpc_channel_address(call->channel),
			  rpc_cause(text));
	else
		error_set(ret, kind, "%s", text);
}

static int decode(struct rpc_client_call *call, ProtobufCMessage **ret, struct error *err)
{
	int e = rpc_message_unpack(call->types->output, call->incoming, ret, err);

	if (e) {
		if (err)
			err->kind = ERR_INTERNAL;
		error_prefix(err, "%s answers %s", rpc_channel_address(call->channel), call->path);
		return -ERR_INTERNAL;
	}
	return 0;
}

int rpc_client_call_answer(struct rpc_client_call *call, ProtobufCMessage **ret,
			   struct error *err)
{
	struct error ended;

	rpc_client_call_error(call, &ended);
	if (ended.kind)
		return error_set(err, ended.kind, "%s", ended.text);
	if (!call->incoming)
		return error_set(err, ERR_INTERNAL, "%s answers %s without a message",
				 rpc_channel_address(call->channel), call->path);
	return decode(call, ret, err);
}

/* --- operations ------------------------------------------------------- */

/* The caller drops the slices when the batch has begun. */
static size_t fill_metadata(const struct rpc_target *target, grpc_metadata *out)
{
	size_t i;

	for (i = 0; i < target->metadata_count; i++) {
		out[i].key = grpc_slice_from_copied_string(target->metadata[i].key);
		out[i].value = grpc_slice_from_copied_string(target->metadata[i].value);
	}
	return i;
}

static void drop_metadata(grpc_metadata *list, size_t count)
{
	while (count--) {
		grpc_slice_unref(list[count].key);
		grpc_slice_unref(list[count].value);
	}
}

static grpc_op receive_headers(struct rpc_client_call *call)
{
	grpc_op op = { .op = GRPC_OP_RECV_INITIAL_METADATA };

	op.data.recv_initial_metadata.recv_initial_metadata = &call->initial;
	return op;
}

static grpc_op receive_status(struct rpc_client_call *call)
{
	grpc_op op = { .op = GRPC_OP_RECV_STATUS_ON_CLIENT };

	op.data.recv_status_on_client.trailing_metadata = &call->trailing;
	op.data.recv_status_on_client.status = &call->status;
	op.data.recv_status_on_client.status_details = &call->status_text;
	return op;
}

static grpc_op receive_message(struct rpc_client_call *call)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE };

	op.data.recv_message.recv_message = &call->incoming;
	return op;
}

static grpc_op send_message(struct rpc_client_call *call)
{
	grpc_op op = { .op = GRPC_OP_SEND_MESSAGE };

	op.data.send_message.send_message = call->outgoing;
	return op;
}

static bool start(struct rpc_client_call *call, const grpc_op *ops, size_t count,
		  struct rpc_event *ev)
{
	if (!rpc_batch(call->grpc, ops, count, ev)) {
		grpc_call_cancel(call->grpc, NULL);
		return false;
	}
	call->pending++;
	return true;
}

/* @ops[0] is for the headers; the first batch of every call begins with them. */
static int start_with_headers(struct rpc_client_call *call, const struct rpc_target *target,
			      grpc_op *ops, size_t count, struct rpc_event *ev,
			      struct error *err)
{
	grpc_metadata metadata[RPC_METADATA_MAX] = { 0 };
	bool started;

	ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[0].data.send_initial_metadata.count = fill_metadata(target, metadata);
	ops[0].data.send_initial_metadata.metadata = metadata;
	started = start(call, ops, count, ev);
	drop_metadata(metadata, target->metadata_count);
	if (!started)
		return error_set(err, ERR_INVALID, "%s cannot be called: its metadata is no header",
				 call->path);
	return 0;
}

int rpc_client_call_unary(struct rpc_client_call *call, const struct rpc_target *target,
			  const ProtobufCMessage *request, struct error *err)
{
	grpc_op ops[6] = { 0 };
	int e = rpc_message_pack(request, call->channel->message_max, &call->outgoing, err);

	if (e)
		return e;
	ops[1] = send_message(call);
	ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
	ops[3] = receive_headers(call);
	ops[4] = receive_message(call);
	ops[5] = receive_status(call);
	return start_with_headers(call, target, ops, 6, &call->ended, err);
}

/* --- unary ------------------------------------------------------------ */

static void on_unary_ended(struct rpc_event *ev, bool ok)
{
	struct rpc_client_call *call = rpc_event_owner(ev, struct rpc_client_call, ended);
	ProtobufCMessage *answer = NULL;
	struct error err = { 0 };

	rpc_client_call_answer(call, &answer, &err);
	call->reply(answer, &err, call->ctx);
	if (answer)
		protobuf_c_message_free_unpacked(answer, NULL);
	rpc_client_call_free(call);
}

int rpc_client_call(struct rpc_pump *pump, struct rpc_channel *channel,
		    const struct rpc_target *target, const ProtobufCMessage *request,
		    rpc_reply_fn done, void *ctx, struct rpc_client_call **ret_call,
		    struct error *err)
{
	struct rpc_client_call *call;
	int e = rpc_client_call_new(rpc_pump_queue(pump), channel, target, &call, err);

	if (e)
		return e;
	rpc_event_init(&call->ended, on_unary_ended);
	call->reply = done;
	call->ctx = ctx;
	e = rpc_client_call_unary(call, target, request, err);
	if (e) {
		rpc_client_call_free(call);
		return e;
	}
	if (ret_call)
		*ret_call = call;
	return 0;
}

void rpc_client_cancel(struct rpc_client_call *call)
{
	grpc_call_cancel(call->grpc, NULL);
}

/* --- streams ---------------------------------------------------------- */

/* Every completion ends here; the last one also ends the call. */
static void settle(struct rpc_client_call *call)
{
	struct error err = { 0 };

	if (--call->pending || !call->over)
		return;
	rpc_client_call_error(call, &err);
	call->ops.done(call, &err, call->ctx);
	rpc_client_call_free(call);
}

static void read_next(struct rpc_client_call *call)
{
	grpc_op op = receive_message(call);

	if (call->wanted && !call->reading && !call->read_ended)
		call->reading = start(call, &op, 1, &call->received);
}

void rpc_client_read(struct rpc_client_call *call)
{
	call->wanted++;
	read_next(call);
}

static void deliver(struct rpc_client_call *call)
{
	ProtobufCMessage *msg;

	if (decode(call, &msg, &call->trouble)) {
		call->read_ended = true;
		grpc_call_cancel(call->grpc, NULL);
		return;
	}
	grpc_byte_buffer_destroy(call->incoming);
	call->incoming = NULL;
	call->ops.message(call, msg, call->ctx);
	protobuf_c_message_free_unpacked(msg, NULL);
}

static void on_received(struct rpc_event *ev, bool ok)
{
	struct rpc_client_call *call = rpc_event_owner(ev, struct rpc_client_call, received);

	call->reading = false;
	call->wanted--;
	if (ok && call->incoming)
		deliver(call);
	else
		call->read_ended = true;
	read_next(call);
	settle(call);
}

static void on_stream_ended(struct rpc_event *ev, bool ok)
{
	struct rpc_client_call *call = rpc_event_owner(ev, struct rpc_client_call, ended);

	call->over = true;
	settle(call);
}

static void flush(struct rpc_client_call *call)
{
	grpc_op ops[2] = { 0 };
	size_t n = 0;

	if (call->writing || call->broken || call->over)
		return;
	call->outgoing = outbox_pop(&call->outbox);
	if (call->outgoing)
		ops[n++] = send_message(call);
	if (call->send_ending && !call->end_sent && !call->outbox.count) {
		ops[n++].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
		call->end_sent = true;
	}
	if (!n)
		return;
	call->writing = start(call, ops, n, &call->sent);
	call->broken = !call->writing;
}

static void on_sent(struct rpc_event *ev, bool ok)
{
	struct rpc_client_call *call = rpc_event_owner(ev, struct rpc_client_call, sent);

	call->writing = false;
	grpc_byte_buffer_destroy(call->outgoing);
	call->outgoing = NULL;
	if (!ok) {	/* the status tells why */
		call->broken = true;
		outbox_clear(&call->outbox);
	}
	flush(call);
	if (!call->broken && outbox_relieved(&call->outbox) && call->ops.writable)
		call->ops.writable(call, call->ctx);
	settle(call);
}

int rpc_client_send(struct rpc_client_call *call, const ProtobufCMessage *msg, struct error *err)
{
	grpc_byte_buffer *bytes;
	int e;

	if (call->broken || call->over || call->send_ending)
		return error_set(err, ERR_UNAVAILABLE, "%s: the call has ended",
				 rpc_channel_address(call->channel));
	if (outbox_refuses(&call->outbox))
		return error_set(err, ERR_EXHAUSTED, "%s does not read fast enough",
				 rpc_channel_address(call->channel));
	e = rpc_message_pack(msg, call->channel->message_max, &bytes, err);
	if (e)
		return e;
	outbox_push(&call->outbox, bytes);
	flush(call);
	return 0;
}

void rpc_client_send_end(struct rpc_client_call *call)
{
	call->send_ending = true;
	flush(call);
}

static int begin(struct rpc_client_call *call, const struct rpc_target *target,
		 const ProtobufCMessage *request, struct error *err)
{
	grpc_op ops[3] = { 0 }, end[2];
	size_t n = 1;
	int e;

	if (request) {
		e = rpc_message_pack(request, call->channel->message_max, &call->outgoing, err);
		if (e)
			return e;
		ops[n++] = send_message(call);
		ops[n++].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
		call->send_ending = call->end_sent = true;
	}
	e = start_with_headers(call, target, ops, n, &call->sent, err);
	if (e)
		return e;
	call->writing = true;
	end[0] = receive_headers(call);
	end[1] = receive_status(call);
	/* Cannot fail on a fresh call; were it to, the sent event would end it. */
	call->over = !start(call, end, 2, &call->ended);
	return 0;
}

static int stream_new(struct rpc_pump *pump, struct rpc_channel *channel,
		      const struct rpc_target *target, const ProtobufCMessage *request,
		      const struct rpc_client_ops *ops, void *ctx,
		      struct rpc_client_call **ret_call, struct error *err)
{
	struct rpc_client_call *call;
	int e = rpc_client_call_new(rpc_pump_queue(pump), channel, target, &call, err);

	if (e)
		return e;
	rpc_event_init(&call->ended, on_stream_ended);
	rpc_event_init(&call->received, on_received);
	rpc_event_init(&call->sent, on_sent);
	call->ops = *ops;
	call->ctx = ctx;
	e = begin(call, target, request, err);
	if (e) {
		rpc_client_call_free(call);
		return e;
	}
	*ret_call = call;
	return 0;
}

int rpc_client_stream(struct rpc_pump *pump, struct rpc_channel *channel,
		      const struct rpc_target *target, const ProtobufCMessage *request,
		      const struct rpc_client_ops *ops, void *ctx,
		      struct rpc_client_call **ret_call, struct error *err)
{
	return stream_new(pump, channel, target, request, ops, ctx, ret_call, err);
}

int rpc_client_bidi(struct rpc_pump *pump, struct rpc_channel *channel,
		    const struct rpc_target *target, const struct rpc_client_ops *ops, void *ctx,
		    struct rpc_client_call **ret_call, struct error *err)
{
	return stream_new(pump, channel, target, NULL, ops, ctx, ret_call, err);
}
