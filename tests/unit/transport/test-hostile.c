// SPDX-License-Identifier: Apache-2.0
/* transport: what comes from strangers, broken programs and stolen certificates is bounded. */
#include "cluster.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/tls.h"
#include "transport/frame.h"
#include "transport/link.h"

#define S(n) (&cluster.servers[n])

static bool was_refused(void *arg)
{
	struct server *s = arg;

	return s->events[TRANSPORT_REFUSED] > 0;
}

static void expect_reason(const struct server *s, const char *why)
{
	if (!strstr(s->reasons[TRANSPORT_REFUSED], why))
		fail_msg("\"%s\" does not say \"%s\"", s->reasons[TRANSPORT_REFUSED], why);
}

static bool members_still_talk(void *arg)
{
	if (status_of(S(3), S(1)).queued_messages < 10)
		send_round(S(3), S(1), 1);
	return S(1)->received[3] > 0;
}

/* Whatever was done to server 1: server 3 gets through. */
static void expect_service(void)
{
	S(1)->received[3] = 0;
	introduce(S(1), S(3));
	introduce(S(3), S(1));
	WAIT_UNTIL(members_still_talk, NULL);
}

/* A plain TCP connection to server 1. */
static int connect_plain(void)
{
	struct sockaddr_in6 sa;
	socklen_t len = endpoint_to_sockaddr(&S(1)->address, &sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&sa, len), 0);
	return fd;
}

static bool is_hung_up(void *arg)
{
	char byte;
	ssize_t n;

	do
		n = recv(*(int *)arg, &byte, 1, MSG_DONTWAIT);
	while (n > 0);		/* an alert */
	return n == 0 || errno != EAGAIN;
}

static void plain_garbage_is_hung_up_on(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fd = connect_plain();

	assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
	WAIT_UNTIL(is_hung_up, &fd);
	WAIT_UNTIL(was_refused, S(1));
	expect_reason(S(1), "TLS handshake failed");
	close(fd);
	expect_service();
}

static void silence_is_not_waited_for_long(void **state)
{
	uint64_t start = uv_now(&cluster.loop);
	int fd;

	transport_set_timing(S(1)->t, &hasty);
	fd = connect_plain();
	WAIT_UNTIL(is_hung_up, &fd);
	expect_reason(S(1), "no TLS handshake in time");
	assert_true(uv_now(&cluster.loop) - start >= hasty.handshake);
	close(fd);
	assert_int_equal(stats_of(S(1)).strangers, 0);
}

static bool is_accepted(void *arg)
{
	return stats_of(S(1)).strangers == *(size_t *)arg;
}

/* Silent connections, more than there are places: a member still gets one. */
static void a_flood_of_strangers_locks_nobody_out(void **state)
{
	size_t most = TRANSPORT_STRANGERS_MAX;
	int fds[3 * TRANSPORT_STRANGERS_MAX];

	for (int i = 0; i < 3 * TRANSPORT_STRANGERS_MAX; i++) {
		fds[i] = connect_plain();
		if (i % 8 == 0)
			uv_run(&cluster.loop, UV_RUN_NOWAIT);
		assert_true(stats_of(S(1)).strangers <= TRANSPORT_STRANGERS_MAX);
	}
	WAIT_UNTIL(is_accepted, &most);
	expect_service();
	assert_true(S(1)->events[TRANSPORT_REFUSED] >= 2 * TRANSPORT_STRANGERS_MAX);
	expect_reason(S(1), "too many connections");
	WAIT_UNTIL(is_hung_up, &fds[0]);	/* the oldest went first */
	for (int i = 0; i < 3 * TRANSPORT_STRANGERS_MAX; i++)
		close(fds[i]);
}

/* A TLS client with a certificate of its own choice that sends bytes of its own choice. */
struct attacker {
	struct tls_context *tls;
	struct anchor anchor;
	struct link *link;
	bool established;
	bool closed;
	bool released;
};

/* Not on a test's stack: a test that fails leaves it, and their connections live on. */
static struct attacker attackers[5];

static void on_established(void *data, struct link *l, const struct cert_info *who)
{
	struct attacker *a = data;

	a->established = true;
}

static void on_closed(void *data, struct link *l, const char *reason)
{
	struct attacker *a = data;

	a->closed = true;
	a->link = NULL;
}

static void on_released(void *data)
{
	struct attacker *a = data;

	a->released = true;
}

static const struct link_callbacks attacker_callbacks = {
	.established = on_established, .closed = on_closed, .released = on_released,
};

static void on_gone(struct anchor *anchor)
{
}

static bool is_established(void *arg)
{
	return ((struct attacker *)arg)->established;
}

static bool is_closed(void *arg)
{
	return ((struct attacker *)arg)->closed;
}

static bool is_released(void *arg)
{
	return ((struct attacker *)arg)->released;
}

static void attacker_connect(struct attacker *a, const struct identity *id)
{
	struct link_config config = {
		.loop = &cluster.loop, .anchor = &a->anchor, .callbacks = &attacker_callbacks,
		.data = a,
		.establish_ms = 30000, .stall_ms = 30000,
	};
	struct error err;

	*a = (struct attacker){ .anchor = { .gone = on_gone } };
	assert_ok(tls_context_new(id, &a->tls, &err), &err);
	config.tls = a->tls;
	assert_ok(link_dial(&config, &S(1)->address, &a->link, &err), &err);
	WAIT_UNTIL(is_established, a);
}

static void attacker_end(struct attacker *a)
{
	if (!a->tls)
		return;
	link_close(a->link);
	WAIT_UNTIL(is_released, a);
	tls_context_free(a->tls);
	a->tls = NULL;
}

static void attacker_send(struct attacker *a, const void *data, size_t len)
{
	if (a->link)
		assert_int_equal(link_write(a->link, data, len), len);
}

/* Server 2's stolen certificate sends @len bytes at @data. */
static void expect_hung_up(const void *data, size_t len, const char *why, bool malformed)
{
	struct attacker *a = &attackers[0];

	memset(S(1)->events, 0, sizeof(S(1)->events));
	S(1)->received[2] = 0;
	introduce(S(1), S(2));
	attacker_connect(a, &S(2)->identity);
	transport_set_timing(S(1)->t, &hasty);
	attacker_send(a, data, len);
	WAIT_UNTIL(is_closed, a);
	WAIT_UNTIL(was_refused, S(1));
	expect_reason(S(1), why);
	assert_int_equal(stats_of(S(1)).malformed > 0, malformed);
	assert_int_equal(S(1)->received[2], 0);
	attacker_end(a);
	transport_set_timing(S(1)->t, &patient);
	expect_service();
}

static void an_oversized_frame_is_hung_up_on_at_its_head(void **state)
{
	uint8_t head[FRAME_HEAD];

	store_u32(head, TRANSPORT_FRAME_MAX + 1);
	expect_hung_up(head, sizeof(head), "a frame of 4194305 bytes", true);
	store_u32(head, UINT32_MAX);
	expect_hung_up(head, sizeof(head), "a frame of 4294967295 bytes", true);
}

static void an_empty_frame_is_hung_up_on(void **state)
{
	expect_hung_up("\0\0\0\0", 4, "a frame of 0 bytes", true);
}

static void garbage_inside_a_frame_is_hung_up_on(void **state)
{
	expect_hung_up("\0\0\0\5hello", 9, "no message", true);
}

static void half_a_frame_is_not_waited_for_long(void **state)
{
	expect_hung_up("\0\0\1\0hello", 9, "not completed in time", false);
	expect_hung_up("\0", 1, "not completed in time", false);
}

static void expect_forged(uint64_t from, uint64_t to, const char *why)
{
	struct raft_message m = { .type = RAFT_HEARTBEAT, .from = from, .to = to, .term = 99 };
	struct frame *f;

	assert_int_equal(frame_new(&m, &f, NULL), 0);
	expect_hung_up(f->data, f->len, why, true);
	free(f);
}

static void a_member_cannot_speak_for_another_nor_to_another(void **state)
{
	expect_forged(3, 1, "a message from server 3 to 1 by node n2");
	assert_int_equal(S(1)->last_round[3], 1);
	expect_forged(2, 3, "a message from server 2 to 3 by node n2");
	expect_forged(1, 1, "a message from server 1 to 1 by node n2");
}

/* One byte at a time, each within the deadline of a stall, and yet too slow in sum. */
static bool drips_until_closed(void *arg)
{
	struct attacker *a = arg;

	if (a->link)
		link_write(a->link, "x", 1);
	return a->closed;
}

static void a_dripping_frame_is_not_waited_for_long(void **state)
{
	struct attacker *a = &attackers[0];

	introduce(S(1), S(2));
	attacker_connect(a, &S(2)->identity);
	transport_set_timing(S(1)->t, &hasty);
	attacker_send(a, "\0\x3f\xff\xff", FRAME_HEAD);
	WAIT_UNTIL(drips_until_closed, a);
	WAIT_UNTIL(was_refused, S(1));
	expect_reason(S(1), "not completed in time");
	attacker_end(a);
}

/* Frames that are never all there, as when the network cuts a fast stream where it likes. */
struct halves {
	struct frame *frame;
	uint64_t until;		/* the loop's time */
};

static bool halves_were_sent(void *arg)
{
	const struct halves *h = arg;
	size_t half = h->frame->len / 2, rest = h->frame->len - half;
	uint8_t record[256];	/* one of TLS: the other side gets both halves at once */

	memcpy(record, h->frame->data + half, rest);
	memcpy(record + rest, h->frame->data, half);
	attacker_send(&attackers[0], record, rest + half);
	return attackers[0].closed || uv_now(&cluster.loop) >= h->until;
}

static void a_stream_that_is_cut_anywhere_makes_progress(void **state)
{
	struct transport_timing timing = patient;
	struct raft_message m = { .type = RAFT_HEARTBEAT, .from = 2, .to = 1 };
	struct halves h;

	timing.stall = 1500;
	transport_set_timing(S(1)->t, &timing);
	introduce(S(1), S(2));
	attacker_connect(&attackers[0], &S(2)->identity);
	assert_int_equal(frame_new(&m, &h.frame, NULL), 0);
	h.until = uv_now(&cluster.loop) + 2 * timing.stall;
	attacker_send(&attackers[0], h.frame->data, h.frame->len / 2);
	WAIT_UNTIL(halves_were_sent, &h);
	free(h.frame);
	assert_false(attackers[0].closed);
	assert_true(S(1)->received[2] > 1);
	attacker_end(&attackers[0]);
}

static void an_administrator_is_no_server(void **state)
{
	struct subject root = { .kind = SUBJECT_ADMIN, .mesh_id = "m1", .name = "n2" };
	struct identity admin = fixture_identity(cluster.ca, &root, time(NULL), DAY);

	introduce(S(1), S(2));
	attacker_connect(&attackers[0], &admin);	/* with the name of a member */
	identity_fini(&admin);
	WAIT_UNTIL(was_refused, S(1));
	expect_reason(S(1), "wgmesh://m1/admin/n2 is no member");
	attacker_end(&attackers[0]);
}

static bool two_are_open(void *arg)
{
	return stats_of(S(1)).members == TRANSPORT_PER_NODE_MAX && stats_of(S(1)).strangers == 0;
}

static void one_node_has_few_connections(void **state)
{
	struct attacker *a = attackers;

	introduce(S(1), S(2));
	for (int i = 0; i < 5; i++)
		attacker_connect(&a[i], &S(2)->identity);
	for (int i = 0; i < 3; i++)
		WAIT_UNTIL(is_closed, &a[i]);
	WAIT_UNTIL(two_are_open, NULL);
	assert_false(a[3].closed);
	assert_false(a[4].closed);
	for (int i = 0; i < 5; i++)
		attacker_end(&a[i]);
}

/* A server that shakes hands as node 2 and then reads nothing more. */
struct deaf {
	int listener, fd;
	struct tls_context *ctx;
	struct tls_stream *tls;
};

static struct deaf deaf;

static void deaf_listen(void)
{
	struct sockaddr_in6 sa;
	socklen_t len;
	struct error err;

	assert_true(endpoint_parse("127.0.0.1:0", &S(2)->address));
	len = endpoint_to_sockaddr(&S(2)->address, &sa);
	deaf.listener = socket(AF_INET, SOCK_STREAM, 0);
	deaf.fd = -1;
	assert_int_equal(bind(deaf.listener, (const struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(deaf.listener, 4), 0);
	len = sizeof(sa);
	assert_int_equal(getsockname(deaf.listener, (struct sockaddr *)&sa, &len), 0);
	assert_true(endpoint_from_sockaddr((const struct sockaddr *)&sa, len, &S(2)->address));
	assert_ok(tls_context_new(&S(2)->identity, &deaf.ctx, &err), &err);
	assert_ok(tls_stream_new(deaf.ctx, TLS_SERVER, &deaf.tls, &err), &err);
}

static void deaf_end(void)
{
	tls_stream_free(deaf.tls);
	tls_context_free(deaf.ctx);
	close(deaf.fd);
	close(deaf.listener);
}

static void deaf_handshake(void)
{
	uint8_t bytes[4096], plain[64];
	struct error err;
	size_t len;
	ssize_t n = recv(deaf.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0) {
		assert_ok(tls_feed(deaf.tls, bytes, (size_t)n, &err), &err);
		assert_ok(tls_read(deaf.tls, plain, sizeof(plain), &len, &err), &err);
	}
	len = tls_take(deaf.tls, bytes, sizeof(bytes));
	if (len)
		assert_int_equal(send(deaf.fd, bytes, len, 0), len);
}

static bool connected_to_the_deaf(void *arg)
{
	struct pollfd waiting = { .fd = deaf.listener, .events = POLLIN };

	if (deaf.fd < 0 && poll(&waiting, 1, 0) == 1)
		deaf.fd = accept(deaf.listener, NULL, NULL);
	if (deaf.fd >= 0 && !tls_established(deaf.tls))
		deaf_handshake();
	return tls_established(deaf.tls) && status_of(S(1), S(2)).connected;
}

static struct raft_entry *filler;

static bool given_up(void *arg)
{
	struct raft_message m = message_between(S(1), S(2), 1);

	m.type = RAFT_APPEND;
	m.entries = &filler;
	m.entry_count = 1;
	for (int i = 0; i < 20; i++)
		transport_send(S(1)->t, &m, NULL);
	assert_true(status_of(S(1), S(2)).queued_messages <= TRANSPORT_QUEUE_MESSAGES);
	assert_true(status_of(S(1), S(2)).queued_bytes <= TRANSPORT_QUEUE_BYTES);
	return S(1)->events[TRANSPORT_PEER_DOWN] > 0;
}

static void a_peer_that_reads_nothing_costs_a_bounded_queue_and_is_given_up(void **state)
{
	filler = malloc(sizeof(*filler) + 100000);
	*filler = (struct raft_entry){ .index = 1, .term = 1, .refs = 1, .len = 100000 };
	memset(filler->data, 'x', filler->len);
	server_close(S(2));
	deaf_listen();
	transport_set_timing(S(1)->t, &hasty);
	introduce(S(1), S(2));
	send_round(S(1), S(2), 1);
	WAIT_UNTIL(connected_to_the_deaf, NULL);
	WAIT_UNTIL(given_up, NULL);
	assert_non_null(strstr(S(1)->reasons[TRANSPORT_PEER_DOWN], "takes no data"));
	assert_true(status_of(S(1), S(2)).dropped > 0);
	raft_entry_unref(filler);
	deaf_end();
	assert_true(endpoint_parse("127.0.0.1:0", &S(2)->address));
}

/* The linker puts this in the place of tls_stream_new(). */
static bool no_memory;
int __real_tls_stream_new(const struct tls_context *ctx, enum tls_side side,
			  struct tls_stream **ret, struct error *err);
int __wrap_tls_stream_new(const struct tls_context *ctx, enum tls_side side,
			  struct tls_stream **ret, struct error *err);

int __wrap_tls_stream_new(const struct tls_context *ctx, enum tls_side side,
			  struct tls_stream **ret, struct error *err)
{
	if (no_memory)
		return error_set(err, ERR_MEMORY, "no memory");
	return __real_tls_stream_new(ctx, side, ret, err);
}

static void want_of_memory_turns_away_and_passes(void **state)
{
	int fds[5];

	no_memory = true;
	for (int i = 0; i < 5; i++)
		fds[i] = connect_plain();
	for (int i = 0; i < 5; i++) {
		WAIT_UNTIL(is_hung_up, &fds[i]);
		close(fds[i]);
	}
	no_memory = false;
	assert_int_equal(S(1)->events[TRANSPORT_REFUSED], 5);
	expect_reason(S(1), "no memory");
	expect_service();
}

static int stop(void **state)
{
	no_memory = false;
	for (size_t i = 0; i < sizeof(attackers) / sizeof(attackers[0]); i++)
		attacker_end(&attackers[i]);
	return cluster_stop(state);
}

#define with_cluster(test) cmocka_unit_test_setup_teardown(test, cluster_start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_cluster(plain_garbage_is_hung_up_on),
		with_cluster(silence_is_not_waited_for_long),
		with_cluster(a_flood_of_strangers_locks_nobody_out),
		with_cluster(an_oversized_frame_is_hung_up_on_at_its_head),
		with_cluster(an_empty_frame_is_hung_up_on),
		with_cluster(garbage_inside_a_frame_is_hung_up_on),
		with_cluster(half_a_frame_is_not_waited_for_long),
		with_cluster(a_member_cannot_speak_for_another_nor_to_another),
		with_cluster(a_dripping_frame_is_not_waited_for_long),
		with_cluster(a_stream_that_is_cut_anywhere_makes_progress),
		with_cluster(an_administrator_is_no_server),
		with_cluster(one_node_has_few_connections),
		with_cluster(want_of_memory_turns_away_and_passes),
		with_cluster(a_peer_that_reads_nothing_costs_a_bounded_queue_and_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
