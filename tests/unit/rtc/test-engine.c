// SPDX-License-Identifier: Apache-2.0
/* What the engine does before anybody answers; the rest needs a peer: tests/peers/werift. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../cmocka.h"
#include "rtc/engine.h"

enum { DEADLINE_S = 60, EVENTS = 4096 };

struct world {
	struct engine *engine;
	int wakeup;
	struct engine_event events[EVENTS];
	size_t count;
};

static const struct channel_service service = { .at = { { AF_INET, { 127, 0, 0, 1 } }, 9 } };

static void notify(void *user)
{
	struct world *w = user;

	eventfd_write(w->wakeup, 1);
}

static void set_up(struct world *w, struct engine_config config)
{
	w->count = 0;
	w->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	config.notify = notify;
	config.user = w;
	assert_int_equal(engine_new(&config, &w->engine, NULL), 0);
}

static void tear_down(struct world *w)
{
	engine_free(w->engine);
	for (size_t i = 0; i < w->count; i++)
		free(w->events[i].text);
	close(w->wakeup);
}

static uint64_t must_open(struct world *w)
{
	uint64_t session = 0;

	assert_int_equal(engine_open(w->engine, &service, NULL, &session, NULL), 0);
	return session;
}

static const struct engine_event *find(struct world *w, uint64_t session, enum engine_event_kind kind)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->events[i].session == session && w->events[i].kind == kind)
			return &w->events[i];
	}
	return NULL;
}

static const struct engine_event *await(struct world *w, uint64_t session,
					enum engine_event_kind kind)
{
	struct pollfd fd = { .fd = w->wakeup, .events = POLLIN };
	time_t end = time(NULL) + DEADLINE_S;
	eventfd_t n;

	while (!find(w, session, kind)) {
		assert_true(time(NULL) < end);
		poll(&fd, 1, 1000);
		eventfd_read(w->wakeup, &n);
		while (w->count < EVENTS && engine_next(w->engine, &w->events[w->count]))
			w->count++;
	}
	return find(w, session, kind);
}

static void await_empty(struct world *w)
{
	time_t end = time(NULL) + DEADLINE_S;

	while (engine_counts(w->engine).sessions) {
		assert_true(time(NULL) < end);
		poll(NULL, 0, 1);
	}
	assert_int_equal(engine_counts(w->engine).connections, 0);
}

static bool tells(const struct world *w, uint64_t session, const char *address)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->events[i].session == session && w->events[i].kind == ENGINE_CANDIDATE &&
		    strstr(w->events[i].text, address))
			return true;
	}
	return false;
}

static void the_offer_comes_first(void **state)
{
	static struct world w;
	uint64_t session;

	set_up(&w, (struct engine_config){ .ice.loopback = true });
	session = must_open(&w);
	await(&w, session, ENGINE_CANDIDATE);
	assert_int_equal(w.events[0].kind, ENGINE_DESCRIPTION);
	assert_non_null(strstr(w.events[0].text, "a=setup:actpass"));
	assert_null(strstr(w.events[0].text, "a=candidate"));
	tear_down(&w);
}

static void addresses_of_excluded_interfaces_are_not_told(void **state)
{
	static struct world w;
	uint64_t with, fence;

	set_up(&w, (struct engine_config){ .ice.loopback = true });
	with = must_open(&w);
	fence = must_open(&w);
	await(&w, fence, ENGINE_DESCRIPTION);		/* all of the first session is told by then */
	assert_true(tells(&w, with, " 127.0.0.1 "));
	tear_down(&w);

	set_up(&w, (struct engine_config){ .ice = { .loopback = true, .exclude = { "lo" } } });
	with = must_open(&w);
	fence = must_open(&w);
	engine_close(w.engine, fence);
	engine_close(w.engine, with);
	await_empty(&w);
	while (w.count < EVENTS && engine_next(w.engine, &w.events[w.count]))
		w.count++;
	assert_false(tells(&w, with, " 127.0.0.1 "));
	tear_down(&w);
}

static void sessions_have_a_bound_and_leave_nothing(void **state)
{
	static struct world w;
	uint64_t sessions[8], session;

	set_up(&w, (struct engine_config){ .ice.loopback = true, .sessions_max = 8 });
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 8; i++)
			sessions[i] = must_open(&w);
		assert_int_equal(engine_open(w.engine, &service, NULL, &session, NULL),
				 -ERR_EXHAUSTED);
		for (int i = 0; i < 8; i++)
			engine_close(w.engine, sessions[i]);
		await_empty(&w);
	}
	tear_down(&w);
}

static void who_does_not_answer_is_given_up(void **state)
{
	static struct world w;
	uint64_t session;

	set_up(&w, (struct engine_config){ .ice.loopback = true, .answer_ms = 50 });
	session = must_open(&w);
	assert_int_equal(await(&w, session, ENGINE_ENDED)->error.kind, ERR_DEADLINE);
	await_empty(&w);
	tear_down(&w);
}

static void what_cannot_be_an_answer_is_refused_at_once(void **state)
{
	static struct world w;
	uint64_t session;

	set_up(&w, (struct engine_config){ .ice.loopback = true });
	session = must_open(&w);
	assert_int_equal(engine_answer(w.engine, session, "{}", NULL), -ERR_INVALID);
	assert_int_equal(engine_candidate(w.engine, session, "candidate:", NULL), -ERR_INVALID);
	assert_int_equal(engine_candidate(w.engine, session,
					  "candidate:1 1 udp 1 a.local 9 typ host", NULL), 0);
	/* To one that is not there nothing is said. */
	assert_int_equal(engine_candidate(w.engine, session + 1,
					  "candidate:1 1 udp 1 192.0.2.1 9 typ host", NULL), 0);
	engine_close(w.engine, session + 1);
	tear_down(&w);
}

static void a_process_has_one_engine_at_a_time(void **state)
{
	static struct world w;
	struct engine_config config = { .notify = notify, .user = &w };
	struct engine *second;

	set_up(&w, (struct engine_config){ .ice.loopback = true });
	assert_int_equal(engine_new(&config, &second, NULL), -ERR_PRECONDITION);
	tear_down(&w);
	set_up(&w, (struct engine_config){ .ice.loopback = true });
	tear_down(&w);
}

static void a_sound_offer(char out[1024])
{
	snprintf(out, 1024,
		 "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\no=- 1 1 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n"
		 "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\\r\\nc=IN IP4 0.0.0.0\\r\\n"
		 "a=mid:data\\r\\na=ice-ufrag:abcd\\r\\na=ice-pwd:abcdefghijklmnopqrstuvwx\\r\\n"
		 "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
		 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\\r\\na=setup:actpass\\r\\n"
		 "a=sctp-port:5000\\r\\n\"}");
}

static void an_offer_is_answered_and_what_is_none_refused(void **state)
{
	static const char *const wrong[] = { "", "{}", "{\"type\":\"answer\",\"sdp\":\"v=0\"}",
					     "{\"type\":\"offer\",\"sdp\":\"v=0\"}" };
	static struct world w;
	char offer[1024];
	uint64_t session;

	set_up(&w, (struct engine_config){ .ice.loopback = true });
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(engine_reach(w.engine, wrong[i], false, NULL, &session, NULL),
				 -ERR_INVALID);
	assert_int_equal(engine_counts(w.engine).sessions, 0);
	a_sound_offer(offer);
	assert_int_equal(engine_reach(w.engine, offer, false, NULL, &session, NULL), 0);
	await(&w, session, ENGINE_CANDIDATE);
	assert_int_equal(w.events[0].kind, ENGINE_DESCRIPTION);
	assert_non_null(strstr(w.events[0].text, "\"answer\""));
	assert_non_null(strstr(w.events[0].text, "a=setup:active"));
	assert_non_null(strstr(w.events[0].text, "a=mid:data"));
	engine_close(w.engine, session);
	await_empty(&w);
	tear_down(&w);
}

/* Until the other end is closed. */
static void await_closed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	assert_int_equal(poll(&p, 1, DEADLINE_S * 1000), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
}

static void a_socket_that_has_no_session_is_closed(void **state)
{
	static struct world w;
	uint64_t session;
	int ends[2];

	set_up(&w, (struct engine_config){ .ice.loopback = true });
	session = must_open(&w);
	for (uint64_t to = session; to <= session + 1; to++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		engine_connect(w.engine, to, ends[0]);
		await_closed(ends[1]);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	engine_connect(w.engine, session, ends[0]);
	tear_down(&w);	/* which may come before it is taken */
	await_closed(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_offer_comes_first),
		cmocka_unit_test(addresses_of_excluded_interfaces_are_not_told),
		cmocka_unit_test(sessions_have_a_bound_and_leave_nothing),
		cmocka_unit_test(who_does_not_answer_is_given_up),
		cmocka_unit_test(what_cannot_be_an_answer_is_refused_at_once),
		cmocka_unit_test(a_process_has_one_engine_at_a_time),
		cmocka_unit_test(an_offer_is_answered_and_what_is_none_refused),
		cmocka_unit_test(a_socket_that_has_no_session_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
