// SPDX-License-Identifier: Apache-2.0
/* http: who stays too long goes, and who came last has room. */
#include "../cmocka.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/connections.h"

struct world {
	struct connections c;
	int ours[HTTP_CONNECTIONS_MAX], theirs[HTTP_CONNECTIONS_MAX];
};

static void connect_at(struct world *w, int i, uint64_t now)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	w->ours[i] = pair[0];
	w->theirs[i] = pair[1];
	connections_add(&w->c, pair[0], now, 1000);
}

static bool is_hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void leave(struct world *w, int i)
{
	connections_remove(&w->c, w->ours[i]);
	close(w->ours[i]);
	close(w->theirs[i]);
}

static void a_connection_has_its_time_and_no_more(void **state)
{
	struct world w = { 0 };

	(void)state;
	assert_int_equal(connections_sweep(&w.c, 0), -1);
	connect_at(&w, 0, 100);
	connect_at(&w, 1, 600);
	assert_int_equal(connections_sweep(&w.c, 700), 400);
	assert_false(is_hung_up(w.theirs[0]));
	assert_int_equal(connections_sweep(&w.c, 1100), 500);
	assert_true(is_hung_up(w.theirs[0]));
	assert_false(is_hung_up(w.theirs[1]));
	leave(&w, 0);
	assert_int_equal(connections_sweep(&w.c, 1600), -1);
	assert_true(is_hung_up(w.theirs[1]));
	leave(&w, 1);
	assert_int_equal(w.c.count, 0);
}

static void the_oldest_make_room_for_the_newest(void **state)
{
	struct world w = { 0 };
	int gone = 0;

	(void)state;
	for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		connect_at(&w, i, (uint64_t)i);
	while (gone < HTTP_CONNECTIONS_MAX && is_hung_up(w.theirs[gone]))
		gone++;
	assert_int_equal(gone, HTTP_CONNECTIONS_MAX - (HTTP_CONNECTIONS_MAX - HTTP_STREAMS_MAX) * 3 / 4);
	for (int i = gone; i < HTTP_CONNECTIONS_MAX; i++)
		assert_false(is_hung_up(w.theirs[i]));
	for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		leave(&w, i);
	assert_int_equal(w.c.count, 0);
}

static void a_stream_has_more_time_and_makes_no_room(void **state)
{
	struct world w = { 0 };

	(void)state;
	connect_at(&w, 0, 0);
	connections_keep(&w.c, w.ours[0], 60000);
	for (int i = 1; i < HTTP_CONNECTIONS_MAX; i++)
		connect_at(&w, i, 1);
	assert_int_equal(connections_sweep(&w.c, 2000), 58000);
	assert_false(is_hung_up(w.theirs[0]));
	for (int i = 1; i < HTTP_CONNECTIONS_MAX; i++)
		assert_true(is_hung_up(w.theirs[i]));
	assert_int_equal(connections_sweep(&w.c, 60000), -1);
	assert_true(is_hung_up(w.theirs[0]));
	for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		leave(&w, i);
}

static void more_than_there_is_room_for_are_hung_up_on(void **state)
{
	struct world w = { 0 };
	int pair[2];

	(void)state;
	for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		connect_at(&w, i, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	connections_add(&w.c, pair[0], 1, 1000);
	assert_true(is_hung_up(pair[1]));
	connections_remove(&w.c, pair[0]);
	assert_int_equal(w.c.count, HTTP_CONNECTIONS_MAX);
	close(pair[0]);
	close(pair[1]);
	for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		leave(&w, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_has_its_time_and_no_more),
		cmocka_unit_test(the_oldest_make_room_for_the_newest),
		cmocka_unit_test(a_stream_has_more_time_and_makes_no_room),
		cmocka_unit_test(more_than_there_is_room_for_are_hung_up_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
