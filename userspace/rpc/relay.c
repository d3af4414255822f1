// SPDX-License-Identifier: Apache-2.0
#include "rpc/relay.h"

#include <stdlib.h>

#include "rpc/call_private.h"
#include "rpc/onward.h"

struct relay {
	struct onward_call there;
	unsigned int pending;		/* batches in flight */
	struct rpc_event sent, received, ended;
	grpc_byte_buffer *outgoing;	/* the caller's, on its way there */
	grpc_byte_buffer *incoming;	/* the other node's */
	bool caller_ended;		/* the caller has said his last, and it is on its way */
	bool broken;			/* the other node takes nothing more; its status tells why */
	bool reading, read_ended;
	bool over;			/* the status is there */
	bool gone;			/* the caller's call is over */
};

static void free_relay(struct relay *relay)
{
	grpc_byte_buffer_destroy(relay->outgoing);
	grpc_byte_buffer_destroy(relay->incoming);
	onward_call_fini(&relay->there);
	free(relay);
}

/* Every callback ends here, as the last thing that it does with @relay. */
static void settle(struct relay *relay)
{
	if (relay->gone && relay->over && !relay->pending)
		free_relay(relay);
}

static bool start(struct relay *relay, const grpc_op *ops, size_t count, struct rpc_event *ev)
{
	if (!rpc_batch(relay->there.grpc, ops, count, ev)) {
		grpc_call_cancel(relay->there.grpc, NULL);
		return false;
	}
	relay->pending++;
	return true;
}

/* ---- back ---- */

static void read_next(struct relay *relay)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE };

	if (relay->reading || relay->read_ended || !rpc_call_roomy(relay->there.call))
		return;
	op.data.recv_message.recv_message = &relay->incoming;
	relay->reading = start(relay, &op, 1, &relay->received);
	relay->read_ended = !relay->reading;
}

/* The status comes behind the messages, though it may be known before they are read. */
static void pass_end(struct relay *relay)
{
	if (relay->over && relay->read_ended)
		onward_call_pass(&relay->there, NULL);
}

static void on_received(struct rpc_event *ev, bool ok)
{
	struct relay *relay = rpc_event_owner(ev, struct relay, received);

	relay->pending--;
	relay->reading = false;
	if (ok && relay->incoming) {
		relay->there.heard = true;
		rpc_call_push(relay->there.call, relay->incoming);
		relay->incoming = NULL;
		read_next(relay);
	} else {
		relay->read_ended = true;
	}
	pass_end(relay);
	settle(relay);
}

static void on_ended(struct rpc_event *ev, bool ok)
{
	struct relay *relay = rpc_event_owner(ev, struct relay, ended);

	relay->pending--;
	relay->over = true;
	pass_end(relay);
	settle(relay);
}

static void on_caller_writable(struct rpc_call *call, void *ctx)
{
	struct relay *relay = ctx;

	read_next(relay);
	pass_end(relay);
}

/* ---- there ---- */

/* One at a time: the caller's next is read when this has been taken. */
static void on_caller_bytes(struct rpc_call *call, grpc_byte_buffer *bytes, void *ctx)
{
	struct relay *relay = ctx;
	grpc_op op = { .op = GRPC_OP_SEND_MESSAGE };

	relay->outgoing = bytes;
	op.data.send_message.send_message = bytes;
	if (!bytes) {
		op = (grpc_op){ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT };
		relay->caller_ended = true;
	}
	relay->broken = relay->broken || !start(relay, &op, 1, &relay->sent);
}

static void on_sent(struct rpc_event *ev, bool ok)
{
	struct relay *relay = rpc_event_owner(ev, struct relay, sent);

	relay->pending--;
	grpc_byte_buffer_destroy(relay->outgoing);
	relay->outgoing = NULL;
	relay->broken = relay->broken || !ok;
	if (!relay->broken && !relay->caller_ended)
		rpc_call_read(relay->there.call);
	settle(relay);
}

/* ---- beginning and end ---- */

/* gRPC cancels the other call as a child of this one; what is read meanwhile is dropped. */
static void on_caller_gone(struct rpc_call *call, bool cancelled, void *ctx)
{
	struct relay *relay = ctx;

	relay->gone = true;
	if (!relay->over)
		grpc_call_cancel(relay->there.grpc, NULL);
	settle(relay);
}

static int begin(struct relay *relay, struct error *err)
{
	grpc_op ops[3] = { 0 }, end[2];
	size_t count = 1;
	int r;

	if (relay->outgoing) {
		ops[count].op = GRPC_OP_SEND_MESSAGE;
		ops[count++].data.send_message.send_message = relay->outgoing;
		ops[count++].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
		relay->caller_ended = true;
	}
	r = onward_call_start(&relay->there, ops, count, &relay->sent, err);
	if (r < 0)
		return r;
	relay->pending++;
	end[0] = onward_call_headers(&relay->there);
	end[1] = onward_call_status(&relay->there);
	/* Cannot fail on a fresh call; were it to, what was sent would come back as failed. */
	relay->over = !start(relay, end, 2, &relay->ended);
	read_next(relay);
	return 0;
}

static const struct rpc_call_ops caller_ops = {
	.writable = on_caller_writable,
	.gone = on_caller_gone,
};

int rpc_relay_start(struct rpc_call *call, const struct rpc_onward *where, struct error *err)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	int r;

	if (!relay)
		return error_set(err, ERR_MEMORY, "no memory to pass a stream on");
	onward_call_init(&relay->there, call, where);
	relay->outgoing = call->incoming;
	call->incoming = NULL;
	rpc_event_init(&relay->sent, on_sent);
	rpc_event_init(&relay->received, on_received);
	rpc_event_init(&relay->ended, on_ended);
	r = begin(relay, err);
	if (r < 0)
		free_relay(relay);
	else
		rpc_call_take_bytes(call, &caller_ops, on_caller_bytes, relay);
	return r;
}
