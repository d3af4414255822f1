// SPDX-License-Identifier: Apache-2.0
/* Clients that send nonsense, nothing, or too much: the others are served all the same. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cmocka.h"
#include "base/addr.h"
#include "world.h"

enum { SILENT = 200, FLOOD = 3000 };

static int dial(const struct world *w, const void *data, size_t len)
{
	struct sockaddr_in6 sa;
	struct endpoint at;
	socklen_t sa_len;
	int fd;

	assert_true(endpoint_parse(w->address, &at));
	sa_len = endpoint_to_sockaddr(&at, &sa);
	fd = socket(sa.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sa_len), 0);
	if (len)
		assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
	return fd;
}

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static const char http1[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/* A frame header that promises 16 MiB of headers on stream 0. */
static const char bad_frame[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x01\xff\0\0\0\0";

static void nonsense(const struct world *w, int fds[5])
{
	char noise[4096];
	size_t i;

	srand(1);
	for (i = 0; i < sizeof(noise); i++)
		noise[i] = rand();
	fds[0] = dial(w, noise, sizeof(noise));
	fds[1] = dial(w, preface, sizeof(preface) / 2);
	fds[2] = dial(w, preface, sizeof(preface) - 1);
	fds[3] = dial(w, http1, sizeof(http1) - 1);
	fds[4] = dial(w, bad_frame, sizeof(bad_frame) - 1);
}

static void close_all(int *fds, size_t count)
{
	while (count--)
		close(fds[count]);
}

static void nonsense_on_the_wire_hurts_nobody_else(void **state)
{
	struct world w;
	int fds[5];

	world_init(&w, NULL);
	nonsense(&w, fds);
	assert_int_equal(join(&w, "n1").err.kind, ERR_NONE);
	assert_int_equal(w.handled, 1);
	world_stop_server(&w, 0);	/* with all of them connected */
	close_all(fds, 5);
	world_fini(&w);
}

static void nonsense_instead_of_tls_hurts_nobody_else(void **state)
{
	struct world w;
	int fds[5];

	world_init_tls(&w, "n1");
	nonsense(&w, fds);
	w.channel = world_channel(&w, "n2", "ours");
	assert_int_equal(join(&w, "n1").err.kind, ERR_NONE);
	assert_string_equal(w.identity.id, "n2");
	world_stop_server(&w, 0);
	close_all(fds, 5);
	world_fini(&w);
}

static void connections_that_say_nothing_are_only_that(void **state)
{
	int fds[SILENT];
	struct world w;
	size_t i;

	world_init_tls(&w, "n1");
	for (i = 0; i < SILENT; i++)
		fds[i] = dial(&w, NULL, 0);
	w.channel = world_channel(&w, "n2", "ours");
	assert_int_equal(join(&w, "n1").err.kind, ERR_NONE);
	assert_int_equal(w.handled, 1);
	close_all(fds, SILENT);
	world_fini(&w);
}

struct flood {
	struct rpc_call *held[FLOOD];
	unsigned int count, most;
};

static struct flood flood;

static void hold_all(struct rpc_call *call, const V1__JoinRequest *request, struct world *w)
{
	assert_true(flood.count < FLOOD);
	flood.held[flood.count++] = rpc_call_ref(call);
	if (flood.count > flood.most)
		flood.most = flood.count;
}

static void release_all(uv_timer_t *timer)
{
	while (flood.count) {
		struct rpc_call *call = flood.held[--flood.count];

		reply_text(call, "");
		rpc_call_unref(call);
	}
}

static void a_flood_of_calls_is_answered_within_bounds(void **state)
{
	struct rpc_server_config limits = { .calls_max = 50, .streams_max = 100 };
	struct result *results = calloc(FLOOD, sizeof(*results));
	unsigned int i, ok = 0;
	uv_timer_t timer;
	struct world w;

	assert_non_null(results);
	world_init(&w, &limits);
	w.join = hold_all;
	uv_timer_init(&w.loop, &timer);
	uv_timer_start(&timer, release_all, 1, 1);
	for (i = 0; i < FLOOD; i++)
		join_start(&w, "n1", &results[i]);
	for (i = 0; i < FLOOD; i++) {
		world_run_until(&w, &results[i].done);
		if (results[i].err.kind != ERR_NONE && results[i].err.kind != ERR_EXHAUSTED)
			fail_msg("call %u: %s", i, results[i].err.text);
		ok += results[i].err.kind == ERR_NONE;
	}
	assert_in_range(ok, 50, FLOOD);
	assert_in_range(flood.most, 1, 50);
	uv_close((uv_handle_t *)&timer, NULL);
	world_fini(&w);
	free(results);
}

static void on_reply(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct result *result = ctx;

	result->done = true;
	result->err = *err;
}

static void headers_beyond_the_limit_reach_no_handler(void **state)
{
	struct rpc_metadata metadata = { .key = "long" };
	struct rpc_target t = target(&v1__node__descriptor, "Join");
	V1__JoinRequest request = V1__JOIN_REQUEST__INIT;
	struct rpc_channel_config other = { .plaintext = true };
	struct rpc_channel *channel;
	struct result r = { 0 };
	char value[20000];
	struct error err;
	struct world w;

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	metadata.value = value;
	t.metadata = &metadata;
	t.metadata_count = 1;
	world_init(&w, NULL);
	other.address = w.address;
	assert_int_equal(rpc_client_call(w.pump, w.channel, &t, &request.base, on_reply, &r, NULL,
					 &err), 0);
	world_run_until(&w, &r.done);
	assert_int_equal(r.err.kind, ERR_EXHAUSTED);
	assert_int_equal(w.handled, 0);
	/* It may have cost this client its connection, and nobody else his. */
	assert_int_equal(rpc_channel_new(&other, &channel, &err), 0);
	assert_int_equal(call(&w, channel, "Join").err.kind, ERR_NONE);
	rpc_channel_free(channel);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_on_the_wire_hurts_nobody_else),
		cmocka_unit_test(nonsense_instead_of_tls_hurts_nobody_else),
		cmocka_unit_test(connections_that_say_nothing_are_only_that),
		cmocka_unit_test(a_flood_of_calls_is_answered_within_bounds),
		cmocka_unit_test(headers_beyond_the_limit_reach_no_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
