// SPDX-License-Identifier: Apache-2.0
/* web: pages, streams and who may have them; the node that is asked is none, or not there. */
#include "../cmocka.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "crypto/ca.h"
#include "rpc/channel.h"
#include "web/client.h"
#include "web/gateway.h"

enum { PATIENCE_S = 30, SILENCE_S = 10, ANSWER_MAX = 64 * 1024, LONG = 1 << 20 };

static atomic_int makes;
static _Atomic uint64_t events;

static int make_short(void *data, struct buf *ret, struct error *err)
{
	makes++;
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

static int make_none(void *data, struct buf *ret, struct error *err)
{
	return error_set(err, ERR_UNAVAILABLE, "there is nothing to tell");
}

static void read_events(void *data, uint64_t *cursor, struct buf *ret)
{
	while (*cursor < events)
		buf_printf(ret, "id: %lu\ndata: x\n\n", (unsigned long)++*cursor);
}

static const struct http_page pages[] = {
	{ .path = "/short", .type = "text/plain", .make = make_short },
	{ .path = "/long", .type = "text/plain", .make = make_long },
	{ .path = "/too-much", .type = "text/plain", .make = make_too_much },
	{ .path = "/none", .type = "text/plain", .make = make_none },
};
static const struct http_stream stream = { "/events", read_events };

/* ---- the gateway, on a thread ---- */

struct world {
	uv_loop_t loop;
	uv_async_t stop;
	pthread_t thread;
	struct gateway *gateway;
	struct rpc_channel *channel;
	struct tls_context *tls;
	struct endpoint at;
};

static void stopped(void *user)
{
	*(bool *)user = true;
}

static void on_stop(uv_async_t *handle)
{
	static bool done;
	struct world *w = handle->data;

	gateway_stop(w->gateway, stopped, &done);
	uv_close((uv_handle_t *)handle, NULL);
}

static void *run(void *data)
{
	uv_run(data, UV_RUN_DEFAULT);
	return NULL;
}

static void begin(struct world *w, const struct identity *id)
{
	const struct rpc_channel_config nowhere = { .address = "127.0.0.1:1", .plaintext = true };
	struct gateway_config config = { .loop = &w->loop, .token = id ? NULL : "0123" };
	struct error err = { 0 };

	memset(w, 0, sizeof(*w));
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&w->loop);
	assert_int_equal(rpc_channel_new(&nowhere, &w->channel, &err), 0);
	if (id)
		assert_int_equal(tls_context_new(id, &w->tls, &err), 0);
	config.tls = w->tls;
	config.channel = w->channel;
	config.sites[0] = (struct http_site){ .pages = pages, .page_count = 4, .stream = &stream,
					      .data = "hello" };
	config.sites[1] = (struct http_site){ .pages = web_client, .page_count = web_client_count };
	config.site_count = 2;
	ip_parse("127.0.0.1", &config.address.ip);
	assert_int_equal(gateway_start(&config, &w->gateway, &err), 0);
	assert_true(endpoint_parse(gateway_host(w->gateway), &w->at));
	uv_async_init(&w->loop, &w->stop, on_stop);
	w->stop.data = w;
	pthread_create(&w->thread, NULL, run, &w->loop);
}

static void end(struct world *w)
{
	uv_async_send(&w->stop);
	pthread_join(w->thread, NULL);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	rpc_channel_free(w->channel);
	tls_context_free(w->tls);
}

/* ---- who comes ---- */

static int connect_to(const struct world *w)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 at;
	socklen_t len = endpoint_to_sockaddr(&w->at, &at);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void send_request(int fd, const struct world *w, const char *path, const char *more)
{
	struct buf text = BUF_INIT(ANSWER_MAX);
	char host[ENDPOINT_TEXT_MAX];

	buf_printf(&text, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path,
		   endpoint_format(&w->at, host), more);
	assert_int_equal(send(fd, text.data, text.len, MSG_NOSIGNAL), text.len);
	buf_fini(&text);
}

/* Until the end, or @enough is in it. */
static void receive(int fd, struct buf *ret, const char *enough)
{
	char piece[4096];
	ssize_t n;

	while (!enough || !strstr(buf_text(ret), enough)) {
		n = recv(fd, piece, sizeof(piece), 0);
		if (n == 0 && !enough)
			return;
		assert_true(n > 0);
		buf_append(ret, piece, (size_t)n);
	}
}

static void ask(struct world *w, const char *path, struct buf *ret)
{
	int fd = connect_to(w);

	*ret = BUF_INIT(2 * LONG);
	send_request(fd, w, path, "");
	receive(fd, ret, NULL);
	close(fd);
}

static bool begins(struct buf *answer, const char *text)
{
	return strncmp(buf_text(answer), text, strlen(text)) == 0;
}

/* ---- tests ---- */

static void pages_are_made_at_most_once_a_second_and_within_bounds(void **state)
{
	struct world w;
	struct buf answer;

	(void)state;
	begin(&w, NULL);
	makes = 0;
	for (int i = 0; i < 20; i++) {
		ask(&w, "/short", &answer);
		assert_true(begins(&answer, "HTTP/1.1 200 OK\r\n"));
		assert_non_null(strstr(buf_text(&answer), "\r\n\r\nhello"));
		assert_non_null(strstr(buf_text(&answer), "Content-Length: 5\r\n"));
		buf_fini(&answer);
	}
	assert_in_range(makes, 1, 19);
	ask(&w, "/long", &answer);
	assert_int_equal(strlen(strstr(buf_text(&answer), "\r\n\r\n") + 4), LONG);
	buf_fini(&answer);
	ask(&w, "/too-much", &answer);
	assert_true(begins(&answer, "HTTP/1.1 503 "));
	buf_fini(&answer);
	ask(&w, "/none", &answer);
	assert_true(begins(&answer, "HTTP/1.1 503 "));
	assert_non_null(strstr(buf_text(&answer), "there is nothing to tell"));
	buf_fini(&answer);
	ask(&w, "/browser/client.js", &answer);
	assert_true(begins(&answer, "HTTP/1.1 200 OK\r\nContent-Type: text/javascript"));
	assert_non_null(strstr(buf_text(&answer), "export class Service"));
	buf_fini(&answer);
	ask(&w, "/browser/../short", &answer);
	assert_true(begins(&answer, "HTTP/1.1 404 "));
	buf_fini(&answer);
	end(&w);
}

static void a_host_that_is_none_does_not_come_back(void **state)
{
	static const char text[] = "GET /short HTTP/1.1\r\nHost: a\nSet-Cookie: b\r\n\r\n";
	struct buf answer = BUF_INIT(ANSWER_MAX);
	struct world w;
	int fd;

	(void)state;
	begin(&w, NULL);
	fd = connect_to(&w);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	receive(fd, &answer, NULL);
	assert_true(begins(&answer, "HTTP/1.1 403 "));
	assert_null(strstr(buf_text(&answer), "Set-Cookie"));
	close(fd);
	buf_fini(&answer);
	end(&w);
}

static void a_stream_tells_what_comes_and_not_what_was_heard_before(void **state)
{
	struct buf heard = BUF_INIT(ANSWER_MAX), again = BUF_INIT(ANSWER_MAX);
	struct world w;
	int fd;

	(void)state;
	begin(&w, NULL);
	events = 2;
	fd = connect_to(&w);
	send_request(fd, &w, "/events", "");
	receive(fd, &heard, "id: 2\n");
	assert_non_null(strstr(buf_text(&heard), "Content-Type: text/event-stream\r\n"));
	assert_null(strstr(buf_text(&heard), "id: 3\n"));
	events = 3;
	receive(fd, &heard, "id: 3\n");
	close(fd);
	fd = connect_to(&w);
	send_request(fd, &w, "/events", "Last-Event-ID: 2\r\n");
	receive(fd, &again, "id: 3\n");
	assert_null(strstr(buf_text(&again), "id: 2\n"));
	close(fd);
	buf_fini(&heard);
	buf_fini(&again);
	end(&w);
}

static void the_oldest_stream_ends_for_one_too_many(void **state)
{
	struct buf heard[GATEWAY_STREAMS_MAX + 1];
	int fds[GATEWAY_STREAMS_MAX + 1];
	struct world w;

	(void)state;
	begin(&w, NULL);
	events = 1;
	for (int i = 0; i <= GATEWAY_STREAMS_MAX; i++) {
		heard[i] = BUF_INIT(ANSWER_MAX);
		fds[i] = connect_to(&w);
		send_request(fds[i], &w, "/events", "");
		receive(fds[i], &heard[i], "id: 1\n");
	}
	receive(fds[0], &heard[0], NULL);
	events = 2;
	for (int i = 1; i <= GATEWAY_STREAMS_MAX; i++)
		receive(fds[i], &heard[i], "id: 2\n");
	for (int i = 0; i <= GATEWAY_STREAMS_MAX; i++) {
		close(fds[i]);
		buf_fini(&heard[i]);
	}
	end(&w);
}

static void a_crowd_is_bounded_and_who_is_one_too_many_is_hung_up_on(void **state)
{
	int fds[GATEWAY_VISITORS_MAX], late;
	time_t began;
	struct world w;
	char byte;

	(void)state;
	begin(&w, NULL);
	for (int i = 0; i < GATEWAY_VISITORS_MAX; i++)
		fds[i] = connect_to(&w);
	began = time(NULL);
	late = connect_to(&w);
	assert_int_equal(recv(late, &byte, 1, 0), 0);
	assert_in_range(time(NULL) - began, 0, SILENCE_S / 2);	/* not for its silence */
	close(late);
	for (int i = 0; i < GATEWAY_VISITORS_MAX; i++)
		close(fds[i]);
	for (int i = 0; i < 1000; i++) {
		late = connect_to(&w);
		send_request(late, &w, "/short", "");
		if (recv(late, &byte, 1, 0) == 1)
			break;
		close(late);
	}
	assert_int_equal(byte, 'H');
	close(late);
	end(&w);
}

/* What a client with this identity is told; empty: nothing. */
static void ask_by_tls(struct world *w, const struct identity *id, struct buf *ret)
{
	static uint8_t piece[16 * 1024];
	struct tls_context *context;
	struct tls_stream *s;
	struct error err = { 0 };
	bool asked = false;
	int fd = connect_to(w);
	ssize_t n = 1;
	size_t len;

	*ret = BUF_INIT(ANSWER_MAX);
	assert_int_equal(tls_context_new(id, &context, &err), 0);
	assert_int_equal(tls_stream_new(context, TLS_CLIENT, &s, &err), 0);
	while (n > 0) {
		while (tls_read(s, piece, sizeof(piece), &len, &err) == 0 && len)
			buf_append(ret, piece, len);
		if (tls_established(s) && !asked)
			asked = tls_write(s, "GET /short HTTP/1.1\r\nHost: n1\r\n\r\n", 34, &len, &err) == 0;
		while ((len = tls_take(s, piece, sizeof(piece))))
			send(fd, piece, len, MSG_NOSIGNAL);
		n = recv(fd, piece, sizeof(piece), 0);
		if (n > 0)
			assert_int_equal(tls_feed(s, piece, (size_t)n, &err), 0);
	}
	tls_stream_free(s);
	tls_context_free(context);
	close(fd);
}

static void make_identity(const char *mesh, const struct ca *ca, enum subject_kind kind,
			  const char *name, struct identity *ret)
{
	struct error err = { 0 };
	struct subject subject;

	assert_true(subject_init(&subject, kind, mesh, name));
	assert_int_equal(ca_make_identity(ca, &subject, time(NULL), 3600, ret, &err), 0);
}

static void who_shows_no_certificate_of_the_mesh_is_not_heard(void **state)
{
	struct identity node, admin, stranger, mixed;
	struct ca *ours, *others;
	struct error err = { 0 };
	struct buf answer;
	struct world w;

	(void)state;
	assert_int_equal(ca_new("mesh", time(NULL), &ours, &err), 0);
	assert_int_equal(ca_new("mesh", time(NULL), &others, &err), 0);
	make_identity("mesh", ours, SUBJECT_NODE, "n1", &node);
	make_identity("mesh", ours, SUBJECT_ADMIN, "ann", &admin);
	make_identity("mesh", others, SUBJECT_ADMIN, "ann", &stranger);
	mixed = stranger;
	mixed.ca_pem = admin.ca_pem;	/* it believes us */
	begin(&w, &node);
	ask_by_tls(&w, &mixed, &answer);
	assert_int_equal(answer.len, 0);
	buf_fini(&answer);
	/* One of the mesh is heard; that the node is not there to say whether he may is no yes. */
	makes = 0;
	ask_by_tls(&w, &admin, &answer);
	assert_true(begins(&answer, "HTTP/1.1 503 "));
	assert_int_equal(makes, 0);
	buf_fini(&answer);
	end(&w);
	identity_fini(&node);
	identity_fini(&admin);
	identity_fini(&stranger);
	ca_free(ours);
	ca_free(others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_made_at_most_once_a_second_and_within_bounds),
		cmocka_unit_test(a_host_that_is_none_does_not_come_back),
		cmocka_unit_test(a_stream_tells_what_comes_and_not_what_was_heard_before),
		cmocka_unit_test(the_oldest_stream_ends_for_one_too_many),
		cmocka_unit_test(a_crowd_is_bounded_and_who_is_one_too_many_is_hung_up_on),
		cmocka_unit_test(who_shows_no_certificate_of_the_mesh_is_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
