// SPDX-License-Identifier: Apache-2.0
/* dns: over UDP and TCP what is asked is answered, and what is sent besides costs no more than it may. */
#include "zones.h"

#include <libknot/libknot.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dns/answer.h"
#include "dns/server.h"

#define KEY "hmac-sha256:backup:c2VjcmV0"

enum { PATIENCE_MS = 30000, MANY = 200, TRANSFERS = 4, NODES = 50000 };

/* n1.webmesh.internal, A, with the identity that is put into the first two bytes. */
static const uint8_t question[] = {
	0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'n', '1', 7, 'w', 'e', 'b', 'm', 'e', 's', 'h',
	8, 'i', 'n', 't', 'e', 'r', 'n', 'a', 'l', 0, 0, 1, 0, 1,
};

static struct dns_server *start(uint32_t rate, unsigned int idle_ms)
{
	struct dns_config config = { .address_count = 2, .rate = rate, .idle_ms = idle_ms };
	struct zone *zone = test_zone();
	struct dns_server *server;

	assert_true(endpoint_parse("127.0.0.1:0", &config.addresses[0]));
	assert_true(endpoint_parse("[::1]:0", &config.addresses[1]));
	assert_int_equal(dns_server_start(&config, &server, NULL), 0);
	dns_server_set_zone(server, zone);
	zone_unref(zone);
	return server;
}

static int dial_from(const struct dns_server *server, int type, uint32_t from)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(dns_server_port(server)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(from) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static int dial(const struct dns_server *server, int type)
{
	return dial_from(server, type, INADDR_LOOPBACK);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool is_ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* The code of the answer over UDP to a question named @id; -1: none came within @ms. */
static int ask_udp(int fd, uint8_t id, int ms, uint8_t out[DNS_UDP_MAX])
{
	uint8_t query[sizeof(question)];

	memcpy(query, question, sizeof(query));
	query[1] = id;
	assert_int_equal(send(fd, query, sizeof(query), 0), sizeof(query));
	while (is_ready(fd, ms)) {
		assert_true(recv(fd, out, DNS_UDP_MAX, 0) >= DNS_HEADER);
		if (out[1] == id)
			return knot_wire_get_rcode(out);
	}
	return -1;
}

static void send_tcp(int fd, uint8_t id)
{
	uint8_t message[2 + sizeof(question)] = { 0, sizeof(question) };

	memcpy(message + 2, question, sizeof(question));
	message[3] = id;
	assert_int_equal(send(fd, message, sizeof(message), MSG_NOSIGNAL), sizeof(message));
}

static bool read_exactly(int fd, uint8_t *out, size_t len)
{
	while (len) {
		ssize_t got = is_ready(fd, PATIENCE_MS) ? recv(fd, out, len, 0) : -1;

		if (got <= 0)
			return false;
		out += got;
		len -= (size_t)got;
	}
	return true;
}

/* The answer's code; -1: the connection has ended. */
static int read_tcp(int fd, uint8_t id)
{
	uint8_t length[2], out[4096];
	size_t len;

	if (!read_exactly(fd, length, 2))
		return -1;
	len = (size_t)length[0] << 8 | length[1];
	assert_true(len <= sizeof(out) && read_exactly(fd, out, len));
	assert_int_equal(out[1], id);
	return knot_wire_get_rcode(out);
}

static bool has_ended(int fd)
{
	uint8_t byte;

	return is_ready(fd, PATIENCE_MS) && recv(fd, &byte, 1, 0) <= 0;
}

/* ---- */

static void both_protocols_answer_the_same(void **state)
{
	struct dns_server *server = start(0, 0);
	int udp = dial(server, SOCK_DGRAM), tcp = dial(server, SOCK_STREAM);
	uint8_t out[DNS_UDP_MAX];

	assert_int_equal(ask_udp(udp, 7, PATIENCE_MS, out), 0);
	assert_int_equal(knot_wire_get_ancount(out), 1);
	send_tcp(tcp, 8);
	assert_int_equal(read_tcp(tcp, 8), 0);
	close(udp);
	close(tcp);
	dns_server_stop(server);
}

static void ipv6_is_served_beside_ipv4(void **state)
{
	struct dns_config config = { .address_count = 1 };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct dns_server *server;
	uint8_t out[DNS_UDP_MAX];
	int fd;

	assert_true(endpoint_parse("[::1]:0", &config.addresses[0]));
	assert_int_equal(dns_server_start(&config, &server, NULL), 0);
	to.sin6_port = htons(dns_server_port(server));
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(ask_udp(fd, 1, PATIENCE_MS, out), KNOT_RCODE_SERVFAIL);
	close(fd);
	dns_server_stop(server);
}

static void many_questions_on_one_connection_are_answered_in_order(void **state)
{
	struct dns_server *server = start(0, 0);
	int fd = dial(server, SOCK_STREAM);

	for (int i = 0; i < MANY; i++)
		send_tcp(fd, (uint8_t)i);
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(read_tcp(fd, (uint8_t)i), 0);
	assert_true(has_ended(fd));
	close(fd);
	dns_server_stop(server);
}

static void a_question_may_come_byte_by_byte(void **state)
{
	struct dns_server *server = start(0, 0);
	int fd = dial(server, SOCK_STREAM), off = 0;
	uint8_t message[2 + sizeof(question)] = { 0, sizeof(question) };
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on));
	memcpy(message + 2, question, sizeof(question));
	while (off < (int)sizeof(message))
		assert_int_equal(send(fd, message + off++, 1, MSG_NOSIGNAL), 1);
	assert_int_equal(read_tcp(fd, 0), 0);
	close(fd);
	dns_server_stop(server);
}

static void who_says_nothing_or_half_of_it_is_hung_up_on_in_time(void **state)
{
	struct dns_server *server = start(0, 200);
	int silent = dial(server, SOCK_STREAM), dripping = dial(server, SOCK_STREAM);
	uint64_t begun = now_ms();

	while (send(dripping, "\0", 1, MSG_NOSIGNAL) == 1 && !is_ready(dripping, 20))
		assert_true(now_ms() - begun < PATIENCE_MS);
	assert_true(has_ended(dripping));
	assert_true(has_ended(silent));
	assert_true(now_ms() - begun >= 200);
	close(silent);
	close(dripping);
	dns_server_stop(server);
}

static void who_goes_on_asking_is_not(void **state)
{
	struct dns_server *server = start(0, 1500);
	uint64_t begun = now_ms();
	int fd = dial(server, SOCK_STREAM);

	for (uint8_t id = 0; now_ms() - begun < 2500; id++) {
		send_tcp(fd, id);
		assert_int_equal(read_tcp(fd, id), 0);
		assert_false(is_ready(fd, 50));
	}
	close(fd);
	dns_server_stop(server);
}

static void a_crowd_that_says_nothing_keeps_nobody_out(void **state)
{
	struct dns_server *server = start(0, 0);
	int fds[MANY], fd;

	for (uint32_t i = 0; i < MANY; i++)
		fds[i] = dial_from(server, SOCK_STREAM, INADDR_LOOPBACK + 1 + i / DNS_PER_SOURCE_MAX);
	fd = dial(server, SOCK_STREAM);
	send_tcp(fd, 1);
	assert_int_equal(read_tcp(fd, 1), 0);
	assert_true(dns_server_counts(server).connections <= DNS_CONNECTIONS_MAX);
	assert_true(has_ended(fds[0]));
	assert_false(is_ready(fds[MANY - 1], 0));
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	close(fd);
	dns_server_stop(server);
}

static void one_source_has_few_connections(void **state)
{
	struct dns_server *server = start(0, 0);
	int fds[DNS_PER_SOURCE_MAX + 1];

	for (int i = 0; i < DNS_PER_SOURCE_MAX; i++) {
		fds[i] = dial(server, SOCK_STREAM);
		send_tcp(fds[i], 1);
		assert_int_equal(read_tcp(fds[i], 1), 0);
	}
	fds[DNS_PER_SOURCE_MAX] = dial(server, SOCK_STREAM);
	assert_true(has_ended(fds[DNS_PER_SOURCE_MAX]));
	send_tcp(fds[0], 2);
	assert_int_equal(read_tcp(fds[0], 2), 0);
	for (int i = 0; i <= DNS_PER_SOURCE_MAX; i++)
		close(fds[i]);
	dns_server_stop(server);
}

static void who_asks_too_much_over_udp_is_sent_to_tcp(void **state)
{
	struct dns_server *server = start(5, 0);
	int fd = dial(server, SOCK_DGRAM), cut = 0, other = dial_from(server, SOCK_DGRAM, INADDR_LOOPBACK + 1);
	uint64_t begun = now_ms();
	uint8_t out[DNS_UDP_MAX];

	for (int id = 0; !cut; id++) {
		assert_true(now_ms() - begun < PATIENCE_MS);
		if (ask_udp(fd, (uint8_t)id, 20, out) >= 0)
			cut = knot_wire_get_tc(out) != 0;
	}
	assert_int_equal(knot_wire_get_ancount(out), 0);
	assert_int_equal(ask_udp(other, 1, PATIENCE_MS, out), 0);
	assert_false(knot_wire_get_tc(out));
	close(fd);
	close(other);
	dns_server_stop(server);
}

static void what_is_no_question_costs_nothing_but_itself(void **state)
{
	struct dns_server *server = start(0, 0);
	int fd = dial(server, SOCK_DGRAM), tcp = dial(server, SOCK_STREAM);
	uint8_t junk[9000], out[DNS_UDP_MAX];

	memset(junk, 0x5a, sizeof(junk));
	for (size_t len = 0; len < sizeof(junk); len += 97)
		assert_int_equal(send(fd, junk, len, 0), len);
	assert_int_equal(ask_udp(fd, 1, PATIENCE_MS, out), 0);
	/* One that does not fit is not even told so: what was read is another's than was sent. */
	memcpy(junk, question, sizeof(question));
	assert_int_equal(send(fd, junk, sizeof(junk), 0), sizeof(junk));
	junk[1] = 2;
	assert_int_equal(send(fd, junk, sizeof(question), 0), sizeof(question));
	assert_true(is_ready(fd, PATIENCE_MS) && recv(fd, out, sizeof(out), 0) > 0);
	assert_int_equal(out[1], 2);
	memset(junk, 0xff, sizeof(junk));
	junk[0] = 0;
	assert_int_equal(send(tcp, junk, sizeof(junk), MSG_NOSIGNAL), sizeof(junk));
	assert_true(has_ended(tcp));
	close(fd);
	close(tcp);
	dns_server_stop(server);
}

static void another_zone_is_told_from_the_next_question_on(void **state)
{
	struct dns_server *server = start(0, 0);
	int fd = dial(server, SOCK_DGRAM);
	uint8_t out[DNS_UDP_MAX];

	for (int i = 0; i < MANY; i++) {
		struct zone *zone = test_zone_begin("webmesh.internal", "n2");

		if (i % 2)
			test_zone_add(zone, "n1", 9, 9);
		assert_int_equal(zone_finish(zone, NULL), 0);
		dns_server_set_zone(server, zone);
		zone_unref(zone);
		assert_int_equal(ask_udp(fd, (uint8_t)i, PATIENCE_MS, out),
				 i % 2 ? KNOT_RCODE_NOERROR : KNOT_RCODE_NXDOMAIN);
	}
	close(fd);
	dns_server_stop(server);
}

/* ---- whole zones ---- */

/* More than the kernel takes for who does not read. */
static struct zone *large_zone(void)
{
	struct zone *zone = test_zone_begin("webmesh.internal", "n1");

	test_zone_add(zone, "n1", 1, 1);
	for (int i = 2; i < NODES; i++) {
		struct node node = test_node("n", 1, 1);

		snprintf(node.id, sizeof(node.id), "n%d", i);
		assert_int_equal(zone_add(zone, &node, NULL), 0);
	}
	assert_int_equal(zone_finish(zone, NULL), 0);
	return zone;
}

static struct dns_server *start_large(struct dns_keys *keys)
{
	struct dns_config config = { .address_count = 1, .keys = keys };
	struct zone *zone = large_zone();
	struct dns_server *server;

	assert_true(endpoint_parse("127.0.0.1:0", &config.addresses[0]));
	assert_int_equal(dns_server_start(&config, &server, NULL), 0);
	dns_server_set_zone(server, zone);
	zone_unref(zone);
	return server;
}

/* Who asks for all of it, and reads nothing yet. */
static int ask_all(const struct dns_server *server)
{
	static const uint8_t all[] = { 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'w', 'e', 'b', 'm', 'e', 's',
				       'h', 8, 'i', 'n', 't', 'e', 'r', 'n', 'a', 'l', 0, 0, 252, 0, 1 };
	uint8_t message[512], mac[64];
	size_t len = sizeof(all), mac_len = sizeof(mac);
	int fd = dial(server, SOCK_STREAM);
	knot_tsig_key_t key;

	memcpy(message + 2, all, sizeof(all));
	assert_int_equal(knot_tsig_key_init_str(&key, KEY), KNOT_EOK);
	assert_int_equal(knot_tsig_sign(message + 2, &len, sizeof(message) - 2, NULL, 0, mac, &mac_len,
					&key, 0, 0), KNOT_EOK);
	knot_tsig_key_deinit(&key);
	message[0] = 0;
	message[1] = (uint8_t)len;
	assert_int_equal(send(fd, message, len + 2, MSG_NOSIGNAL), len + 2);
	return fd;
}

static bool has_begun(int fd)
{
	uint8_t byte;

	return is_ready(fd, PATIENCE_MS) && recv(fd, &byte, 1, MSG_PEEK) == 1;
}

static void few_have_it_whole_at_once_and_hold_up_nobody(void **state)
{
	uint64_t begun = now_ms();
	struct dns_server *server;
	struct dns_keys *keys;
	int fds[TRANSFERS], fd, udp;
	uint8_t out[DNS_UDP_MAX];
	bool again;

	assert_int_equal(dns_keys_parse(KEY, &keys, NULL), 0);
	server = start_large(keys);
	for (int i = 0; i < TRANSFERS; i++)
		assert_true(has_begun(fds[i] = ask_all(server)));
	assert_true(has_ended(fd = ask_all(server)));
	close(fd);
	udp = dial(server, SOCK_DGRAM);
	assert_int_equal(ask_udp(udp, 1, PATIENCE_MS, out), 0);
	close(udp);
	close(fds[0]);
	do {
		again = has_begun(fd = ask_all(server));
		close(fd);
	} while (!again && now_ms() - begun < PATIENCE_MS);
	assert_true(again);
	for (int i = 1; i < TRANSFERS; i++)
		close(fds[i]);
	dns_server_stop(server);
	dns_keys_free(keys);
}

static void an_address_that_is_not_here_yet_is_no_failure_and_one_that_is_taken_is(void **state)
{
	struct dns_server *server = start(0, 0), *other;
	struct dns_config config = { .address_count = 1 };
	struct error err;

	assert_true(endpoint_parse("192.0.2.77:5353", &config.addresses[0]));
	assert_int_equal(dns_server_start(&config, &other, &err), 0);
	dns_server_stop(other);
	assert_true(endpoint_parse("127.0.0.1:0", &config.addresses[0]));
	config.addresses[0].port = dns_server_port(server);
	assert_int_equal(dns_server_start(&config, &other, &err), -ERR_EXISTS);
	dns_server_stop(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_protocols_answer_the_same),
		cmocka_unit_test(ipv6_is_served_beside_ipv4),
		cmocka_unit_test(many_questions_on_one_connection_are_answered_in_order),
		cmocka_unit_test(a_question_may_come_byte_by_byte),
		cmocka_unit_test(who_says_nothing_or_half_of_it_is_hung_up_on_in_time),
		cmocka_unit_test(who_goes_on_asking_is_not),
		cmocka_unit_test(a_crowd_that_says_nothing_keeps_nobody_out),
		cmocka_unit_test(one_source_has_few_connections),
		cmocka_unit_test(who_asks_too_much_over_udp_is_sent_to_tcp),
		cmocka_unit_test(what_is_no_question_costs_nothing_but_itself),
		cmocka_unit_test(another_zone_is_told_from_the_next_question_on),
		cmocka_unit_test(few_have_it_whole_at_once_and_hold_up_nobody),
		cmocka_unit_test(an_address_that_is_not_here_yet_is_no_failure_and_one_that_is_taken_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
