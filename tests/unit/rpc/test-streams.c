// SPDX-License-Identifier: Apache-2.0
/*
 * Streams: order, back-pressure, and every way to end; all of it once more for streams that
 * are passed on, by the server to itself.
 */
#include <stdlib.h>
#include <string.h>

#include "../cmocka.h"
#include "world.h"

enum {
	BLOCK = 64 * 1024,
	BLOCKS = 800,		/* 50 MiB: far beyond what may be buffered on two ways */
	STILL_MS = 200,
};

static bool passed_on;	/* whether the server has itself answer */

static int pass_on(struct rpc_call *call, struct world *w, struct rpc_onward *ret_onward,
		   struct error *err)
{
	if (passed_on && !rpc_call_forwarded(call))
		ret_onward->channel = w->channel;
	return 0;
}

static void begin(struct world *w)
{
	world_init(w, NULL);
	w->admit = pass_on;
}

/* --- the client's side ------------------------------------------------- */

struct reader {
	struct rpc_client_call *call;
	bool lazy;		/* reads only when told */
	unsigned int received;
	uint64_t next_index;	/* expected in FollowEvent.commit_index */
	bool done;
	struct error err;
	unsigned int until;	/* messages that make it `reached` */
	bool reached;
};

static void on_event(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const Webmesh__Ext__V1__FollowEvent *event = (const void *)msg;
	struct reader *r = ctx;

	assert_false(r->done);
	assert_int_equal(event->commit_index, r->next_index++);
	r->reached = ++r->received == r->until;
	if (!r->lazy)
		rpc_client_read(call);
}

static void on_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct reader *r = ctx;

	assert_false(r->done);
	r->done = true;
	r->err = *err;
}

static void follow(struct world *w, struct reader *r)
{
	static const struct rpc_client_ops ops = { .message = on_event, .done = on_done };
	struct rpc_target t = target(&webmesh__ext__v1__replication__descriptor, "Follow");
	Webmesh__Ext__V1__FollowRequest request = WEBMESH__EXT__V1__FOLLOW_REQUEST__INIT;
	struct error err;

	t.timeout_ms = 0;
	assert_int_equal(rpc_client_stream(w->pump, w->channel, &t, &request.base, &ops, r,
					   &r->call, &err), 0);
}

/* --- the server's ------------------------------------------------------ */

struct writer {
	struct world *w;
	struct rpc_call *call;
	uint64_t next;		/* block to send */
	bool stuck;		/* refused for want of room */
	unsigned int refusals;
};

static struct writer writer;

static int send_event(struct rpc_call *call, uint64_t index, size_t bytes)
{
	Webmesh__Ext__V1__FollowEvent event = WEBMESH__EXT__V1__FOLLOW_EVENT__INIT;
	Webmesh__Ext__V1__LogEntry entry = WEBMESH__EXT__V1__LOG_ENTRY__INIT;
	Webmesh__Ext__V1__LogEntry *entries[] = { &entry };
	static uint8_t block[BLOCK];
	struct error err;

	event.commit_index = index;
	if (bytes) {
		entry.data.data = block;
		entry.data.len = bytes;
		event.entries = entries;
		event.n_entries = 1;
	}
	return rpc_send(call, &event.base, &err);
}

static void three_events(struct rpc_call *call, const Webmesh__Ext__V1__FollowRequest *request,
			 struct world *w)
{
	uint64_t i;

	for (i = 0; i < 3; i++)
		assert_int_equal(send_event(call, i, 0), 0);
	rpc_finish(call);
	assert_int_equal(send_event(call, 3, 0), -ERR_UNAVAILABLE);
}

static void a_stream_arrives_whole_and_in_order(void **state)
{
	struct reader r = { 0 };
	struct world w;

	begin(&w);
	w.follow = three_events;
	follow(&w, &r);
	rpc_client_read(r.call);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(r.received, 3);
	world_fini(&w);
}

static void an_empty_stream_is_just_done(void **state)
{
	struct reader r = { 0 };
	struct world w;

	begin(&w);
	follow(&w, &r);
	rpc_client_read(r.call);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(r.received, 0);
	world_fini(&w);
}

static void fill(struct rpc_call *call)
{
	int e = 0;

	while (writer.next < BLOCKS) {
		e = send_event(call, writer.next, BLOCK);
		if (e)
			break;
		writer.next++;
	}
	if (!e) {
		rpc_finish(call);
		return;
	}
	assert_int_equal(e, -ERR_EXHAUSTED);
	writer.refusals++;
	writer.stuck = true;
}

static void on_writable(struct rpc_call *call, void *ctx)
{
	assert_true(writer.stuck);
	writer.stuck = false;
	fill(call);
}

static void on_gone(struct rpc_call *call, bool cancelled, void *ctx)
{
	struct world *w = ctx;

	w->gone = true;
	w->cancelled = cancelled;
}

static void many_blocks(struct rpc_call *call, const Webmesh__Ext__V1__FollowRequest *request,
			struct world *w)
{
	static const struct rpc_call_ops ops = { .writable = on_writable, .gone = on_gone };

	rpc_call_set_ops(call, &ops, w);
	memset(&writer, 0, sizeof(writer));
	fill(call);
}

/* Let the transport take what it will: until the sender has made no headway for a while. */
static void run_until_no_headway(struct world *w, const bool *stuck, const uint64_t *sent)
{
	uint64_t before, since;

	world_run_until(w, stuck);
	do {
		before = *sent;
		since = uv_hrtime();
		while (*sent == before && uv_hrtime() - since < STILL_MS * 1000000ull)
			uv_run(&w->loop, UV_RUN_NOWAIT);
	} while (*sent != before || (!*stuck && *sent < BLOCKS));
}

static void a_writer_is_held_back_by_a_reader_that_does_not_read(void **state)
{
	struct reader r = { .lazy = true };
	struct world w;

	begin(&w);
	w.follow = many_blocks;
	follow(&w, &r);
	run_until_no_headway(&w, &writer.stuck, &writer.next);
	/* 4 MiB in each queue on the way, and as much again in the windows of HTTP/2. */
	assert_in_range(writer.next, 4 * 1024 * 1024 / BLOCK, BLOCKS / 2);
	assert_int_equal(r.received, 0);
	r.lazy = false;
	rpc_client_read(r.call);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(r.received, BLOCKS);
	assert_true(writer.refusals > 1);
	world_run_until(&w, &w.gone);
	assert_false(w.cancelled);
	world_fini(&w);
}

static void three_watched(struct rpc_call *call, const Webmesh__Ext__V1__FollowRequest *request,
			  struct world *w)
{
	world_watch(w, call);
	three_events(call, request, w);
}

static void a_reader_takes_one_at_a_time_and_loses_none(void **state)
{
	struct reader r = { .lazy = true, .until = 1 };
	struct world w;

	begin(&w);
	w.follow = three_watched;
	follow(&w, &r);
	world_run_until(&w, &w.gone);	/* the server is through, nothing is read */
	assert_false(w.cancelled);
	assert_int_equal(r.received, 0);
	rpc_client_read(r.call);
	world_run_until(&w, &r.reached);
	join(&w, "n1");			/* time for more to come, if it would */
	assert_int_equal(r.received, 1);
	assert_false(r.done);		/* the end comes after the last message, not before */
	rpc_client_read(r.call);
	rpc_client_read(r.call);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_int_equal(r.received, 3);
	world_fini(&w);
}

static void a_cancelled_stream_is_told_to_its_handler(void **state)
{
	struct reader r = { .lazy = true };
	struct world w;

	begin(&w);
	w.follow = many_blocks;
	follow(&w, &r);
	run_until_no_headway(&w, &writer.stuck, &writer.next);
	rpc_client_cancel(r.call);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	world_run_until(&w, &w.gone);
	assert_true(w.cancelled);
	assert_true(writer.next < BLOCKS);
	world_fini(&w);
}

static void fail_after_three(struct rpc_call *call,
			     const Webmesh__Ext__V1__FollowRequest *request, struct world *w)
{
	world_watch(w, call);
	w->held = call;
	send_event(call, 0, 0);
	send_event(call, 1, 0);
	send_event(call, 2, 0);
}

static void a_stream_fails_with_its_reason(void **state)
{
	struct reader r = { .until = 3 };
	struct error err;
	struct world w;

	begin(&w);
	w.follow = fail_after_three;
	follow(&w, &r);
	rpc_client_read(r.call);
	world_run_until(&w, &r.reached);
	error_set(&err, ERR_PRECONDITION, "the log begins at 900");
	rpc_fail(w.held, &err);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_PRECONDITION);
	assert_string_equal(r.err.text, "the log begins at 900");
	world_run_until(&w, &w.gone);
	world_fini(&w);
}

static void a_lost_server_ends_the_stream(void **state)
{
	struct reader r = { .until = 3 };
	struct world w;

	begin(&w);
	w.follow = fail_after_three;
	follow(&w, &r);
	rpc_client_read(r.call);
	world_run_until(&w, &r.reached);
	world_stop_server(&w, 0);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_true(w.cancelled);
	world_fini(&w);
}

/* --- both ways ---------------------------------------------------------- */

static void echo(struct rpc_call *call, const ProtobufCMessage *msg, void *ctx)
{
	struct error err;

	if (!msg) {
		rpc_finish(call);
		return;
	}
	assert_int_equal(rpc_send(call, msg, &err), 0);
	rpc_call_read(call);
}

static void negotiate_echo(struct rpc_call *call, struct world *w)
{
	static const struct rpc_call_ops ops = { .message = echo, .gone = on_gone };

	rpc_call_set_ops(call, &ops, w);
	rpc_call_read(call);
}

struct talk {
	unsigned int heard;
	bool done;
	struct error err;
};

static int say(struct rpc_client_call *call, uint32_t port)
{
	V1__DataChannelNegotiation msg = V1__DATA_CHANNEL_NEGOTIATION__INIT;
	struct error err;

	msg.port = port;
	return rpc_client_send(call, &msg.base, &err);
}

static void on_heard(struct rpc_client_call *call, const ProtobufCMessage *msg, void *ctx)
{
	const V1__DataChannelNegotiation *n = (const void *)msg;
	struct talk *talk = ctx;

	assert_int_equal(n->port, ++talk->heard);
	if (talk->heard < 5)
		assert_int_equal(say(call, talk->heard + 1), 0);
	else
		rpc_client_send_end(call);
	rpc_client_read(call);
}

static void on_talk_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct talk *talk = ctx;

	talk->done = true;
	talk->err = *err;
}

static struct rpc_client_call *negotiate(struct world *w, struct talk *talk,
					 const ProtobufCServiceDescriptor *service)
{
	static const struct rpc_client_ops ops = { .message = on_heard, .done = on_talk_done };
	struct rpc_target t = target(service, "NegotiateDataChannel");
	struct rpc_client_call *call;
	struct error err;

	assert_int_equal(rpc_client_bidi(w->pump, w->channel, &t, &ops, talk, &call, &err), 0);
	rpc_client_read(call);
	return call;
}

static void messages_go_both_ways_until_both_have_ended(void **state)
{
	struct talk talk = { 0 };
	struct rpc_client_call *call;
	struct world w;

	begin(&w);
	w.negotiate = negotiate_echo;
	call = negotiate(&w, &talk, &v1__node__descriptor);
	assert_int_equal(say(call, 1), 0);
	world_run_until(&w, &talk.done);
	assert_int_equal(talk.err.kind, ERR_NONE);
	assert_int_equal(talk.heard, 5);
	world_run_until(&w, &w.gone);
	assert_false(w.cancelled);
	world_fini(&w);
}

static void negotiate_nothing(struct rpc_call *call, struct world *w)
{
	rpc_finish(call);
}

static void a_server_may_end_before_the_client(void **state)
{
	struct talk talk = { 0 };
	struct rpc_client_call *call;
	struct world w;

	begin(&w);
	w.negotiate = negotiate_nothing;
	call = negotiate(&w, &talk, &v1__node__descriptor);
	say(call, 1);
	world_run_until(&w, &talk.done);
	assert_int_equal(talk.err.kind, ERR_NONE);
	assert_int_equal(talk.heard, 0);
	world_fini(&w);
}

/* What another schema calls by the same name: a text where a number belongs. */
static const ProtobufCMethodDescriptor wrong_methods[] = {
	{ "NegotiateDataChannel", &v1__mesh_node__descriptor,
	  &v1__data_channel_negotiation__descriptor },
};
static const unsigned int wrong_order[] = { 0 };
static const ProtobufCServiceDescriptor wrong_node = {
	PROTOBUF_C__SERVICE_DESCRIPTOR_MAGIC, "v1.Node", "Node", "V1__Node", "v1",
	1, wrong_methods, wrong_order
};

static void a_message_that_does_not_decode_ends_the_stream(void **state)
{
	V1__MeshNode wrong = V1__MESH_NODE__INIT;
	struct talk talk = { 0 };
	struct rpc_client_call *call;
	struct error err;
	struct world w;

	begin(&w);
	w.negotiate = negotiate_echo;
	call = negotiate(&w, &talk, &wrong_node);
	wrong.id = "n1";
	wrong.raft_port = 1;	/* field 4: fine */
	wrong.grpc_port = 1;	/* field 5: a text there */
	assert_int_equal(rpc_client_send(call, &wrong.base, &err), 0);
	world_run_until(&w, &talk.done);
	assert_int_equal(talk.err.kind, ERR_INVALID);
	assert_int_equal(talk.heard, 0);
	world_run_until(&w, &w.gone);
	world_fini(&w);
}

static int not_any_more(struct rpc_call *call, void *user, struct error *err)
{
	assert_int_equal(rpc_call_method(call)->kind, RPC_BIDI);
	return error_set(err, ERR_DENIED, "not any more");
}

static void a_review_ends_the_streams_of_who_may_not_have_them(void **state)
{
	struct talk talk = { 0 };
	struct rpc_client_call *call;
	struct world w;

	begin(&w);
	w.negotiate = negotiate_echo;
	call = negotiate(&w, &talk, &v1__node__descriptor);
	assert_int_equal(say(call, 1), 0);
	while (!talk.heard)
		uv_run(&w.loop, UV_RUN_ONCE);
	rpc_server_review(w.server, not_any_more);
	world_run_until(&w, &talk.done);
	assert_int_equal(talk.err.kind, ERR_DENIED);
	assert_string_equal(talk.err.text, "not any more");
	world_run_until(&w, &w.gone);
	world_fini(&w);
}

/* Somebody who hears nothing for as long as he is told. */
static struct rpc_call *deaf;
static unsigned int told;

static void count_told(struct rpc_call *call, const ProtobufCMessage *msg, void *ctx)
{
	if (!msg) {
		rpc_finish(call);
		return;
	}
	assert_int_equal(((const V1__DataChannelNegotiation *)msg)->port, told++);
	rpc_call_read(call);
}

static void negotiate_deaf(struct rpc_call *call, struct world *w)
{
	static const struct rpc_call_ops ops = { .message = count_told, .gone = on_gone };

	rpc_call_set_ops(call, &ops, w);
	deaf = call;
}

struct speaker {
	struct rpc_client_call *call;
	uint64_t next;
	bool stuck, done;
	struct error err;
};

static void speak(struct speaker *s)
{
	V1__DataChannelNegotiation msg = V1__DATA_CHANNEL_NEGOTIATION__INIT;
	static char block[BLOCK];
	struct error err;
	int e = 0;

	memset(block, 'x', sizeof(block) - 1);
	msg.offer = block;
	for (; !e && s->next < BLOCKS; s->next += !e) {
		msg.port = (uint32_t)s->next;
		e = rpc_client_send(s->call, &msg.base, &err);
	}
	s->stuck = e == -ERR_EXHAUSTED;
	if (!e)
		rpc_client_send_end(s->call);
}

static void on_speaker_writable(struct rpc_client_call *call, void *ctx)
{
	speak(ctx);
}

static void on_speaker_done(struct rpc_client_call *call, const struct error *err, void *ctx)
{
	struct speaker *s = ctx;

	s->done = true;
	s->err = *err;
}

static void who_speaks_is_held_back_by_who_does_not_listen(void **state)
{
	static const struct rpc_client_ops ops = { .message = on_heard, .done = on_speaker_done,
						   .writable = on_speaker_writable };
	struct rpc_target t = target(&v1__node__descriptor, "NegotiateDataChannel");
	struct speaker s = { 0 };
	struct error err;
	struct world w;

	begin(&w);
	w.negotiate = negotiate_deaf;
	deaf = NULL;
	told = 0;
	assert_int_equal(rpc_client_bidi(w.pump, w.channel, &t, &ops, &s, &s.call, &err), 0);
	rpc_client_read(s.call);
	speak(&s);
	while (!deaf)
		uv_run(&w.loop, UV_RUN_ONCE);
	run_until_no_headway(&w, &s.stuck, &s.next);
	assert_in_range(s.next, 4 * 1024 * 1024 / BLOCK, BLOCKS / 2);
	assert_int_equal(told, 0);
	rpc_call_read(deaf);
	world_run_until(&w, &s.done);
	assert_int_equal(s.err.kind, ERR_NONE);
	assert_int_equal(told, BLOCKS);
	world_fini(&w);
}

static void a_cancelled_talk_is_told_to_its_handler(void **state)
{
	struct talk talk = { 0 };
	struct rpc_client_call *call;
	struct world w;

	begin(&w);
	w.negotiate = negotiate_deaf;
	deaf = NULL;
	call = negotiate(&w, &talk, &v1__node__descriptor);
	while (!deaf)
		uv_run(&w.loop, UV_RUN_ONCE);
	rpc_client_cancel(call);
	world_run_until(&w, &talk.done);
	world_run_until(&w, &w.gone);
	assert_true(w.cancelled);
	world_fini(&w);
}

static void a_talk_ends_with_its_deadline(void **state)
{
	static const struct rpc_client_ops ops = { .message = on_heard, .done = on_talk_done };
	struct rpc_target t = target(&v1__node__descriptor, "NegotiateDataChannel");
	struct rpc_client_call *call;
	struct talk talk = { 0 };
	struct error err;
	struct world w;

	begin(&w);
	w.negotiate = negotiate_deaf;
	deaf = NULL;
	t.timeout_ms = 2000;
	assert_int_equal(rpc_client_bidi(w.pump, w.channel, &t, &ops, &talk, &call, &err), 0);
	rpc_client_read(call);
	while (!deaf && !talk.done)
		uv_run(&w.loop, UV_RUN_ONCE);
	assert_non_null(deaf);
	assert_in_range(rpc_call_time_left(deaf), 0, 2000 + 20);
	world_run_until(&w, &talk.done);
	assert_int_equal(talk.err.kind, ERR_DEADLINE);
	world_run_until(&w, &w.gone);
	assert_true(w.cancelled);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_arrives_whole_and_in_order),
		cmocka_unit_test(an_empty_stream_is_just_done),
		cmocka_unit_test(a_writer_is_held_back_by_a_reader_that_does_not_read),
		cmocka_unit_test(a_reader_takes_one_at_a_time_and_loses_none),
		cmocka_unit_test(a_cancelled_stream_is_told_to_its_handler),
		cmocka_unit_test(a_stream_fails_with_its_reason),
		cmocka_unit_test(a_lost_server_ends_the_stream),
		cmocka_unit_test(messages_go_both_ways_until_both_have_ended),
		cmocka_unit_test(a_server_may_end_before_the_client),
		cmocka_unit_test(a_message_that_does_not_decode_ends_the_stream),
		cmocka_unit_test(who_speaks_is_held_back_by_who_does_not_listen),
		cmocka_unit_test(a_review_ends_the_streams_of_who_may_not_have_them),
		cmocka_unit_test(a_cancelled_talk_is_told_to_its_handler),
		cmocka_unit_test(a_talk_ends_with_its_deadline),
	};
	int failed = cmocka_run_group_tests_name("answered here", tests, NULL, NULL);

	passed_on = true;
	return failed + cmocka_run_group_tests_name("passed on", tests, NULL, NULL);
}
