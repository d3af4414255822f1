// SPDX-License-Identifier: Apache-2.0
/*
 * Every allocation of rpc/ fails once, from the pump's to the answer's: the
 * call gets through or fails with a reason, and nothing leaks or lies.  Those
 * of gRPC are not ours to fail: it aborts by design.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmocka.h"
#include "world.h"

void *__real_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
char *__real_strdup(const char *text);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
char *__wrap_strdup(const char *text);

static int countdown;	/* 0: nothing fails any more */

static bool fails(void)
{
	return countdown && !--countdown;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* --- one life of everything, that may end early at any step --------------- */

struct life {
	uv_loop_t loop;
	struct rpc_pump *pump;
	struct rpc_server *server;
	struct rpc_channel *channel;
	char address[32];
	bool listening, stopped, done;
	struct error err;	/* why it ended early, or how the call did */
};

static void set_flag(void *flag)
{
	*(bool *)flag = true;
}

static void run_until(struct life *life, const bool *flag)
{
	while (!*flag)
		uv_run(&life->loop, UV_RUN_ONCE);
}

static void on_join(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	reply_text(call, ((const V1__JoinRequest *)request)->id);
}

static void on_reply(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct life *life = ctx;

	life->err = *err;
	life->done = true;
	if (!err->kind)
		assert_string_equal(((const V1__JoinResponse *)reply)->address_ipv4, "n1");
}

static int serve(struct life *life)
{
	static const struct rpc_method method = {
		&v1__node__descriptor, "Join", RPC_UNARY, RPC_NEED_NOTHING, RPC_HERE, on_join
	};
	const struct rpc_server_config config = {
		.methods = &method, .method_count = 1, .mesh_id = "mesh-a",
	};
	const struct rpc_tls tls = { pem("ours.pem"), pem("n1.pem"), pem("n1.key") };
	uint16_t port;
	int e = rpc_server_new(life->pump, &config, &life->server, &life->err);

	if (!e)
		e = rpc_server_set_identity(life->server, &tls, &life->err);
	if (!e)
		e = rpc_server_listen(life->server, "127.0.0.1:0", true, &port, &life->err);
	if (e)
		return e;
	life->listening = true;
	snprintf(life->address, sizeof(life->address), "127.0.0.1:%u", port);
	rpc_server_start(life->server);
	return 0;
}

static int use(struct life *life)
{
	const struct rpc_channel_config config = {
		.address = life->address, .ca_pem = pem("ours.pem"),
	};
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	int e = rpc_channel_new(&config, &life->channel, &life->err);

	request.id = "n1";
	if (!e)
		e = rpc_client_call(life->pump, life->channel, &t, &request.base, on_reply, life,
				    NULL, &life->err);
	if (!e)
		run_until(life, &life->done);
	return e;
}

static void end(struct life *life)
{
	bool stopped = false;

	countdown = 0;
	rpc_channel_free(life->channel);
	if (life->listening) {
		rpc_server_stop(life->server, 0, set_flag, &life->stopped);
		run_until(life, &life->stopped);
	}
	rpc_server_free(life->server);
	if (life->pump) {
		rpc_pump_stop(life->pump, set_flag, &stopped);
		run_until(life, &stopped);
	}
	rpc_pump_free(life->pump);
	assert_int_equal(uv_loop_close(&life->loop), 0);
}

/* True: the n-th allocation was still within this life. */
static bool live(int n, struct error *ret)
{
	struct life life = { 0 };
	bool failed;
	int e;

	assert_int_equal(uv_loop_init(&life.loop), 0);
	countdown = n;
	e = rpc_pump_new(&life.loop, &life.pump, &life.err);
	if (!e)
		e = serve(&life);
	if (!e)
		e = use(&life);
	failed = !countdown;
	end(&life);
	if (e)
		assert_int_equal(life.err.kind, -e);
	*ret = life.err;
	return failed;
}

static void every_allocation_may_fail(void **state)
{
	struct error err;
	int n;

	pem("ours.pem");	/* the files are read before it counts */
	pem("n1.pem");
	pem("n1.key");
	for (n = 1; live(n, &err); n++) {
		/* The server's want of memory reaches a stranger as trouble unnamed. */
		if (err.kind && err.kind != ERR_MEMORY)
			assert_int_equal(err.kind, ERR_INTERNAL);
	}
	assert_int_equal(err.kind, ERR_NONE);
	assert_in_range(n, 20, 200);	/* pump, server, slots, channel, call, messages */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
