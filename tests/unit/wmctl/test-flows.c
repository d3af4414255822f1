// SPDX-License-Identifier: Apache-2.0
/* Datagrams of many senders at one socket; the test is those senders, and who carries the flows. */
#include "../cmocka.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wmctl/flows.h"

enum { WAIT_MS = 30 * 1000 };

struct world {
	uv_loop_t loop;
	uv_poll_t listener;
	uv_timer_t tick;	/* ends each turn of the loop, and the test when it is too late */
	unsigned int ticks;
	struct flows *flows;
	int socket;
	struct sockaddr_in at;
	int opened[FLOWS_MAX + 2];
	unsigned int count;
};

static void on_tick(uv_timer_t *timer)
{
	struct world *w = timer->data;

	if (++w->ticks > WAIT_MS / 5)
		fail_msg("it took too long");
}

static void on_listener(uv_poll_t *handle, int status, int events)
{
	struct world *w = handle->data;

	flows_take(w->flows);
}

static void on_open(int fd, void *ctx)
{
	struct world *w = ctx;

	assert_true(w->count < sizeof(w->opened) / sizeof(w->opened[0]));
	w->opened[w->count++] = fd;
}

static int sender(const struct world *w)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&w->at, sizeof(w->at)), 0);
	return fd;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	socklen_t len = sizeof(w->at);

	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->tick);
	uv_timer_start(&w->tick, on_tick, 5, 5);
	w->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	w->at = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(w->socket, (struct sockaddr *)&w->at, len), 0);
	assert_int_equal(getsockname(w->socket, (struct sockaddr *)&w->at, &len), 0);
	uv_poll_init(&w->loop, &w->listener, w->socket);
	w->listener.data = w->tick.data = w;
	uv_poll_start(&w->listener, UV_READABLE, on_listener);
	assert_int_equal(flows_new(&w->loop, w->socket, on_open, w, &w->flows, NULL), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	flows_free(w->flows);
	uv_close((uv_handle_t *)&w->listener, NULL);
	uv_close((uv_handle_t *)&w->tick, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	for (unsigned int i = 0; i < w->count; i++)
		if (w->opened[i] >= 0)
			close(w->opened[i]);
	close(w->socket);
	free(w);
	return 0;
}

/* What comes at @fd, while the loop turns. */
static void comes(struct world *w, int fd, const char *wanted)
{
	char text[64];
	ssize_t n;

	while ((n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT)) < 0)
		uv_run(&w->loop, UV_RUN_ONCE);
	text[n] = 0;
	assert_string_equal(text, wanted);
}

static void run_until_opened(struct world *w, unsigned int count)
{
	while (w->count < count)
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

static void each_sender_has_a_flow_and_its_answers(void **state)
{
	struct world *w = *state;
	int a = sender(w), b = sender(w);

	say(a, "from a");
	run_until_opened(w, 1);
	say(b, "from b");
	run_until_opened(w, 2);
	say(a, "from a again");
	say(a, "");
	comes(w, w->opened[0], "from a");
	comes(w, w->opened[0], "from a again");
	comes(w, w->opened[0], "");
	comes(w, w->opened[1], "from b");
	say(w->opened[1], "to b");
	say(w->opened[0], "to a");
	say(w->opened[0], "");
	comes(w, a, "to a");
	comes(w, a, "");
	comes(w, b, "to b");
	assert_int_equal(w->count, 2);
	close(a);
	close(b);
}

static void who_comes_back_after_his_flow_was_closed_has_another(void **state)
{
	struct world *w = *state;
	int a = sender(w);

	say(a, "one");
	run_until_opened(w, 1);
	comes(w, w->opened[0], "one");
	close(w->opened[0]);
	w->opened[0] = -1;
	say(a, "two");
	run_until_opened(w, 2);
	comes(w, w->opened[1], "two");
	close(a);
}

static void flows_have_a_bound_and_those_that_are_there_go_on(void **state)
{
	struct world *w = *state;
	int senders[FLOWS_MAX + 1];

	for (unsigned int i = 0; i < FLOWS_MAX; i++) {
		senders[i] = sender(w);
		say(senders[i], "here");
		run_until_opened(w, i + 1);
	}
	senders[FLOWS_MAX] = sender(w);
	say(senders[FLOWS_MAX], "too many");
	say(senders[0], "still");
	comes(w, w->opened[0], "here");
	comes(w, w->opened[0], "still");
	assert_int_equal(w->count, FLOWS_MAX);
	for (unsigned int i = 0; i <= FLOWS_MAX; i++)
		close(senders[i]);
}

int main(void)
{
#define in_world(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		in_world(each_sender_has_a_flow_and_its_answers),
		in_world(who_comes_back_after_his_flow_was_closed_has_another),
		in_world(flows_have_a_bound_and_those_that_are_there_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
