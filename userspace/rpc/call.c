// SPDX-License-Identifier: Apache-2.0
#include "rpc/call.h"

#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/call_private.h"
#include "rpc/channel_private.h"
#include "rpc/forward.h"
#include "rpc/message.h"
#include "rpc/onward.h"
#include "rpc/relay.h"
#include "rpc/server.h"
#include "rpc/status.h"

/* --- life ------------------------------------------------------------- */

struct rpc_call *rpc_call_ref(struct rpc_call *call)
{
	call->refs++;
	return call;
}

void rpc_call_unref(struct rpc_call *call)
{
	if (call && !--call->refs)
		free(call);
}

/*
 * gRPC's object goes as soon as gRPC is done with it, not when the last
 * handler forgets the call: a server cannot stop while such objects live.
 */
static void release(struct rpc_call *call)
{
	struct rpc_server *server = call->server;

	rpc_server_note_end(server, call->method,
			    call->ending ? (int)call->status : GRPC_STATUS_CANCELLED);
	LIST_REMOVE(call, link);
	outbox_clear(&call->outbox);
	grpc_byte_buffer_destroy(call->outgoing);
	grpc_byte_buffer_destroy(call->incoming);
	grpc_slice_unref(call->status_text);
	grpc_metadata_array_destroy(&call->metadata);
	grpc_call_details_destroy(&call->details);
	if (call->grpc)
		grpc_call_unref(call->grpc);
	rpc_channel_free(call->onward.channel);
	call->onward.channel = NULL;
	call->outgoing = NULL;
	call->incoming = NULL;
	call->grpc = NULL;
	call->server = NULL;
	rpc_call_unref(call);
	rpc_server_released(server);
}

/* Every completion ends here, as the last thing that it does with @call. */
static void settle(struct rpc_call *call)
{
	call->pending--;
	if (call->over && !call->pending)
		release(call);
}

static bool start(struct rpc_call *call, const grpc_op *ops, size_t count, struct rpc_event *ev)
{
	if (!rpc_pump_batch(rpc_server_pump(call->server), call->grpc, ops, count, ev)) {
		grpc_call_cancel(call->grpc, NULL);
		return false;
	}
	call->pending++;
	return true;
}

static bool alive(const struct rpc_call *call)
{
	return !call->over && !call->ending && !call->broken;
}

static grpc_op close_op(struct rpc_call *call)
{
	grpc_op op = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER };

	op.data.recv_close_on_server.cancelled = &call->cancelled;
	return op;
}

bool rpc_call_watch(struct rpc_call *call)
{
	grpc_op op = close_op(call);

	if (!call->watched && !call->status_sent)
		call->watched = start(call, &op, 1, &call->closed);
	return call->watched;
}

/* --- writing ---------------------------------------------------------- */

/* Who has passed the call on is told that the status is ours.  gRPC copies what it sends. */
static void add_mark(grpc_op *op)
{
	static grpc_metadata mark;

	mark.key = grpc_slice_from_static_string(RPC_ANSWERED_KEY);
	mark.value = grpc_slice_from_static_string("1");
	op->data.send_status_from_server.trailing_metadata_count = 1;
	op->data.send_status_from_server.trailing_metadata = &mark;
}

/*
 * The status, and with it, unless somebody has asked for it before, the word that the call is over:
 * as a batch of its own that would be another event, and wake the pump for it.
 */
static size_t add_end(struct rpc_call *call, grpc_op *ops)
{
	ops[0].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
	if (rpc_call_forwarded(call))
		add_mark(&ops[0]);
	ops[0].data.send_status_from_server.status = call->status;
	ops[0].data.send_status_from_server.status_details = &call->status_text;
	call->status_sent = true;
	if (call->watched)
		return 1;
	ops[1] = close_op(call);
	return 2;
}

/* Nothing more will arrive: what is still to be heard is that the call is over. */
static void give_up(struct rpc_call *call)
{
	call->broken = true;
	outbox_clear(&call->outbox);
	rpc_call_watch(call);
}

/* The next write: headers if first, one message, and the status if that was the last. */
static void flush(struct rpc_call *call)
{
	grpc_op ops[4] = { 0 };
	size_t n = 0;

	if (call->writing || call->over || call->broken || call->status_sent ||
	    (!call->outbox.count && !call->ending))
		return;
	if (!call->headers_sent)
		ops[n++].op = GRPC_OP_SEND_INITIAL_METADATA;
	call->outgoing = outbox_pop(&call->outbox);
	if (call->outgoing) {
		ops[n].op = GRPC_OP_SEND_MESSAGE;
		ops[n++].data.send_message.send_message = call->outgoing;
	}
	if (call->ending && !call->outbox.count)
		n += add_end(call, ops + n);
	call->headers_sent = true;
	call->writing = start(call, ops, n, &call->sent);
	if (!call->writing) {
		call->status_sent = false;
		give_up(call);
	}
}

static void tell_over(struct rpc_call *call)
{
	call->over = true;
	if (call->ops.gone)
		call->ops.gone(call, call->cancelled, call->ctx);
}

static void on_sent(struct rpc_event *ev, bool ok)
{
	struct rpc_call *call = rpc_event_owner(ev, struct rpc_call, sent);

	call->writing = false;
	if (call->status_sent && !call->watched)
		tell_over(call);
	grpc_byte_buffer_destroy(call->outgoing);
	call->outgoing = NULL;
	if (!ok)
		give_up(call);
	flush(call);
	if (alive(call) && outbox_relieved(&call->outbox) && call->ops.writable)
		call->ops.writable(call, call->ctx);
	settle(call);
}

int rpc_send(struct rpc_call *call, const ProtobufCMessage *msg, struct error *err)
{
	grpc_byte_buffer *bytes;
	int ret;

	if (!alive(call))
		return error_set(err, ERR_UNAVAILABLE, "the call has ended");
	if (outbox_refuses(&call->outbox))
		return error_set(err, ERR_EXHAUSTED, "the caller does not read fast enough");
	ret = rpc_message_pack(msg, rpc_server_message_max(call->server), &bytes, err);
	if (ret)
		return ret;
	outbox_push(&call->outbox, bytes);
	flush(call);
	return 0;
}

static void end(struct rpc_call *call, grpc_status_code status, const char *text)
{
	call->status = status;
	call->status_text = grpc_slice_from_copied_string(text);
	call->ending = true;
	flush(call);
}

void rpc_finish(struct rpc_call *call)
{
	if (alive(call))
		end(call, GRPC_STATUS_OK, "");
}

void rpc_reply(struct rpc_call *call, const ProtobufCMessage *msg)
{
	struct error err = { 0 };
	grpc_byte_buffer *bytes;

	if (!alive(call))
		return;
	if (rpc_message_pack(msg, rpc_server_message_max(call->server), &bytes, &err)) {
		err.kind = ERR_EXHAUSTED;
		error_prefix(&err, "the answer does not fit");
		rpc_fail(call, &err);
		return;
	}
	outbox_push(&call->outbox, bytes);
	rpc_finish(call);
}

void rpc_call_pass(struct rpc_call *call, grpc_byte_buffer *answer, grpc_status_code status,
		   grpc_slice text)
{
	if (!alive(call)) {
		grpc_byte_buffer_destroy(answer);
		return;
	}
	if (answer)
		outbox_push(&call->outbox, answer);
	call->status = status;
	call->status_text = grpc_slice_ref(text);
	call->ending = true;
	flush(call);
}

bool rpc_call_roomy(struct rpc_call *call)
{
	return alive(call) && !outbox_refuses(&call->outbox);
}

void rpc_call_push(struct rpc_call *call, grpc_byte_buffer *bytes)
{
	if (!alive(call)) {
		grpc_byte_buffer_destroy(bytes);
		return;
	}
	outbox_push(&call->outbox, bytes);
	flush(call);
}

static bool our_trouble(enum error_kind kind)
{
	return kind == ERR_IO || kind == ERR_MEMORY || kind == ERR_INTERNAL || kind == ERR_CORRUPT;
}

void rpc_fail(struct rpc_call *call, const struct error *err)
{
	const char *text = err->text;

	if (!alive(call))
		return;
	if (our_trouble(err->kind) && call->identity.kind == RPC_IDENTITY_NONE)
		text = "the server is in trouble; its log says more";
	outbox_clear(&call->outbox);
	/* A handler that fails without a reason must not look like success. */
	end(call, rpc_status_of(err->kind ? err->kind : ERR_INTERNAL), text);
}

/* --- reading ---------------------------------------------------------- */

static void read_next(struct rpc_call *call)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE };

	if (!call->wanted || call->reading || call->read_ended || !alive(call))
		return;
	op.data.recv_message.recv_message = &call->incoming;
	call->reading = start(call, &op, 1, &call->received);
}

void rpc_call_read(struct rpc_call *call)
{
	call->wanted++;
	read_next(call);
}

void rpc_call_take_bytes(struct rpc_call *call, const struct rpc_call_ops *ops,
			 rpc_call_bytes_fn bytes, void *ctx)
{
	rpc_call_set_ops(call, ops, ctx);
	call->bytes = bytes;
}

static void deliver(struct rpc_call *call, const ProtobufCMessage *msg)
{
	if (call->method->kind != RPC_BIDI)
		rpc_server_handle(call->server, call, msg);
	else if (call->ops.message)
		call->ops.message(call, msg, call->ctx);
}

void rpc_forward(struct rpc_call *call, const struct rpc_onward *onward)
{
	struct error err = { 0 };
	int r;

	if (!alive(call))
		return;
	rpc_call_watch(call);	/* when it ends so does the other one */
	r = call->method->kind == RPC_UNARY ? rpc_forward_start(call, onward, &err)
					    : rpc_relay_start(call, onward, &err);
	if (r < 0)
		rpc_fail(call, &err);
}

static void drop_incoming(struct rpc_call *call)
{
	grpc_byte_buffer_destroy(call->incoming);
	call->incoming = NULL;
}

/* Whoever takes bytes takes them as they are. */
static void deliver_bytes(struct rpc_call *call)
{
	grpc_byte_buffer *bytes = call->incoming;

	call->incoming = NULL;
	call->bytes(call, bytes, call->ctx);
}

static void decode(struct rpc_call *call)
{
	ProtobufCMessage *msg;
	struct error err;

	if (call->bytes) {
		deliver_bytes(call);
		return;
	}
	if (call->onward.channel) {
		rpc_forward(call, &call->onward);
		return;
	}
	if (rpc_message_unpack(call->types->input, call->incoming, &msg, &err)) {
		rpc_fail(call, &err);
		return;
	}
	/*
	 * Room for the next message before the handler asks for it; the only one may be passed
	 * on.
	 */
	if (call->method->kind == RPC_BIDI)
		drop_incoming(call);
	deliver(call, msg);
	if (call->method->kind != RPC_BIDI)
		drop_incoming(call);
	protobuf_c_message_free_unpacked(msg, NULL);
}

static void no_more(struct rpc_call *call)
{
	struct error err;

	call->read_ended = true;
	if (call->bytes) {
		deliver_bytes(call);
		return;
	}
	if (call->method->kind == RPC_BIDI) {
		deliver(call, NULL);
		return;
	}
	error_set(&err, ERR_INVALID, "the call carries no request");
	rpc_fail(call, &err);
}

static void on_received(struct rpc_event *ev, bool ok)
{
	struct rpc_call *call = rpc_event_owner(ev, struct rpc_call, received);

	call->reading = false;
	call->wanted--;
	if (alive(call)) {
		if (ok && call->incoming)
			decode(call);
		else if (ok)
			no_more(call);
		read_next(call);
	}
	settle(call);
}

/* --- beginning and end ------------------------------------------------ */

static void on_closed(struct rpc_event *ev, bool ok)
{
	struct rpc_call *call = rpc_event_owner(ev, struct rpc_call, closed);

	tell_over(call);
	settle(call);
}

/* One that is answered once and soon needs nobody to watch whether the caller is still there. */
static bool needs_watch(const struct rpc_call *call)
{
	return (call->method && call->method->kind != RPC_UNARY) ||
	       rpc_server_stopping(call->server);
}

void rpc_call_begin(struct rpc_call *call)
{
	struct error err = { 0 };
	int r = rpc_call_admit(call, &err);

	if (needs_watch(call) && !rpc_call_watch(call)) {
		release(call);
		return;
	}
	if (r)
		rpc_fail(call, &err);
	else if (call->method->kind == RPC_BIDI && call->onward.channel)
		rpc_forward(call, &call->onward);
	else if (call->method->kind == RPC_BIDI)
		rpc_server_handle(call->server, call, NULL);
	else
		rpc_call_read(call);
}

struct rpc_call *rpc_call_new(struct rpc_server *server)
{
	struct rpc_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->refs = 1;
	call->server = server;
	call->status_text = grpc_empty_slice();
	grpc_call_details_init(&call->details);
	grpc_metadata_array_init(&call->metadata);
	rpc_event_init(&call->received, on_received);
	rpc_event_init(&call->sent, on_sent);
	rpc_event_init(&call->closed, on_closed);
	return call;
}

void rpc_call_free_unused(struct rpc_call *call)
{
	grpc_metadata_array_destroy(&call->metadata);
	grpc_call_details_destroy(&call->details);
	free(call);
}

/* --- what handlers may know ------------------------------------------- */

void rpc_call_set_ops(struct rpc_call *call, const struct rpc_call_ops *ops, void *ctx)
{
	call->ops = *ops;
	call->ctx = ctx;
	if (ops->gone)
		rpc_call_watch(call);
}

const struct rpc_method *rpc_call_method(const struct rpc_call *call)
{
	return call->method;
}

const struct rpc_identity *rpc_call_identity(const struct rpc_call *call)
{
	return &call->identity;
}

int64_t rpc_call_time_left(const struct rpc_call *call)
{
	gpr_timespec left, deadline = call->details.deadline;

	if (!gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)))
		return INT64_MAX;
	left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
	if (gpr_time_cmp(left, gpr_time_0(GPR_TIMESPAN)) <= 0)
		return 0;
	return left.tv_sec * 1000 + left.tv_nsec / 1000000;
}

static bool slice_is(grpc_slice slice, const char *text)
{
	return GRPC_SLICE_LENGTH(slice) == strlen(text) &&
	       !memcmp(GRPC_SLICE_START_PTR(slice), text, GRPC_SLICE_LENGTH(slice));
}

bool rpc_call_metadata(const struct rpc_call *call, const char *key, char *ret, size_t size)
{
	const grpc_metadata *m = call->metadata.metadata;
	size_t i, len;

	for (i = 0; call->grpc && i < call->metadata.count; i++) {
		if (!slice_is(m[i].key, key))
			continue;
		len = GRPC_SLICE_LENGTH(m[i].value);
		if (len >= size)
			return false;
		memcpy(ret, GRPC_SLICE_START_PTR(m[i].value), len);
		ret[len] = '\0';
		return true;
	}
	return false;
}

bool rpc_call_forwarded(const struct rpc_call *call)
{
	char value[8];

	return rpc_call_metadata(call, RPC_FORWARDED_KEY, value, sizeof(value));
}

const char *rpc_call_through(const struct rpc_call *call)
{
	return call->through;
}

char *rpc_call_peer(const struct rpc_call *call, char out[RPC_PEER_MAX])
{
	char *peer;

	if (*call->through && rpc_call_metadata(call, RPC_FROM_KEY, out, RPC_PEER_MAX))
		return out;
	peer = call->grpc ? grpc_call_get_peer(call->grpc) : NULL;
	snprintf(out, RPC_PEER_MAX, "%s", peer ? peer : "");
	gpr_free(peer);
	return out;
}
