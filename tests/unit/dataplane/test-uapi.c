// SPDX-License-Identifier: Apache-2.0
/* WireGuard's userspace protocol: text in, peers out, and a server that misbehaves. */
#include "../cmocka.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/uapi.h"

#define KEY_A "e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a"
#define KEY_B "b85996fecc9c7f1fc6d2572a76eda11d59bcd20be8e543b15ce4bd85a8e75a33"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static const char answer[] =
	"private_key=" KEY_A "\nlisten_port=12912\nfwmark=1\n"
	"public_key=" KEY_B "\npreshared_key=" ZERO "\nprotocol_version=1\n"
	"endpoint=[abcd:23::33]:51820\nlast_handshake_time_sec=7\nlast_handshake_time_nsec=5\n"
	"tx_bytes=38333\nrx_bytes=2224\npersistent_keepalive_interval=25\n"
	"allowed_ip=192.168.4.4/32\nallowed_ip=fd00::/64\n"
	"public_key=" KEY_A "\nsomething_new=x\nendpoint=[fe80::1%eth0]:1\n"
	"errno=0\n\n";

struct seen {
	size_t peers, prefixes;
	uint64_t handshake, rx, tx;
	uint16_t keepalive;
	uint32_t fields[4];
	char endpoint[ENDPOINT_TEXT_MAX];
};

static int see(void *data, const struct wg_peer *peer)
{
	struct seen *s = data;

	assert_true(s->peers < 4);
	s->fields[s->peers++] = peer->fields;
	s->prefixes += peer->prefix_count;
	s->handshake += peer->last_handshake;
	s->rx += peer->rx_bytes;
	s->tx += peer->tx_bytes;
	s->keepalive += peer->keepalive;
	if (peer->fields & WG_PEER_ENDPOINT)
		endpoint_format(&peer->endpoint, s->endpoint);
	return 0;
}

static int parse(const char *text, size_t len, size_t piece, struct seen *seen)
{
	struct uapi_parser p;
	struct error err;
	int r = 0;

	uapi_parser_init(&p, seen ? see : NULL, seen, &err);
	for (size_t at = 0; !r && at < len; at += piece)
		r = uapi_parser_feed(&p, text + at, len - at < piece ? len - at : piece);
	if (!r && !p.done)
		r = 1;
	uapi_parser_fini(&p);
	return r;
}

static void answer_is_read_in_pieces_of_any_length(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < sizeof(answer); piece++) {
		struct seen seen = { 0 };

		assert_int_equal(parse(answer, sizeof(answer) - 1, piece, &seen), 0);
		assert_int_equal(seen.peers, 2);
		assert_int_equal(seen.prefixes, 2);
		assert_int_equal(seen.handshake, 7000000005);
		assert_int_equal(seen.rx, 2224);
		assert_int_equal(seen.tx, 38333);
		assert_int_equal(seen.keepalive, 25);
		assert_string_equal(seen.endpoint, "[abcd:23::33]:51820");
		assert_false(seen.fields[1] & WG_PEER_ENDPOINT);	/* it has a zone */
	}
}

static void device_is_read(void **state)
{
	struct uapi_parser p;

	(void)state;
	uapi_parser_init(&p, NULL, NULL, NULL);
	assert_int_equal(uapi_parser_feed(&p, answer, sizeof(answer) - 1), 0);
	assert_true(p.done);
	assert_int_equal(p.device.listen_port, 12912);
	assert_int_equal(p.device.fwmark, 1);
	assert_int_equal(p.device.private_key.bytes[0], 0xe8);
	uapi_parser_fini(&p);
	assert_true(key_is_zero(&p.device.private_key));
}

static void malformed_answers_are_refused(void **state)
{
	static const char *const bad[] = {
		"nonsense\n", "public_key=12\n", "public_key=" KEY_A "0\n", "listen_port=65536\n",
		"listen_port=-1\n", "listen_port=\n", "listen_port= 1\n", "fwmark=1x\n",
		"errno=x\n",
		"public_key=" KEY_A "\nallowed_ip=10.0.0.0/33\n",
		"public_key=" KEY_A "\nrx_bytes=18446744073709551616\n",
		"public_key=" KEY_A "\nlast_handshake_time_sec=18446744074\n",
		"public_key=" KEY_A "\npersistent_keepalive_interval=65536\n",
		"public_key=E84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], strlen(bad[i]), 7, NULL) != -ERR_IO)
			fail_msg("not refused: %s", bad[i]);
}

static void endless_line_is_refused(void **state)
{
	char line[UAPI_LINE_MAX + 1];

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(parse(line, UAPI_LINE_MAX - 1, 100, NULL), 1);	/* so far so good */
	line[UAPI_LINE_MAX] = '\n';
	assert_int_equal(parse(line, sizeof(line), 100, NULL), -ERR_IO);
	line[UAPI_LINE_MAX] = 'x';
	assert_int_equal(parse(line, sizeof(line), 100, NULL), -ERR_IO);
}

static void damaged_answers_do_no_harm(void **state)
{
	char copy[sizeof(answer)];
	unsigned int seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct uapi_parser p;

		memcpy(copy, answer, sizeof(answer));
		for (int i = rand_r(&seed) % 5; i >= 0; i--)
			copy[(size_t)rand_r(&seed) % sizeof(copy)] = (char)rand_r(&seed);
		uapi_parser_init(&p, NULL, NULL, NULL);
		uapi_parser_feed(&p, copy, (size_t)rand_r(&seed) % sizeof(copy));
		uapi_parser_fini(&p);
	}
}

static void requests_are_as_the_protocol_has_them(void **state)
{
	struct wg_prefix prefixes[2] = { 0 };
	struct wg_peer peer = {
		.fields = WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE | WG_PEER_PRESHARED_KEY,
		.flags = WGMESH_PEER_FLAGS_REPLACE_PREFIXES, .keepalive = 25,
		.prefixes = prefixes, .prefix_count = 2,
	};
	struct wg_device device = { .fields = WG_DEVICE_LISTEN_PORT, .listen_port = 51820 };
	struct buf out = BUF_INIT(UAPI_REQUEST_MAX);

	(void)state;
	assert_true(endpoint_parse("[2001:db8::1]:9", &peer.endpoint));
	assert_true(prefix_parse("10.0.0.0/8", &prefixes[0].prefix));
	assert_true(prefix_parse("fd00::/64", &prefixes[1].prefix));
	uapi_put_set(&out);
	uapi_put_device(&out, &device);
	uapi_put_peer(&out, &peer, false);
	uapi_put_peer(&out, &peer, true);
	assert_string_equal(buf_text(&out),
			    "set=1\nlisten_port=51820\n"
			    "public_key=" ZERO "\npreshared_key=" ZERO "\nendpoint=[2001:db8::1]:9\n"
			    "persistent_keepalive_interval=25\nreplace_allowed_ips=true\n"
			    "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n"
			    "public_key=" ZERO "\nremove=true\n");
	buf_fini(&out);
}

/* A server that reads one request up to its empty line, says what it is told to, and hangs up. */
struct server {
	char path[64];
	int fd;
	const char *says;
	char heard[256];
	pthread_t thread;
};

static void *serve(void *data)
{
	struct server *s = data;
	int fd = accept(s->fd, NULL, NULL);
	size_t n = 0;

	while (n < sizeof(s->heard) - 1 && !strstr(s->heard, "\n\n")) {
		ssize_t got = read(fd, s->heard + n, sizeof(s->heard) - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (write(fd, s->says, strlen(s->says)) < 0)
		perror("server");
	close(fd);
	return NULL;
}

static void server_start(struct server *s, const char *says)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	*s = (struct server){ .says = says };
	snprintf(s->path, sizeof(s->path), "/tmp/wgt-uapi-%d.sock", getpid());
	unlink(s->path);
	strcpy(sa.sun_path, s->path);
	s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s->fd, 1), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
	unlink(s->path);
}

static void request_and_answer_meet(void **state)
{
	struct wg_device device;
	struct seen seen = { 0 };
	struct server s;

	(void)state;
	server_start(&s, answer);
	assert_int_equal(uapi_get(s.path, see, &seen, &device, NULL), 0);
	server_stop(&s);
	assert_string_equal(s.heard, "get=1\n\n");
	assert_int_equal(seen.peers, 2);
	assert_int_equal(device.listen_port, 12912);
}

static int set_with(const char *says, struct error *err)
{
	struct buf request = BUF_INIT(UAPI_REQUEST_MAX);
	struct server s;
	int r;

	server_start(&s, says);
	uapi_put_set(&request);
	r = uapi_set(s.path, &request, err);
	server_stop(&s);
	buf_fini(&request);
	return r;
}

static void refusals_are_told(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(set_with("errno=0\n\n", &err), 0);
	assert_int_equal(set_with("errno=98\n\n", &err), -ERR_EXISTS);	/* EADDRINUSE */
	assert_int_equal(set_with("errno=-22\n\n", &err), -ERR_INVALID);
	assert_int_equal(set_with("errno=0\n", &err), -ERR_IO);
	assert_int_equal(set_with("", &err), -ERR_IO);
	assert_non_null(strstr(err.text, "in the middle"));
}

static void nobody_there_is_not_found(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(uapi_get("/tmp/wgt-no-such-socket", NULL, NULL, NULL, &err),
			 -ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "/tmp/wgt-no-such-socket"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_is_read_in_pieces_of_any_length),
		cmocka_unit_test(device_is_read),
		cmocka_unit_test(malformed_answers_are_refused),
		cmocka_unit_test(endless_line_is_refused),
		cmocka_unit_test(damaged_answers_do_no_harm),
		cmocka_unit_test(requests_are_as_the_protocol_has_them),
		cmocka_unit_test(request_and_answer_meet),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(nobody_there_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
