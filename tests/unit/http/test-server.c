// SPDX-License-Identifier: Apache-2.0
/* http: what is asked for is served, and what is sent besides costs no more than it may. */
#include "../cmocka.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/server.h"

enum { LONG = 1 << 20, PATIENCE_MS = 30000 };

static atomic_int makes;
static atomic_bool failing;

static int make_short(void *data, struct buf *ret, struct error *err)
{
	makes++;
	if (failing)
		return error_set(err, ERR_UNAVAILABLE, "there is nothing to tell");
	buf_append_text(ret, data);
	return 0;
}

static int make_long(void *data, struct buf *ret, struct error *err)
{
	for (int i = 0; i < LONG; i++)
		buf_append_u8(ret, (uint8_t)('a' + i % 26));
	return 0;
}

static int make_too_much(void *data, struct buf *ret, struct error *err)
{
	static const char block[4096];

	while (buf_append(ret, block, sizeof(block)))
		;
	return 0;
}

static const struct http_page pages[] = {
	{ .path = "/short", .type = "text/plain", .make = make_short },
	{ .path = "/long", .type = "text/plain", .make = make_long },
	{ .path = "/too-much", .type = "text/plain", .make = make_too_much },
	{ .path = "/", .type = "text/html", .body = (const unsigned char *)"<p>", .length = 3 },
};

/* Events are numbers, of which there are so many. */
static atomic_ulong events;

static void read_events(void *data, uint64_t *cursor, struct buf *ret)
{
	while (*cursor < events) {
		++*cursor;
		buf_printf(ret, "id: %lu\ndata: event %lu\n\n", (unsigned long)*cursor,
			   (unsigned long)*cursor);
	}
}

static const struct http_stream stream = { "/events", read_events };
static const struct http_site site = { .pages = pages, .page_count = 4, .stream = &stream,
				       .data = (void *)"hello\n" };

static struct http_server *start(unsigned int seconds)
{
	struct http_config config = { .sites = { site }, .site_count = 1, .seconds_max = seconds };
	struct http_server *server;
	struct error err;

	makes = 0;
	failing = false;
	assert_true(endpoint_parse("127.0.0.1:0", &config.address));
	assert_int_equal(http_server_start(&config, &server, &err), 0);
	return server;
}

static int dial(const struct http_server *server)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(http_server_port(server)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/*
 * What comes until the other side closes, or there is a last word (NULL: none is), or the patience
 * ends.
 */
static size_t read_until(int fd, const char *last, char *out, size_t cap)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	*out = 0;
	while (len < cap - 1 && !(last && strstr(out, last)) && poll(&p, 1, PATIENCE_MS) == 1) {
		n = recv(fd, out + len, cap - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		out[len] = 0;
	}
	return len;
}

static char *exchange(const struct http_server *server, const char *request)
{
	static char answer[2 * LONG];
	int fd = dial(server);

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	read_until(fd, NULL, answer, sizeof(answer));
	close(fd);
	return answer;
}

static void assert_status(const struct http_server *server, const char *request, int status)
{
	char *answer = exchange(server, request);
	int got = 0;

	if (sscanf(answer, "HTTP/1.1 %d ", &got) != 1 || got != status)
		fail_msg("%.60s: wanted %d, got %.60s", request, status, answer);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void a_page_is_served_with_its_type_and_the_connection_ends(void **state)
{
	struct http_server *server = start(0);
	const char *answer = exchange(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n");

	(void)state;
	assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(answer, "\r\n\r\nhello\n"));
	answer = exchange(server, "HEAD /short HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
	assert_null(strstr(answer, "hello"));
	answer = exchange(server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n<p>");
	answer = exchange(server, "GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_int_equal(strlen(strstr(answer, "\r\n\r\n") + 4), LONG);
	http_server_stop(server);
}

static void a_page_is_made_at_most_once_a_second(void **state)
{
	struct http_server *server = start(0);
	uint64_t began = now_ms(), seconds;

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_status(server, "GET /short HTTP/1.1\r\nHost: [::1]:1\r\n\r\n", 200);
	seconds = (now_ms() - began) / HTTP_FRESH_MS + 1;
	assert_in_range(makes, 1, seconds + 1);
	assert_true(makes < 50);
	http_server_stop(server);
}

static void what_cannot_be_made_is_told_and_tried_again(void **state)
{
	struct http_server *server = start(0);
	uint64_t deadline = now_ms() + PATIENCE_MS;
	const char *answer;

	(void)state;
	failing = true;
	answer = exchange(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_non_null(strstr(answer, "HTTP/1.1 503 "));
	assert_non_null(strstr(answer, "there is nothing to tell"));
	failing = false;
	do
		answer = exchange(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n");
	while (!strstr(answer, "hello") && now_ms() < deadline);
	assert_non_null(strstr(answer, "hello"));
	assert_status(server, "GET /too-much HTTP/1.1\r\nHost: localhost\r\n\r\n", 503);
	http_server_stop(server);
}

static void other_requests_are_refused(void **state)
{
	struct http_server *server = start(0);

	(void)state;
	assert_status(server, "POST /short HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 403);
	assert_status(server, "POST /short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
		      405);
	assert_status(server, "DELETE /short HTTP/1.1\r\nHost: localhost\r\n\r\n", 405);
	assert_status(server, "GET /short/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 404);
	assert_status(server, "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", 404);
	assert_status(server, "GET /../short HTTP/1.1\r\nHost: localhost\r\n\r\n", 404);
	assert_status(server, "GET /short HTTP/1.1\r\nHost: localhost:8444\r\n\r\n", 200);
	assert_status(server, "GET /short HTTP/1.1\r\nHost: 127.0.0.1:8444\r\n\r\n", 200);
	assert_in_range(makes, 1, 2);	/* for the two that were served */
	http_server_stop(server);
}

/* A name of the internet may lead a browser here. */
static void a_request_for_another_host_is_refused(void **state)
{
	static const char *const hosts[] = { "example.org", "localhost.example.org", "192.0.2.1",
					     "127.0.0.1.example.org", "[::2]", "[::1", "[fe80::1]:80",
					     "0.0.0.0", "" };
	struct http_server *server = start(0);
	char request[256];

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(request, sizeof(request), "GET /short HTTP/1.1\r\nHost: %s\r\n\r\n",
			 hosts[i]);
		if (strcmp(hosts[i], "[::1") != 0)
			assert_status(server, request, 403);
	}
	assert_int_equal(makes, 0);
	http_server_stop(server);
}

static void a_head_that_is_too_long_is_refused(void **state)
{
	struct http_server *server = start(0);
	char *request = malloc(4 * HTTP_REQUEST_MAX);
	int len = snprintf(request, 4 * HTTP_REQUEST_MAX, "GET /short HTTP/1.1\r\nHost: localhost\r\nX: ");

	(void)state;
	memset(request + len, 'x', 3 * HTTP_REQUEST_MAX);
	strcpy(request + len + 3 * HTTP_REQUEST_MAX, "\r\n\r\n");
	assert_null(strstr(exchange(server, request), "hello"));
	assert_int_equal(makes, 0);
	assert_status(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n", 200);
	free(request);
	http_server_stop(server);
}

/* One byte now and then keeps most servers' timeouts from coming. */
static void a_request_that_drips_is_hung_up_on_in_time(void **state)
{
	static const char drip[] = "GET /short HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct http_server *server = start(2);
	struct pollfd p = { .events = POLLIN };
	uint64_t began = now_ms();
	size_t sent = 0;

	(void)state;
	p.fd = dial(server);
	while (poll(&p, 1, 100) == 0 && now_ms() - began < PATIENCE_MS) {
		char c = sent < sizeof(drip) - 1 ? drip[sent] : 'a';

		if (send(p.fd, &c, 1, MSG_NOSIGNAL) == 1)
			sent++;
	}
	assert_in_range(now_ms() - began, 1500, PATIENCE_MS - 1);
	assert_true(sent > 5);
	assert_int_equal(makes, 0);
	close(p.fd);
	http_server_stop(server);
}

static void who_does_not_read_holds_up_nobody(void **state)
{
	static const char request[] = "GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct http_server *server = start(0);
	int fds[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		fds[i] = dial(server);
		assert_int_equal(send(fds[i], request, strlen(request), MSG_NOSIGNAL),
				 strlen(request));
	}
	assert_status(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n", 200);
	http_server_stop(server);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
}

static void a_crowd_that_says_nothing_keeps_nobody_out(void **state)
{
	enum { CROWD = 60 };
	struct http_server *server = start(0);
	uint64_t began = now_ms();
	int fds[CROWD];

	(void)state;
	for (int i = 0; i < CROWD; i++)
		fds[i] = dial(server);
	assert_status(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n", 200);
	/* Not when the crowd's time was over. */
	assert_true(now_ms() - began < HTTP_SECONDS_MAX * 1000);
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
	http_server_stop(server);
}

static void it_is_for_the_loopback_alone(void **state)
{
	static const char *const others[] = { "0.0.0.0:0", "192.0.2.1:0", "[::]:0", "[2001:db8::1]:0" };
	struct http_config config = { .sites = { site }, .site_count = 1 };
	struct http_server *server = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_true(endpoint_parse(others[i], &config.address));
		assert_int_equal(http_server_start(&config, &server, &err), -ERR_INVALID);
	}
	assert_null(server);
}

static void a_port_that_is_taken_is_told(void **state)
{
	struct http_server *server = start(0), *second = NULL;
	struct http_config config = { .sites = { site }, .site_count = 1 };
	struct error err;

	(void)state;
	assert_true(endpoint_parse("127.0.0.1:0", &config.address));
	config.address.port = http_server_port(server);
	assert_int_equal(http_server_start(&config, &second, &err), -ERR_EXISTS);
	assert_non_null(strstr(err.text, "127.0.0.1:"));
	http_server_stop(server);
	assert_int_equal(http_server_start(&config, &second, &err), 0);
	http_server_stop(second);
	http_server_stop(NULL);
}

/* ---- streams ---- */

static int listen_to(const struct http_server *server, const char *more)
{
	char request[256];
	int fd = dial(server), len = snprintf(request, sizeof(request),
				"GET /events HTTP/1.1\r\nHost: localhost\r\n%s\r\n", more);

	assert_int_equal(send(fd, request, (size_t)len, MSG_NOSIGNAL), len);
	return fd;
}

static void assert_hears(int fd, const char *word)
{
	static char heard[1 << 19];

	read_until(fd, word, heard, sizeof(heard));
	if (!strstr(heard, word))
		fail_msg("%s is not in %s", word, heard);
}

static void events_come_when_they_happen_and_only_those_that_are_new(void **state)
{
	static char heard[4096];
	struct http_server *server;
	int fd, again;

	(void)state;
	events = 2;
	server = start(0);
	fd = listen_to(server, "");
	read_until(fd, "event 2", heard, sizeof(heard));
	assert_non_null(strstr(heard, "\r\nContent-Type: text/event-stream\r\n"));
	assert_non_null(strstr(heard, "data: event 1\n"));
	events = 3;
	http_server_notify(server);
	assert_hears(fd, "event 3");
	again = listen_to(server, "Last-Event-ID: 2\r\n");
	read_until(again, "event 3", heard, sizeof(heard));
	assert_null(strstr(heard, "event 2"));
	close(fd);
	close(again);
	http_server_stop(server);
}

/* The library's timeout and the server's are for those who ask for a page. */
static void who_listens_stays_longer_than_who_asks_and_hears_that_somebody_is_there(void **state)
{
	struct http_server *server = start(1);
	uint64_t began = now_ms();
	int fd = listen_to(server, "Last-Event-ID: 3\r\n");

	(void)state;
	assert_hears(fd, ":\n\n");
	assert_hears(fd, ":\n\n");
	assert_true(now_ms() - began > HTTP_BEAT_MS);
	began = now_ms();
	events = 4;
	http_server_notify(server);
	assert_hears(fd, "event 4");
	assert_true(now_ms() - began < HTTP_BEAT_MS - 1000);	/* not with the next beat */
	http_server_stop(server);	/* with somebody who listens */
	close(fd);
}

static void of_too_many_streams_the_oldest_ends_in_order(void **state)
{
	struct http_server *server = start(0);
	int fds[HTTP_STREAMS_MAX + 1];
	char heard[4096];

	(void)state;
	events = 1;
	for (int i = 0; i < HTTP_STREAMS_MAX + 1; i++) {
		fds[i] = listen_to(server, "");
		assert_hears(fds[i], "event 1");
	}
	read_until(fds[0], NULL, heard, sizeof(heard));
	assert_string_equal(heard, "0\r\n\r\n");
	assert_status(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n", 200);
	events = 2;
	http_server_notify(server);
	for (int i = 1; i < HTTP_STREAMS_MAX + 1; i++)
		assert_hears(fds[i], "event 2");
	for (int i = 0; i < HTTP_STREAMS_MAX + 1; i++)
		close(fds[i]);
	http_server_stop(server);
}

static void who_hears_nothing_of_a_stream_keeps_nobody_else_waiting(void **state)
{
	struct http_server *server = start(1);
	int deaf, fd;

	(void)state;
	events = 0;
	deaf = listen_to(server, "");
	assert_hears(deaf, "retry");
	fd = listen_to(server, "");
	events = 5000;		/* more than a socket takes, and less than HTTP_STREAM_BYTES_MAX */
	http_server_notify(server);
	assert_hears(fd, "event 5000");
	close(fd);
	close(deaf);
	http_server_stop(server);
}

static void a_page_of_another_site_is_refused(void **state)
{
	struct http_server *server = start(0);

	(void)state;
	assert_status(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n"
		      "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\r\n", 403);
	assert_status(server, "GET /events HTTP/1.1\r\nHost: localhost\r\n"
		      "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n\r\n", 403);
	assert_status(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n"
		      "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\r\n", 200);
	assert_status(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n"
		      "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n\r\n", 200);
	assert_non_null(strstr(exchange(server, "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n"),
			       "\r\nContent-Security-Policy: default-src 'none'; "));
	http_server_stop(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_served_with_its_type_and_the_connection_ends),
		cmocka_unit_test(a_page_is_made_at_most_once_a_second),
		cmocka_unit_test(what_cannot_be_made_is_told_and_tried_again),
		cmocka_unit_test(other_requests_are_refused),
		cmocka_unit_test(a_request_for_another_host_is_refused),
		cmocka_unit_test(a_head_that_is_too_long_is_refused),
		cmocka_unit_test(a_request_that_drips_is_hung_up_on_in_time),
		cmocka_unit_test(who_does_not_read_holds_up_nobody),
		cmocka_unit_test(a_crowd_that_says_nothing_keeps_nobody_out),
		cmocka_unit_test(it_is_for_the_loopback_alone),
		cmocka_unit_test(a_port_that_is_taken_is_told),
		cmocka_unit_test(events_come_when_they_happen_and_only_those_that_are_new),
		cmocka_unit_test(who_listens_stays_longer_than_who_asks_and_hears_that_somebody_is_there),
		cmocka_unit_test(of_too_many_streams_the_oldest_ends_in_order),
		cmocka_unit_test(who_hears_nothing_of_a_stream_keeps_nobody_else_waiting),
		cmocka_unit_test(a_page_of_another_site_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
