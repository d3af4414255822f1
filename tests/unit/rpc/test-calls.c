// SPDX-License-Identifier: Apache-2.0
/* Calls with one request and one answer, over plaintext on loopback. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka.h"
#include "world.h"

static void reply_id(struct rpc_call *call, const V1__JoinRequest *request, struct world *w)
{
	reply_text(call, request->id);
}

static void hold(struct rpc_call *call, const V1__JoinRequest *request, struct world *w)
{
	world_watch(w, call);
	w->held = rpc_call_ref(call);
}

static void a_handler_answers_at_once(void **state)
{
	struct result r;
	struct world w;

	world_init(&w, NULL);
	w.join = reply_id;
	r = join(&w, "n1");
	assert_int_equal(r.err.kind, ERR_NONE);
	assert_string_equal(r.text, "n1");
	assert_int_equal(w.identity.kind, RPC_IDENTITY_NONE);
	world_fini(&w);
}

static void wait_held(struct world *w)
{
	while (!w->held)
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void a_handler_answers_later(void **state)
{
	struct result first, second;
	struct world w;

	world_init(&w, NULL);
	w.join = hold;
	join_start(&w, "n1", &first);
	wait_held(&w);
	w.join = reply_id;
	second = join(&w, "n2");	/* is not held up by the first */
	assert_string_equal(second.text, "n2");
	assert_false(first.done);
	reply_text(w.held, "late");
	world_run_until(&w, &first.done);
	assert_string_equal(first.text, "late");
	world_run_until(&w, &w.gone);
	assert_false(w.cancelled);
	rpc_call_unref(w.held);
	world_fini(&w);
}

static enum error_kind failing;

static void fail_with_kind(struct rpc_call *call, const V1__JoinRequest *request,
			   struct world *w)
{
	struct error err;

	error_set(&err, failing, "prefix “fd00::/48” is 100%% used");
	rpc_fail(call, &err);
}

static void errors_arrive_with_kind_and_text(void **state)
{
	static const enum error_kind kinds[] = {
		ERR_INVALID, ERR_NOT_FOUND, ERR_EXISTS, ERR_DENIED, ERR_UNAUTHENTICATED,
		ERR_PRECONDITION, ERR_UNAVAILABLE, ERR_EXHAUSTED, ERR_DEADLINE, ERR_UNSUPPORTED,
	};
	struct result r;
	struct world w;
	size_t i;

	world_init(&w, NULL);
	w.join = fail_with_kind;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		failing = kinds[i];
		r = join(&w, "n1");
		assert_int_equal(r.err.kind, kinds[i]);
		assert_non_null(strstr(r.err.text, "prefix “fd00::/48” is 100% used"));
	}
	world_fini(&w);
}

static void calls_are_counted_by_method_and_by_how_they_ended(void **state)
{
	struct world w;

	world_init(&w, NULL);
	w.join = reply_id;
	for (int i = 0; i < 3; i++)
		join(&w, "n1");
	w.join = fail_with_kind;
	failing = ERR_NOT_FOUND;
	join(&w, "n1");
	call(&w, w.channel, "Leave");	/* for administrators; the caller is nobody */
	world_stop_server(&w, 0);
	assert_int_equal(world_ended(&w, "Join", 0), 3);
	assert_int_equal(world_ended(&w, "Join", 5), 1);	/* NOT_FOUND */
	assert_int_equal(world_ended(&w, "Join", 1), 0);
	assert_int_equal(world_ended(&w, "Leave", 16), 1);	/* UNAUTHENTICATED */
	world_fini(&w);
}

static void a_call_whose_caller_goes_is_counted_as_cancelled(void **state)
{
	struct rpc_client_call *c;
	struct result r;
	struct world w;

	world_init(&w, NULL);
	w.join = hold;
	c = join_start(&w, "n1", &r);
	wait_held(&w);
	rpc_client_cancel(c);
	world_run_until(&w, &r.done);
	world_run_until(&w, &w.gone);
	rpc_call_unref(w.held);
	world_stop_server(&w, 0);
	assert_int_equal(world_ended(&w, "Join", 1), 1);
	assert_int_equal(world_ended(&w, "Join", 0), 0);
	world_fini(&w);
}

static void our_own_troubles_are_not_told_to_strangers(void **state)
{
	struct result r;
	struct world w;

	world_init(&w, NULL);
	w.join = fail_with_kind;
	failing = ERR_CORRUPT;
	r = join(&w, "n1");
	assert_int_equal(r.err.kind, ERR_CORRUPT);
	assert_null(strstr(r.err.text, "fd00"));
	failing = ERR_MEMORY;
	r = join(&w, "n1");
	assert_int_equal(r.err.kind, ERR_INTERNAL);
	assert_null(strstr(r.err.text, "fd00"));
	world_fini(&w);
}

static int64_t time_left;

static void note_time_left(struct rpc_call *call, const V1__JoinRequest *request,
			   struct world *w)
{
	time_left = rpc_call_time_left(call);
	hold(call, request, w);
}

static void on_deadline(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct result *result = ctx;

	result->done = true;
	result->err = *err;
}

static void a_deadline_is_seen_and_kept(void **state)
{
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct result r = { 0 };
	struct error err;
	struct world w;

	world_init(&w, NULL);
	w.join = note_time_left;
	t.timeout_ms = 300;
	assert_int_equal(rpc_client_call(w.pump, w.channel, &t, &request.base, on_deadline, &r,
					 NULL, &err), 0);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_DEADLINE);
	assert_non_null(strstr(r.err.text, w.address));
	world_run_until(&w, &w.gone);
	assert_true(w.cancelled);
	assert_in_range(time_left, 1, 300);
	reply_text(w.held, "too late");		/* dropped silently */
	rpc_call_unref(w.held);
	world_fini(&w);
}

static void a_cancelled_call_is_told_to_its_handler(void **state)
{
	struct rpc_client_call *c;
	struct result r;
	struct world w;

	world_init(&w, NULL);
	w.join = hold;
	c = join_start(&w, "n1", &r);
	wait_held(&w);
	assert_int_equal(rpc_server_calls(w.server), 1);
	rpc_client_cancel(c);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	world_run_until(&w, &w.gone);
	assert_true(w.cancelled);
	/* The handler still holds the shell; the server is done with it. */
	assert_int_equal(rpc_server_calls(w.server), 0);
	rpc_call_unref(w.held);
	world_fini(&w);
}

static void hold_unwatched(struct rpc_call *call, const V1__JoinRequest *request, struct world *w)
{
	w->held = rpc_call_ref(call);
}

static void a_cancelled_call_that_nobody_watches_goes_with_its_answer(void **state)
{
	struct rpc_client_call *c;
	struct result r;
	struct world w;

	world_init(&w, NULL);
	w.join = hold_unwatched;
	c = join_start(&w, "n1", &r);
	wait_held(&w);
	rpc_client_cancel(c);
	world_run_until(&w, &r.done);
	assert_int_equal(rpc_server_calls(w.server), 1);
	reply_text(w.held, "too late");
	while (rpc_server_calls(w.server))
		uv_run(&w.loop, UV_RUN_ONCE);
	rpc_call_unref(w.held);
	world_fini(&w);
}

static char *long_text(size_t len)
{
	char *text = malloc(len + 1);

	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void a_request_beyond_the_limit_reaches_no_handler(void **state)
{
	struct rpc_server_config limits = { .message_max = 4096 };
	char *text = long_text(5000);
	struct result r;
	struct world w;

	world_init(&w, &limits);
	r = join(&w, text);
	assert_int_equal(r.err.kind, ERR_EXHAUSTED);
	assert_int_equal(w.handled, 0);
	text[4000] = '\0';
	r = join(&w, text);
	assert_int_equal(r.err.kind, ERR_NONE);
	free(text);
	world_fini(&w);
}

static void reply_long(struct rpc_call *call, const V1__JoinRequest *request, struct world *w)
{
	char *text = long_text(5000);

	reply_text(call, text);
	free(text);
}

static void an_answer_beyond_the_limit_says_so(void **state)
{
	struct rpc_server_config limits = { .message_max = 4096 };
	struct result r;
	struct world w;

	world_init(&w, &limits);
	w.join = reply_long;
	r = join(&w, "n1");
	assert_int_equal(r.err.kind, ERR_EXHAUSTED);
	assert_non_null(strstr(r.err.text, "4096"));
	world_fini(&w);
}

/* v1.Node as a client would have it who got it wrong: another type, and one method more. */
static const ProtobufCMethodDescriptor wrong_methods[] = {
	{ "Join", &v1__mesh_node__descriptor, &v1__join_response__descriptor },
	{ "Nothing", &v1__join_request__descriptor, &v1__join_response__descriptor },
};
static const unsigned int wrong_order[] = { 0, 1 };
static const ProtobufCServiceDescriptor wrong_node = {
	PROTOBUF_C__SERVICE_DESCRIPTOR_MAGIC, "v1.Node", "Node", "V1__Node", "v1",
	2, wrong_methods, wrong_order
};

static void what_does_not_decode_is_invalid(void **state)
{
	struct rpc_target t = target(&wrong_node, "Join");
	V1__MeshNode request = V1__MESH_NODE__INIT;
	struct result r = { 0 };
	struct error err;
	struct world w;

	world_init(&w, NULL);
	request.primary_endpoint = "x";
	request.wireguard_port = 1;	/* field 6: a text in JoinRequest */
	assert_int_equal(rpc_client_call(w.pump, w.channel, &t, &request.base, on_deadline, &r,
					 NULL, &err), 0);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_INVALID);
	assert_non_null(strstr(r.err.text, "v1.JoinRequest"));
	assert_int_equal(w.handled, 0);
	world_fini(&w);
}

static void an_unknown_method_is_unsupported(void **state)
{
	struct rpc_target t = target(&wrong_node, "Nothing");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct result r = { 0 };
	struct error err;
	struct world w;

	world_init(&w, NULL);
	assert_int_equal(rpc_client_call(w.pump, w.channel, &t, &request.base, on_deadline, &r,
					 NULL, &err), 0);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(r.err.text, "/v1.Node/Nothing"));
	world_fini(&w);
}

static void a_method_that_its_service_lacks_cannot_be_called(void **state)
{
	struct rpc_target t = target(&v1__node__descriptor, "Nothing");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	assert_int_equal(rpc_client_call(w.pump, w.channel, &t, &request.base, on_deadline, NULL,
					 NULL, &err), -ERR_NOT_FOUND);
	world_fini(&w);
}

static void reply_metadata(struct rpc_call *call, const V1__JoinRequest *request,
			   struct world *w)
{
	char value[8], peer[RPC_PEER_MAX];

	assert_false(rpc_call_metadata(call, "absent", value, sizeof(value)));
	assert_false(rpc_call_metadata(call, "long", value, sizeof(value)));
	assert_ptr_equal(rpc_call_method(call)->service, &v1__node__descriptor);
	assert_int_equal(rpc_call_method(call)->place, RPC_LEADER);
	assert_non_null(strstr(rpc_call_peer(call, peer), "127.0.0.1"));
	if (!rpc_call_metadata(call, "prefer-leader", value, sizeof(value)))
		value[0] = '\0';
	reply_text(call, value);
}

static void on_text(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct result *result = ctx;

	result->done = true;
	result->err = *err;
	if (reply)
		snprintf(result->text, sizeof(result->text), "%s",
			 ((const V1__JoinResponse *)reply)->address_ipv4);
}

static void metadata_reaches_the_handler(void **state)
{
	const struct rpc_metadata metadata[] = {
		{ "prefer-leader", "true" }, { "long", "12345678" },
	};
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct result r = { 0 };
	struct error err;
	struct world w;

	world_init(&w, NULL);
	w.join = reply_metadata;
	t.metadata = metadata;
	t.metadata_count = 2;
	assert_int_equal(rpc_client_call(w.pump, w.channel, &t, &request.base, on_text, &r, NULL,
					 &err), 0);
	world_run_until(&w, &r.done);
	assert_string_equal(r.text, "true");
	world_fini(&w);
}

static void metadata_that_is_no_header_is_refused(void **state)
{
	const struct rpc_metadata metadata = { "Not A Header", "x" };
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	t.metadata = &metadata;
	t.metadata_count = 1;
	assert_int_equal(rpc_client_call(w.pump, w.channel, &t, &request.base, on_text, NULL,
					 NULL, &err), -ERR_INVALID);
	t.metadata_count = RPC_METADATA_MAX + 1;
	assert_int_equal(rpc_client_call(w.pump, w.channel, &t, &request.base, on_text, NULL,
					 NULL, &err), -ERR_INVALID);
	world_fini(&w);
}

static void calls_beyond_the_limit_are_refused(void **state)
{
	struct rpc_server_config limits = { .calls_max = 1 };
	struct result held, r;
	struct world w;

	world_init(&w, &limits);
	w.join = hold;
	join_start(&w, "n1", &held);
	wait_held(&w);
	r = join(&w, "n2");
	assert_int_equal(r.err.kind, ERR_EXHAUSTED);
	assert_int_equal(w.handled, 1);
	reply_text(w.held, "");
	world_run_until(&w, &w.gone);
	rpc_call_unref(w.held);
	w.join = reply_id;
	r = join(&w, "n3");
	assert_string_equal(r.text, "n3");
	world_fini(&w);
}

static int admit_nothing_leader_only(struct rpc_call *call, struct world *w,
				     struct rpc_onward *ret_onward, struct error *err)
{
	if (rpc_call_method(call)->place != RPC_LEADER)
		return 0;
	return error_set(err, ERR_PRECONDITION, "this is not the leader: n7 is");
}

static void the_owner_may_refuse_before_the_request_is_read(void **state)
{
	struct result r;
	struct world w;

	world_init(&w, NULL);
	w.admit = admit_nothing_leader_only;
	r = join(&w, "n1");
	assert_int_equal(r.err.kind, ERR_PRECONDITION);
	assert_string_equal(r.err.text, "this is not the leader: n7 is");
	assert_int_equal(w.handled, 0);
	world_fini(&w);
}

static void a_dead_address_is_unavailable_and_named(void **state)
{
	struct rpc_channel_config config = { .address = "127.0.0.1:1", .plaintext = true };
	struct rpc_channel *dead;
	struct result r;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	assert_int_equal(rpc_channel_new(&config, &dead, &err), 0);
	r = call(&w, dead, "Join");
	assert_int_equal(r.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(r.err.text,
			    "127.0.0.1:1: Failed to connect to remote host: Connection refused");
	rpc_channel_free(dead);
	world_fini(&w);
}

struct tool {
	const char *address;
	struct error err;
	char text[64];
	int ret;
	uv_async_t done;
};

static void *run_tool(void *arg)
{
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct tool *tool = arg;
	struct rpc_channel_config config = { .address = tool->address, .plaintext = true };
	ProtobufCMessage *reply = NULL;
	struct rpc_channel *channel;

	request.id = "tool";
	tool->ret = rpc_channel_new(&config, &channel, &tool->err);
	if (!tool->ret) {
		tool->ret = rpc_call_sync(channel, &t, &request.base, &reply, &tool->err);
		rpc_channel_free(channel);
	}
	if (!tool->ret) {
		snprintf(tool->text, sizeof(tool->text), "%s",
			 ((V1__JoinResponse *)reply)->address_ipv4);
		protobuf_c_message_free_unpacked(reply, NULL);
	}
	uv_async_send(&tool->done);
	return NULL;
}

static void on_tool_done(uv_async_t *async)
{
	*(bool *)async->data = true;
}

static void use_tool(struct world *w, struct tool *tool)
{
	bool done = false;
	pthread_t thread;

	uv_async_init(&w->loop, &tool->done, on_tool_done);
	tool->done.data = &done;
	pthread_create(&thread, NULL, run_tool, tool);
	world_run_until(w, &done);
	pthread_join(thread, NULL);
	uv_close((uv_handle_t *)&tool->done, NULL);
	uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void a_tool_calls_without_a_loop(void **state)
{
	struct tool tool = { 0 };
	struct world w;

	world_init(&w, NULL);
	w.join = reply_id;
	tool.address = w.address;
	use_tool(&w, &tool);
	assert_int_equal(tool.ret, 0);
	assert_string_equal(tool.text, "tool");

	w.join = fail_with_kind;
	failing = ERR_DENIED;
	use_tool(&w, &tool);
	assert_int_equal(tool.ret, -ERR_DENIED);
	assert_string_equal(tool.err.text, "prefix “fd00::/48” is 100% used");
	world_fini(&w);
}

static void a_tool_must_say_how_long_it_waits(void **state)
{
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	t.timeout_ms = 0;
	assert_int_equal(rpc_call_sync(w.channel, &t, &request.base, &reply, &err),
			 -ERR_INVALID);
	world_fini(&w);
}

static void on_stopped(void *user)
{
	*(bool *)user = true;
}

static void a_stopping_server_lets_calls_end(void **state)
{
	struct result held, late;
	struct world w;

	world_init(&w, NULL);
	w.join = hold;
	join_start(&w, "n1", &held);
	wait_held(&w);
	rpc_server_stop(w.server, WAIT_MS, on_stopped, &w.server_stopped);
	late = join(&w, "n2");		/* a new call: not taken */
	assert_int_equal(late.err.kind, ERR_UNAVAILABLE);
	assert_false(w.server_stopped);
	reply_text(w.held, "last words");
	world_run_until(&w, &w.server_stopped);
	world_run_until(&w, &held.done);
	assert_int_equal(held.err.kind, ERR_NONE);
	assert_string_equal(held.text, "last words");
	assert_false(w.cancelled);
	rpc_call_unref(w.held);
	world_fini(&w);
}

static void a_stopping_server_cancels_what_outlives_the_grace(void **state)
{
	struct result held;
	struct world w;

	world_init(&w, NULL);
	w.join = hold;
	join_start(&w, "n1", &held);
	wait_held(&w);
	world_stop_server(&w, 50);
	assert_true(w.gone);
	assert_true(w.cancelled);
	world_run_until(&w, &held.done);
	assert_int_equal(held.err.kind, ERR_UNAVAILABLE);
	rpc_call_unref(w.held);
	world_fini(&w);
}

/* Their handlers may wait for what ends after the server. */
static void a_stopping_server_does_not_wait_for_answers(void **state)
{
	struct result held;
	struct world w;

	world_init(&w, NULL);
	w.join = hold_unwatched;
	join_start(&w, "n1", &held);
	wait_held(&w);
	world_stop_server(&w, 50);
	assert_int_equal(rpc_server_calls(w.server), 0);
	world_run_until(&w, &held.done);
	assert_int_equal(held.err.kind, ERR_UNAVAILABLE);
	reply_text(w.held, "too late");		/* dropped silently */
	rpc_call_unref(w.held);
	world_fini(&w);
}

static void a_server_that_never_started_stops_too(void **state)
{
	struct rpc_server_config config = { .mesh_id = "mesh-a" };
	struct rpc_server *server;
	bool stopped = false;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	assert_int_equal(rpc_server_new(w.pump, &config, &server, &err), 0);
	assert_int_equal(rpc_server_listen(server, "127.0.0.1:0", false, NULL, &err), 0);
	rpc_server_stop(server, 1000, on_stopped, &stopped);
	world_run_until(&w, &stopped);
	rpc_server_free(server);
	world_fini(&w);
}

static void listening_fails_with_the_cause(void **state)
{
	struct rpc_server_config config = { .mesh_id = "mesh-a" };
	struct rpc_server *second;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	assert_int_equal(rpc_server_new(w.pump, &config, &second, &err), 0);
	assert_int_equal(rpc_server_listen(second, w.address, false, NULL, &err), -ERR_EXISTS);
	assert_non_null(strstr(err.text, w.address));
	assert_non_null(strstr(err.text, "in use"));
	assert_int_equal(rpc_server_listen(second, "localhost:0", false, NULL, &err),
			 -ERR_INVALID);
	assert_int_equal(rpc_server_listen(second, "127.0.0.1:0", true, NULL, &err),
			 -ERR_PRECONDITION);
	rpc_server_free(second);
	world_fini(&w);
}

static void methods_are_checked_before_they_are_served(void **state)
{
	struct rpc_method method = { .service = &v1__node__descriptor, .name = "Nothing" };
	struct rpc_method twice[2] = {
		{ .service = &v1__node__descriptor, .name = "Join" },
		{ .service = &v1__node__descriptor, .name = "Join" },
	};
	struct rpc_server_config config = { .mesh_id = "mesh-a", .methods = &method,
					    .method_count = 1 };
	struct rpc_server *server;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	assert_int_equal(rpc_server_new(w.pump, &config, &server, &err), -ERR_NOT_FOUND);
	config.methods = twice;
	config.method_count = 2;
	assert_int_equal(rpc_server_new(w.pump, &config, &server, &err), -ERR_EXISTS);
	world_fini(&w);
}

static void a_unix_socket_is_an_address_too(void **state)
{
	struct rpc_channel_config channel_config = { .plaintext = true };
	char path[] = "/tmp/wgmesh-test-rpc-socket-XXXXXX", address[64];
	struct rpc_server_config config = { .mesh_id = "mesh-a" };
	struct rpc_server *server;
	struct rpc_channel *channel;
	bool stopped = false;
	struct result r;
	struct error err;
	struct world w;

	world_init(&w, NULL);
	assert_non_null(mkdtemp(path));
	snprintf(address, sizeof(address), "unix:%s/api", path);
	channel_config.address = address;
	assert_int_equal(rpc_server_new(w.pump, &config, &server, &err), 0);
	assert_int_equal(rpc_server_listen(server, address, false, NULL, &err), 0);
	rpc_server_start(server);
	assert_int_equal(rpc_channel_new(&channel_config, &channel, &err), 0);
	r = call(&w, channel, "Join");
	assert_int_equal(r.err.kind, ERR_UNSUPPORTED);	/* it serves nothing, but it answers */
	rpc_channel_free(channel);
	rpc_server_stop(server, 0, on_stopped, &stopped);
	world_run_until(&w, &stopped);
	rpc_server_free(server);
	rmdir(path);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handler_answers_at_once),
		cmocka_unit_test(a_handler_answers_later),
		cmocka_unit_test(errors_arrive_with_kind_and_text),
		cmocka_unit_test(calls_are_counted_by_method_and_by_how_they_ended),
		cmocka_unit_test(a_call_whose_caller_goes_is_counted_as_cancelled),
		cmocka_unit_test(our_own_troubles_are_not_told_to_strangers),
		cmocka_unit_test(a_deadline_is_seen_and_kept),
		cmocka_unit_test(a_cancelled_call_is_told_to_its_handler),
		cmocka_unit_test(a_cancelled_call_that_nobody_watches_goes_with_its_answer),
		cmocka_unit_test(a_request_beyond_the_limit_reaches_no_handler),
		cmocka_unit_test(an_answer_beyond_the_limit_says_so),
		cmocka_unit_test(what_does_not_decode_is_invalid),
		cmocka_unit_test(an_unknown_method_is_unsupported),
		cmocka_unit_test(a_method_that_its_service_lacks_cannot_be_called),
		cmocka_unit_test(metadata_reaches_the_handler),
		cmocka_unit_test(metadata_that_is_no_header_is_refused),
		cmocka_unit_test(calls_beyond_the_limit_are_refused),
		cmocka_unit_test(the_owner_may_refuse_before_the_request_is_read),
		cmocka_unit_test(a_dead_address_is_unavailable_and_named),
		cmocka_unit_test(a_tool_calls_without_a_loop),
		cmocka_unit_test(a_tool_must_say_how_long_it_waits),
		cmocka_unit_test(a_stopping_server_lets_calls_end),
		cmocka_unit_test(a_stopping_server_cancels_what_outlives_the_grace),
		cmocka_unit_test(a_stopping_server_does_not_wait_for_answers),
		cmocka_unit_test(a_server_that_never_started_stops_too),
		cmocka_unit_test(listening_fails_with_the_cause),
		cmocka_unit_test(methods_are_checked_before_they_are_served),
		cmocka_unit_test(a_unix_socket_is_an_address_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
