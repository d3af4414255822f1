// SPDX-License-Identifier: Apache-2.0
/*
 * Channels to a server that was not there yet when they were used first, for programs with a pump
 * and for those without.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../cmocka.h"
#include "world.h"

enum {
	REFUSALS = 8,		/* that come before the server */
	PAUSE_MS = 20,		/* between calls */
	PATIENCE_MS = 20 * 1000,	/* four times the longest back-off */
};

/* A port of loopback where nobody listens. */
static void find_address(char out[32])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	snprintf(out, 32, "127.0.0.1:%u", ntohs(at.sin_port));
}

static struct rpc_channel *open_channel(const char *address)
{
	struct world there = { 0 };

	snprintf(there.address, sizeof(there.address), "%s", address);
	return world_channel(&there, "n2", "ours");
}

static void pause_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = PAUSE_MS * 1000000L };

	nanosleep(&moment, NULL);
}

/* ---- without a pump ---- */

struct knocker {
	const char *address;
	unsigned int calls;
	atomic_uint refused;
	atomic_bool done;
	int ret;
	struct error err;
};

static void *knock(void *arg)
{
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct knocker *k = arg;
	struct rpc_channel *channel = open_channel(k->address);
	uint64_t end = uv_hrtime() + PATIENCE_MS * 1000000ull;
	ProtobufCMessage *reply = NULL;

	do {
		k->ret = rpc_call_sync(channel, &t, &request.base, &reply, &k->err);
		k->calls++;
		if (k->ret == -ERR_UNAVAILABLE)
			atomic_fetch_add(&k->refused, 1);
		pause_a_moment();
	} while (k->ret && uv_hrtime() < end);
	if (!k->ret)
		protobuf_c_message_free_unpacked(reply, NULL);
	rpc_channel_free(channel);
	atomic_store(&k->done, true);
	return NULL;
}

static void a_tool_gets_through_once_there_is_a_server(void **state)
{
	struct knocker k = { 0 };
	char address[32];
	pthread_t thread;
	struct world w;

	find_address(address);
	k.address = address;
	pthread_create(&thread, NULL, knock, &k);
	while (atomic_load(&k.refused) < REFUSALS && !atomic_load(&k.done))
		pause_a_moment();
	world_init_tls_at(&w, "n1", address);
	while (!atomic_load(&k.done)) {
		uv_run(&w.loop, UV_RUN_NOWAIT);
		pause_a_moment();
	}
	pthread_join(thread, NULL);
	if (k.ret)
		fail_msg("after %u calls: %s", k.calls, k.err.text);
	world_fini(&w);
}

/* ---- with one ---- */

static struct rpc_channel *late;	/* to where there will be a server */

static void on_answer(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct result *result = ctx;

	result->done = true;
	result->err = *err;
}

/* A call by @w's pump, while the loop of @other (may be NULL) goes round as well. */
static struct result ask(struct world *w, struct world *other)
{
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct result result = { 0 };
	struct error err;

	assert_int_equal(rpc_client_call(w->pump, late, &t, &request.base, on_answer, &result, NULL,
					 &err), 0);
	while (!result.done) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		if (other)
			uv_run(&other->loop, UV_RUN_NOWAIT);
	}
	pause_a_moment();
	return result;
}

static void a_node_gets_through_once_there_is_a_server(void **state)
{
	uint64_t end = uv_hrtime() + PATIENCE_MS * 1000000ull;
	struct world w, other;
	struct result r;
	char address[32];

	find_address(address);
	world_init(&w, NULL);
	late = open_channel(address);
	for (int i = 0; i < REFUSALS; i++)
		assert_int_equal(ask(&w, NULL).err.kind, ERR_UNAVAILABLE);
	world_init_tls_at(&other, "n1", address);
	do {
		r = ask(&w, &other);
	} while (r.err.kind && uv_hrtime() < end);
	if (r.err.kind)
		fail_msg("%s", r.err.text);
	rpc_channel_free(late);
	world_fini(&other);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tool_gets_through_once_there_is_a_server),
		cmocka_unit_test(a_node_gets_through_once_there_is_a_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
