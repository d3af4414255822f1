// SPDX-License-Identifier: Apache-2.0
/* transport: servers on loopback find, hear and lose each other. */
#include "cluster.h"

#include <stdio.h>
#include <time.h>

#define S(n) (&cluster.servers[n])

enum { MANY = 5000 };

static uint64_t rounds[SERVERS + 1][SERVERS + 1];

static void send_some(struct server *from, struct server *to, uint64_t last)
{
	uint64_t *round = &rounds[from->id][to->id];

	while (*round < last &&
	       status_of(from, to).queued_messages < TRANSPORT_QUEUE_UNCONNECTED / 2)
		send_round(from, to, ++*round);
}

/* Every pair of the first *@arg servers has heard all of MANY from each other. */
static bool all_have_heard_all(void *arg)
{
	int servers = *(int *)arg;
	bool done = true;

	for (int i = 1; i <= servers; i++) {
		for (int j = 1; j <= servers; j++) {
			if (i == j)
				continue;
			send_some(S(i), S(j), MANY);
			done &= S(j)->received[i] == MANY && S(j)->last_round[i] == MANY;
		}
	}
	return done;
}

static void talk_in_order(int servers)
{
	memset(rounds, 0, sizeof(rounds));
	introduce_all();
	WAIT_UNTIL(all_have_heard_all, &servers);
	for (int i = 1; i <= servers; i++) {
		assert_false(S(i)->disorder);
		assert_int_equal(stats_of(S(i)).members, servers - 1);
		assert_int_equal(stats_of(S(i)).refused, 0);
		for (int j = 1; j <= servers; j++) {
			if (i == j)
				continue;
			assert_int_equal(status_of(S(i), S(j)).dropped, 0);
			assert_int_equal(status_of(S(i), S(j)).sent, MANY);
			assert_int_equal(status_of(S(i), S(j)).received, MANY);
			assert_int_equal(status_of(S(i), S(j)).dials, 1);
			assert_true(status_of(S(i), S(j)).heard);
		}
	}
}

static void two_servers_exchange_thousands_in_order(void **state)
{
	talk_in_order(2);
}

static void three_servers_exchange_thousands_in_order(void **state)
{
	talk_in_order(3);
}

static bool has_heard_from_1(void *arg)
{
	return ((struct server *)arg)->received[1] > 0;
}

static struct raft_entry *large_entry;

static void check_large(struct server *s, const struct raft_message *m)
{
	assert_int_equal(m->entry_count, 1);
	assert_int_equal(m->entries[0]->len, large_entry->len);
	assert_memory_equal(m->entries[0]->data, large_entry->data, large_entry->len);
}

static void the_largest_entry_arrives_whole(void **state)
{
	struct raft_message m;
	struct error err;

	introduce_all();
	large_entry = malloc(sizeof(*large_entry) + RAFT_ENTRY_BYTES_MAX);
	*large_entry = (struct raft_entry){
		.index = 1, .term = 1, .refs = 1, .len = RAFT_ENTRY_BYTES_MAX,
	};
	for (size_t i = 0; i < large_entry->len; i++)
		large_entry->data[i] = (uint8_t)(i * 2654435761u >> 13);
	S(2)->on_message = check_large;
	m = message_between(S(1), S(2), 1);
	m.type = RAFT_APPEND;
	m.entries = &large_entry;
	m.entry_count = 1;
	assert_ok(transport_send(S(1)->t, &m, &err), &err);
	WAIT_UNTIL(has_heard_from_1, S(2));
	raft_entry_unref(large_entry);
}

static bool is_down(void *arg)
{
	return S(1)->events[TRANSPORT_PEER_DOWN] > 0;
}

/* As a leader does, whatever becomes of it. */
static bool heartbeats_arrive_again(void *arg)
{
	if (status_of(S(1), S(2)).queued_messages < 10)
		send_round(S(1), S(2), ++rounds[1][2]);
	return S(2)->received[1] > 0;
}

static bool dialled_in_vain(void *arg)
{
	if (status_of(S(1), S(2)).queued_messages < 10)
		send_round(S(1), S(2), ++rounds[1][2]);
	return S(1)->events[TRANSPORT_DIAL_FAILED] >= 3;
}

static void a_restarted_server_is_found_again(void **state)
{
	introduce_all();
	WAIT_UNTIL(heartbeats_arrive_again, NULL);
	for (int i = 0; i < 3; i++) {
		memset(S(1)->events, 0, sizeof(S(1)->events));
		server_close(S(2));
		WAIT_UNTIL(is_down, NULL);
		assert_false(status_of(S(1), S(2)).connected);
		WAIT_UNTIL(dialled_in_vain, NULL);
		S(2)->received[1] = 0;
		server_open(S(2));
		introduce(S(2), S(1));
		WAIT_UNTIL(heartbeats_arrive_again, NULL);
		assert_int_equal(S(1)->events[TRANSPORT_PEER_UP], 1);
	}
	assert_false(S(2)->disorder);
}

static uint64_t loop_ms_of_third_failure;

static bool ten_dials_failed(void *arg)
{
	if (!loop_ms_of_third_failure && S(1)->events[TRANSPORT_DIAL_FAILED] >= 3)
		loop_ms_of_third_failure = uv_now(&cluster.loop);
	return S(1)->events[TRANSPORT_DIAL_FAILED] >= 10;
}

/* From the fifth failure on each pause is at least half of patient.backoff_max. */
static void dialling_in_vain_slows_down(void **state)
{
	server_close(S(2));
	introduce(S(1), S(2));
	loop_ms_of_third_failure = 0;
	send_round(S(1), S(2), 1);
	WAIT_UNTIL(ten_dials_failed, NULL);
	assert_true(uv_now(&cluster.loop) - loop_ms_of_third_failure >=
		    5 * patient.backoff_max / 2);
	assert_int_equal(status_of(S(1), S(2)).queued_messages, 1);
}

static void an_unreachable_peer_costs_a_bounded_queue(void **state)
{
	server_close(S(2));
	introduce(S(1), S(2));
	for (uint64_t i = 1; i <= 10000; i++)
		send_round(S(1), S(2), i);
	assert_int_equal(status_of(S(1), S(2)).queued_messages, TRANSPORT_QUEUE_UNCONNECTED);
	assert_int_equal(status_of(S(1), S(2)).dropped, 10000 - TRANSPORT_QUEUE_UNCONNECTED);
	server_open(S(2));
	introduce(S(2), S(1));
	WAIT_UNTIL(has_heard_from_1, S(2));
	/* The newest ones. */
	assert_true(S(2)->last_round[1] > 10000 - TRANSPORT_QUEUE_UNCONNECTED);
}

static bool is_connected_by(void *arg)
{
	const struct endpoint *endpoint = arg;
	struct transport_peer_status status = status_of(S(1), S(2));

	return status.connected && endpoint_equal(&status.remote, endpoint);
}

static void the_better_endpoint_is_taken_when_it_comes_up(void **state)
{
	struct endpoint both[2] = { S(2)->address, S(2)->address };
	struct error err;

	assert_true(endpoint_parse("127.0.0.2:1", &both[0]));	/* nobody's */
	both[0].port = S(2)->address.port;
	introduce(S(2), S(1));
	assert_ok(transport_set_peer(S(1)->t, 2, "n2", both, 2, &err), &err);
	WAIT_UNTIL(heartbeats_arrive_again, NULL);
	assert_true(is_connected_by(&both[1]));
	assert_ok(transport_listen(S(2)->t, both, 2, &err), &err);
	WAIT_UNTIL(is_connected_by, &both[0]);
	assert_int_equal(S(1)->events[TRANSPORT_PEER_DOWN], 0);
	S(2)->received[1] = 0;
	WAIT_UNTIL(heartbeats_arrive_again, NULL);
	assert_true(is_connected_by(&both[0]));
}

static void a_new_address_of_a_peer_is_used(void **state)
{
	struct endpoint old = S(2)->address;

	introduce(S(2), S(1));
	S(2)->address.port = 1;		/* wrong at first */
	introduce(S(1), S(2));
	WAIT_UNTIL(dialled_in_vain, NULL);
	S(2)->address = old;
	introduce(S(1), S(2));
	WAIT_UNTIL(heartbeats_arrive_again, NULL);
}

static void listening_moves_without_touching_connections(void **state)
{
	struct endpoint second, opened, bad[2];
	struct error err;

	introduce_all();
	WAIT_UNTIL(heartbeats_arrive_again, NULL);
	assert_true(endpoint_parse("127.0.0.3:0", &second));
	assert_ok(transport_listen(S(2)->t, &second, 1, &err), &err);
	assert_true(transport_listening(S(2)->t, 0, &opened));
	assert_true(ip_equal(&opened.ip, &second.ip));
	assert_false(transport_listening(S(2)->t, 1, &opened));
	bad[0] = bad[1] = opened;
	assert_ok(transport_listen(S(2)->t, bad, 2, &err), &err);
	assert_false(transport_listening(S(2)->t, 1, &opened));
	/* One that is taken: the set stays as it was. */
	bad[0] = S(2)->address;
	bad[1] = S(3)->address;
	assert_int_equal(transport_listen(S(2)->t, bad, 2, &err), -ERR_EXISTS);
	assert_true(transport_listening(S(2)->t, 0, &opened));
	assert_true(ip_equal(&opened.ip, &second.ip));
	assert_false(transport_listening(S(2)->t, 1, &opened));
	S(2)->received[1] = 0;
	WAIT_UNTIL(heartbeats_arrive_again, NULL);
	assert_int_equal(S(1)->events[TRANSPORT_PEER_DOWN], 0);
	assert_ok(transport_listen(S(2)->t, &S(2)->address, 1, &err), &err);	/* free again */
}

/* Addresses for documentation: never this host's. */
static void an_address_that_is_not_there_yet_can_be_listened_at(void **state)
{
	struct endpoint four, six, opened;
	struct error err;

	assert_true(endpoint_parse("192.0.2.77:0", &four));
	assert_true(endpoint_parse("[2001:db8::77]:0", &six));
	assert_ok(transport_listen(S(1)->t, &four, 1, &err), &err);
	assert_true(transport_listening(S(1)->t, 0, &opened));
	assert_true(ip_equal(&opened.ip, &four.ip));
	if (transport_listen(S(1)->t, &six, 1, &err) == -ERR_UNSUPPORTED)
		skip();		/* a host without IPv6 */
	assert_true(transport_listening(S(1)->t, 0, &opened));
	assert_true(ip_equal(&opened.ip, &six.ip));
}

static bool no_connection_is_left(void *arg)
{
	return stats_of(S(1)).members == 0 && !status_of(S(3), S(1)).connected;
}

static void a_removed_server_is_cut_off(void **state)
{
	struct raft_message m = message_between(S(1), S(3), 1);
	struct transport_peer_status status;
	struct error err;

	introduce(S(1), S(3));
	introduce(S(3), S(1));
	send_round(S(1), S(3), 1);
	send_round(S(3), S(1), 1);
	WAIT_UNTIL(has_heard_from_1, S(3));
	transport_remove_peer(S(1)->t, 3);
	transport_remove_peer(S(1)->t, 3);
	assert_false(transport_peer_status(S(1)->t, 3, &status));
	assert_int_equal(transport_send(S(1)->t, &m, &err), -ERR_NOT_FOUND);
	WAIT_UNTIL(no_connection_is_left, NULL);
	assert_int_equal(S(1)->events[TRANSPORT_PEER_DOWN], 0);		/* its own doing */
	assert_true(S(3)->events[TRANSPORT_PEER_DOWN] > 0);
}

static bool was_refused(void *arg)
{
	struct server *s = arg;

	return s->events[TRANSPORT_REFUSED] > 0;
}

static bool nobody_is_heard(void *arg)
{
	return stats_of(S(1)).members == 0;
}

static bool came_back_in_vain(void *arg)
{
	if (status_of(S(3), S(1)).queued_messages < 10)
		send_round(S(3), S(1), 2);
	return was_refused(S(1));
}

static void a_server_that_becomes_another_node_starts_anew(void **state)
{
	struct endpoint nowhere;
	struct error err;

	introduce(S(1), S(3));
	introduce(S(3), S(1));
	send_round(S(1), S(3), 1);
	send_round(S(3), S(1), 1);
	WAIT_UNTIL(has_heard_from_1, S(3));
	assert_true(endpoint_parse("127.0.0.1:1", &nowhere));
	assert_ok(transport_set_peer(S(1)->t, 3, "n2", &nowhere, 1, &err), &err);
	assert_false(status_of(S(1), S(3)).connected);
	WAIT_UNTIL(nobody_is_heard, NULL);
	WAIT_UNTIL(came_back_in_vain, NULL);
	assert_true(S(1)->received[3] <= 1);
}

static void a_node_that_is_no_member_is_refused(void **state)
{
	introduce(S(1), S(2));
	introduce(S(3), S(1));	/* but 1 does not know 3 */
	send_round(S(3), S(1), 1);
	WAIT_UNTIL(was_refused, S(1));
	assert_non_null(strstr(S(1)->reasons[TRANSPORT_REFUSED],
			       "wgmesh://m1/node/n3 is no member"));
	assert_int_equal(S(1)->received[3], 0);
}

static void use_foreign_identity(struct server *s, const char *mesh)
{
	struct ca *foreign = fixture_ca(mesh, time(NULL));
	struct identity id = fixture_node(foreign, s->node_id, time(NULL), DAY);
	struct error err;

	assert_ok(transport_set_identity(s->t, &id, &err), &err);
	identity_fini(&id);
	ca_free(foreign);
}

static bool dial_failed(void *arg)
{
	return ((struct server *)arg)->events[TRANSPORT_DIAL_FAILED] > 0;
}

static void a_foreign_ca_is_refused_on_both_sides(void **state)
{
	introduce_all();
	use_foreign_identity(S(2), "m1");
	send_round(S(2), S(1), 1);	/* the stranger comes to us */
	WAIT_UNTIL(was_refused, S(1));
	WAIT_UNTIL(dial_failed, S(2));
	send_round(S(1), S(2), 1);	/* and we to it */
	WAIT_UNTIL(dial_failed, S(1));
	assert_non_null(strstr(S(1)->reasons[TRANSPORT_DIAL_FAILED], "not acceptable"));
	assert_int_equal(S(1)->received[2], 0);
	assert_int_equal(S(2)->received[1], 0);
	assert_int_equal(S(1)->events[TRANSPORT_PEER_UP], 0);
}

static void another_node_at_the_address_gets_nothing(void **state)
{
	struct error err;

	introduce(S(3), S(1));
	assert_ok(transport_set_peer(S(1)->t, 2, "n2", &S(3)->address, 1, &err), &err);
	send_round(S(1), S(2), 1);
	WAIT_UNTIL(dial_failed, S(1));
	assert_non_null(strstr(S(1)->reasons[TRANSPORT_DIAL_FAILED],
			       "n3 answers there, not node n2"));
	assert_int_equal(status_of(S(1), S(2)).sent, 0);
	assert_int_equal(S(3)->received[1], 0);
}

static void a_new_identity_serves_new_connections_only(void **state)
{
	introduce_all();
	WAIT_UNTIL(heartbeats_arrive_again, NULL);
	use_foreign_identity(S(1), "m1");
	S(2)->received[1] = 0;
	WAIT_UNTIL(heartbeats_arrive_again, NULL);	/* the old connection */
	assert_int_equal(S(1)->events[TRANSPORT_PEER_DOWN], 0);
	send_round(S(1), S(3), 1);			/* a new one */
	WAIT_UNTIL(was_refused, S(3));
	assert_int_equal(S(3)->received[1], 0);
}

static void what_cannot_be_a_peer_is_refused(void **state)
{
	struct endpoint many[TRANSPORT_ENDPOINTS_MAX + 1] = { { .port = 0 } };
	struct raft_message m;
	struct error err;
	char node_id[16];

	assert_int_equal(transport_set_peer(S(1)->t, 1, "n1", NULL, 0, &err), -ERR_INVALID);
	assert_int_equal(transport_set_peer(S(1)->t, 0, "n2", NULL, 0, &err), -ERR_INVALID);
	assert_int_equal(transport_set_peer(S(1)->t, 2, "N 2", NULL, 0, &err), -ERR_INVALID);
	assert_int_equal(transport_set_peer(S(1)->t, 2, "n2", many, TRANSPORT_ENDPOINTS_MAX + 1,
					    &err), -ERR_EXHAUSTED);
	for (uint64_t i = 2; i < 2 + TRANSPORT_PEERS_MAX; i++) {
		snprintf(node_id, sizeof(node_id), "n%d", (int)i);
		assert_ok(transport_set_peer(S(1)->t, i, node_id, NULL, 0, &err), &err);
	}
	m = message_between(S(3), S(2), 1);
	assert_int_equal(transport_send(S(1)->t, &m, &err), -ERR_INVALID);
	assert_int_equal(transport_set_peer(S(1)->t, 99, "n99", NULL, 0, &err), -ERR_EXHAUSTED);
	assert_int_equal(transport_set_peer(S(1)->t, 3, "n2", NULL, 0, &err), -ERR_EXISTS);
	send_round(S(1), S(2), 1);	/* nowhere to go: it waits */
	assert_int_equal(status_of(S(1), S(2)).queued_messages, 1);
}

static void close_inside(struct server *s, const struct raft_message *m)
{
	s->on_message = NULL;
	transport_remove_peer(s->t, m->from);
	transport_free(s->t, NULL, NULL);
	s->t = NULL;
}

static bool is_gone(void *arg)
{
	return !S(2)->t;
}

static void a_callback_may_end_it_all(void **state)
{
	introduce_all();
	S(2)->on_message = close_inside;
	for (uint64_t i = 1; i <= 50; i++)
		send_round(S(1), S(2), i);
	WAIT_UNTIL(is_gone, NULL);
	assert_int_equal(S(2)->received[1], 1);
	WAIT_UNTIL(is_down, NULL);
}

#define with_cluster(test) cmocka_unit_test_setup_teardown(test, cluster_start, cluster_stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_cluster(two_servers_exchange_thousands_in_order),
		with_cluster(three_servers_exchange_thousands_in_order),
		with_cluster(the_largest_entry_arrives_whole),
		with_cluster(a_restarted_server_is_found_again),
		with_cluster(dialling_in_vain_slows_down),
		with_cluster(an_unreachable_peer_costs_a_bounded_queue),
		with_cluster(the_better_endpoint_is_taken_when_it_comes_up),
		with_cluster(a_new_address_of_a_peer_is_used),
		with_cluster(listening_moves_without_touching_connections),
		with_cluster(an_address_that_is_not_there_yet_can_be_listened_at),
		with_cluster(a_removed_server_is_cut_off),
		with_cluster(a_server_that_becomes_another_node_starts_anew),
		with_cluster(a_node_that_is_no_member_is_refused),
		with_cluster(a_foreign_ca_is_refused_on_both_sides),
		with_cluster(another_node_at_the_address_gets_nothing),
		with_cluster(a_new_identity_serves_new_connections_only),
		with_cluster(what_cannot_be_a_peer_is_refused),
		with_cluster(a_callback_may_end_it_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
