// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

struct cluster cluster;

const struct transport_timing patient = {
	.connect = 30000, .handshake = 30000, .stall = 30000, .backoff_min = 10, .backoff_max = 100,
	.prefer = 100,
};
const struct transport_timing hasty = {
	.connect = 30000, .handshake = 200, .stall = 300, .backoff_min = 10, .backoff_max = 100,
	.prefer = 100,
};

static void on_message(void *data, uint64_t from, const struct raft_message *m)
{
	struct server *s = data;

	assert_int_equal(from, m->from);
	assert_in_range(from, 1, SERVERS);
	s->received[from]++;
	if (m->round < s->last_round[from])
		s->disorder = true;
	s->last_round[from] = m->round;
	if (s->on_message)
		s->on_message(s, m);
}

static void on_event(void *data, enum transport_event event, uint64_t server_id,
		     const struct endpoint *remote, const char *reason)
{
	struct server *s = data;

	s->events[event]++;
	snprintf(s->reasons[event], REASON_MAX, "%s", reason);
}

static const struct transport_callbacks callbacks = { on_message, on_event };

void server_open(struct server *s)
{
	struct error err;

	assert_ok(transport_new(&cluster.loop, s->id, &s->identity, &callbacks, s, &s->t, &err),
		  &err);
	transport_set_timing(s->t, &patient);
	assert_ok(transport_listen(s->t, &s->address, 1, &err), &err);
	assert_true(transport_listening(s->t, 0, &s->address));
	s->closed = false;
}

static void on_closed(void *data)
{
	struct server *s = data;

	s->t = NULL;
	s->closed = true;
}

static bool is_closed(void *arg)
{
	return ((struct server *)arg)->closed;
}

void server_close(struct server *s)
{
	if (!s->t)
		return;
	transport_free(s->t, on_closed, s);
	assert_false(s->closed);	/* from the loop, not from the call */
	WAIT_UNTIL(is_closed, s);
}

static void on_tick(uv_timer_t *tick)
{
}

int cluster_start(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	memset(&cluster, 0, sizeof(cluster));
	assert_int_equal(uv_loop_init(&cluster.loop), 0);
	uv_timer_init(&cluster.loop, &cluster.tick);
	uv_timer_start(&cluster.tick, on_tick, 1, 1);
	cluster.ca = fixture_ca("m1", time(NULL));
	for (uint64_t i = 1; i <= SERVERS; i++) {
		struct server *s = &cluster.servers[i];

		s->id = i;
		snprintf(s->node_id, sizeof(s->node_id), "n%d", (int)i);
		s->identity = fixture_node(cluster.ca, s->node_id, time(NULL), DAY);
		assert_true(endpoint_parse("127.0.0.1:0", &s->address));
		server_open(s);
	}
	return 0;
}

int cluster_stop(void **state)
{
	for (int i = 1; i <= SERVERS; i++) {
		server_close(&cluster.servers[i]);
		identity_fini(&cluster.servers[i].identity);
	}
	ca_free(cluster.ca);
	uv_close((uv_handle_t *)&cluster.tick, NULL);
	uv_run(&cluster.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&cluster.loop), 0);	/* no handle was forgotten */
	return 0;
}

void introduce(struct server *a, struct server *b)
{
	struct error err;

	assert_ok(transport_set_peer(a->t, b->id, b->node_id, &b->address, 1, &err), &err);
}

void introduce_all(void)
{
	for (int i = 1; i <= SERVERS; i++)
		for (int j = 1; j <= SERVERS; j++)
			if (i != j)
				introduce(&cluster.servers[i], &cluster.servers[j]);
}

void wait_until(bool (*condition)(void *arg), void *arg, const char *what)
{
	time_t end = time(NULL) + 60;

	while (!condition(arg)) {
		if (time(NULL) > end)
			fail_msg("waited in vain until %s", what);
		uv_run(&cluster.loop, UV_RUN_ONCE);
	}
}

struct raft_message message_between(const struct server *from, const struct server *to,
				    uint64_t round)
{
	return (struct raft_message){
		.type = RAFT_HEARTBEAT, .from = from->id, .to = to->id, .term = 1, .round = round,
	};
}

void send_round(struct server *from, struct server *to, uint64_t round)
{
	struct raft_message m = message_between(from, to, round);
	struct error err;

	assert_ok(transport_send(from->t, &m, &err), &err);
}

struct transport_peer_status status_of(const struct server *s, const struct server *peer)
{
	struct transport_peer_status status;

	assert_true(transport_peer_status(s->t, peer->id, &status));
	return status;
}

struct transport_stats stats_of(const struct server *s)
{
	struct transport_stats stats;

	transport_stats(s->t, &stats);
	return stats;
}
