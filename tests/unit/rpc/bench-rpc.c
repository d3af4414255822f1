// SPDX-License-Identifier: Apache-2.0
/*
 * Unary calls over loopback, server and client each with a loop and a pump of
 * its own: calls per second with 64 outstanding, round trips with one, CPU per
 * call, and the hop from gRPC's queue to the owner's loop alone.
 * One line per figure: "name value unit".
 */
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <uv.h>

#include "rpc/client.h"
#include "rpc/event.h"
#include "rpc/server.h"
#include "v1/node.pb-c.h"

enum { CALLS = 100000, ROUND_TRIPS = 20000, HOPS = 50000, OUTSTANDING = 64 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void die(const struct error *err)
{
	fprintf(stderr, "bench-rpc: %s\n", err->text);
	exit(1);
}

/* --- the server's thread ------------------------------------------------ */

struct service {
	uv_loop_t loop;
	uv_async_t quit;
	struct rpc_pump *pump;
	struct rpc_server *server;
	pthread_t thread;
	char address[32];
};

static void on_get_status(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	V1__Status status = V1__STATUS__INIT;

	status.id = ((const V1__GetStatusRequest *)request)->id;
	status.version = "0.1.0";
	status.current_leader = "n1";
	rpc_reply(call, &status.base);
}

static const struct rpc_method methods[] = {
	{ &v1__node__descriptor, "GetStatus", RPC_UNARY, RPC_NEED_NOTHING, RPC_HERE,
	  on_get_status },
};

static void on_pump_stopped(void *user)
{
	struct service *s = user;

	rpc_pump_free(s->pump);
	uv_close((uv_handle_t *)&s->quit, NULL);
}

static void on_server_stopped(void *user)
{
	struct service *s = user;

	rpc_server_free(s->server);
	rpc_pump_stop(s->pump, on_pump_stopped, s);
}

static void on_quit(uv_async_t *quit)
{
	struct service *s = quit->data;

	rpc_server_stop(s->server, 0, on_server_stopped, s);
}

static void *serve(void *arg)
{
	struct service *s = arg;

	uv_run(&s->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void service_start(struct service *s)
{
	struct rpc_server_config config = {
		.methods = methods, .method_count = 1, .mesh_id = "bench",
	};
	struct error err;
	uint16_t port;

	uv_loop_init(&s->loop);
	uv_async_init(&s->loop, &s->quit, on_quit);
	s->quit.data = s;
	if (rpc_pump_new(&s->loop, &s->pump, &err) ||
	    rpc_server_new(s->pump, &config, &s->server, &err) ||
	    rpc_server_listen(s->server, "127.0.0.1:0", false, &port, &err))
		die(&err);
	rpc_server_start(s->server);
	snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", port);
	pthread_create(&s->thread, NULL, serve, s);
}

static void service_stop(struct service *s)
{
	uv_async_send(&s->quit);
	pthread_join(s->thread, NULL);
	uv_loop_close(&s->loop);
}

/* --- the client's --------------------------------------------------------- */

struct client {
	uv_loop_t loop;
	struct rpc_pump *pump;
	struct rpc_channel *channel;
	unsigned int to_start, to_end;
	double *took;		/* seconds per call; NULL: not asked */
	unsigned int took_count;
};

struct slot {
	struct client *client;
	double started;
};

static void begin(struct slot *slot);

static void on_reply(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct slot *slot = ctx;
	struct client *c = slot->client;

	if (err->kind)
		die(err);
	if (c->took)
		c->took[c->took_count++] = now() - slot->started;
	c->to_end--;
	if (c->to_start)
		begin(slot);
}

static void begin(struct slot *slot)
{
	struct rpc_target t = { .service = &v1__node__descriptor, .method = "GetStatus",
				.timeout_ms = 10000 };
	V1__GetStatusRequest request = V1__GET_STATUS_REQUEST__INIT;
	struct client *c = slot->client;
	struct error err;

	request.id = "node-1.example";
	slot->started = now();
	c->to_start--;
	if (rpc_client_call(c->pump, c->channel, &t, &request.base, on_reply, slot, NULL, &err))
		die(&err);
}

static void run(struct client *c, unsigned int calls, unsigned int outstanding)
{
	struct slot slots[OUTSTANDING];
	unsigned int i;

	c->to_start = c->to_end = calls;
	for (i = 0; i < outstanding; i++) {
		slots[i].client = c;
		begin(&slots[i]);
	}
	while (c->to_end)
		uv_run(&c->loop, UV_RUN_ONCE);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_spread(const char *name, double *took, unsigned int count)
{
	qsort(took, count, sizeof(*took), compare);
	printf("%s-p50 %.1f us\n", name, took[count / 2] * 1e6);
	printf("%s-p99 %.1f us\n", name, took[count * 99 / 100] * 1e6);
}

static void bench_calls(struct client *c)
{
	double wall, used;

	run(c, 2000, OUTSTANDING);	/* connect, warm up */
	used = cpu();
	wall = now();
	run(c, CALLS, OUTSTANDING);
	wall = now() - wall;
	used = cpu() - used;
	printf("unary-64-outstanding %.0f calls/s\n", CALLS / wall);
	printf("unary-cpu-both-sides %.1f us/call\n", used / CALLS * 1e6);
}

static void bench_round_trips(struct client *c)
{
	c->took = calloc(ROUND_TRIPS, sizeof(*c->took));
	if (!c->took)
		exit(1);
	run(c, ROUND_TRIPS, 1);
	print_spread("unary-round-trip", c->took, c->took_count);
	free(c->took);
	c->took = NULL;
}

/* --- the hop --------------------------------------------------------------- */

struct hop {
	struct rpc_event event;
	bool landed;
};

static void on_hop(struct rpc_event *ev, bool ok)
{
	rpc_event_owner(ev, struct hop, event)->landed = true;
}

/* A batch of nothing comes back at once: queue, pump, stack, async, loop. */
static void bench_hop(struct client *c, const char *address)
{
	grpc_channel_credentials *creds = grpc_insecure_credentials_create();
	grpc_channel *channel = grpc_channel_create(address, creds, NULL);
	double *took = calloc(HOPS, sizeof(*took));
	struct hop hop;
	grpc_call *call;
	int i;

	if (!took)
		exit(1);
	call = grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS,
					rpc_pump_queue(c->pump),
					grpc_slice_from_static_string("/bench"), NULL,
					gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	rpc_event_init(&hop.event, on_hop);
	for (i = 0; i < HOPS; i++) {
		hop.landed = false;
		took[i] = now();
		rpc_batch(call, NULL, 0, &hop.event);
		while (!hop.landed)
			uv_run(&c->loop, UV_RUN_ONCE);
		took[i] = now() - took[i];
	}
	print_spread("hop-there-and-back", took, HOPS);
	grpc_call_unref(call);
	grpc_channel_destroy(channel);
	grpc_channel_credentials_release(creds);
	free(took);
}

static void on_client_stopped(void *user)
{
	rpc_pump_free(user);
}

int main(void)
{
	struct rpc_channel_config config = { .plaintext = true };
	struct client c = { 0 };
	struct service s;
	struct error err;

	service_start(&s);
	config.address = s.address;
	uv_loop_init(&c.loop);
	if (rpc_pump_new(&c.loop, &c.pump, &err) || rpc_channel_new(&config, &c.channel, &err))
		die(&err);
	bench_calls(&c);
	bench_round_trips(&c);
	bench_hop(&c, s.address);
	rpc_channel_free(c.channel);
	rpc_pump_stop(c.pump, on_client_stopped, c.pump);
	uv_run(&c.loop, UV_RUN_DEFAULT);
	uv_loop_close(&c.loop);
	service_stop(&s);
	return 0;
}
