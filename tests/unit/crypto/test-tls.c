// SPDX-License-Identifier: Apache-2.0
/* crypto: two TLS state machines talk through memory; what is not of the mesh does not get in. */
#include "../cmocka.h"

#include <stdio.h>
#include <time.h>

#include "crypto/random.h"
#include "crypto/tls.h"
#include "fixtures.h"

struct side {
	struct tls_stream *tls;
	struct error err;
	int result;		/* the first error of tls_read or tls_feed */
	uint8_t got[512 * 1024];
	size_t got_len;
};

static struct side a, b;

static void open_side(struct side *s, const struct identity *id, enum tls_side side)
{
	struct tls_context *ctx;

	memset(s, 0, sizeof(*s));
	assert_ok(tls_context_new(id, &ctx, &s->err), &s->err);
	assert_ok(tls_stream_new(ctx, side, &s->tls, &s->err), &s->err);
	tls_context_free(ctx);	/* streams outlive it */
}

static void close_sides(void)
{
	tls_stream_free(a.tls);
	tls_stream_free(b.tls);
}

static void read_all(struct side *s)
{
	size_t n = 1;

	while (!s->result && n) {
		n = 0;
		s->result = tls_read(s->tls, s->got + s->got_len, sizeof(s->got) - s->got_len, &n,
				     &s->err);
		s->got_len += n;
	}
}

/* Move what waits, at most @step bytes at once; false when there was nothing. */
static bool move(struct side *from, struct side *to, size_t step)
{
	uint8_t chunk[16 * 1024];
	size_t n = tls_take(from->tls, chunk, step < sizeof(chunk) ? step : sizeof(chunk));

	if (n && !to->result) {
		to->result = tls_feed(to->tls, chunk, n, &to->err);
		read_all(to);
	}
	return n > 0;
}

static void talk(size_t step)
{
	bool moved = true;

	read_all(&a);
	while (moved) {
		moved = move(&a, &b, step);
		moved |= move(&b, &a, step);
	}
}

static void write_whole(struct side *from, const uint8_t *data, size_t len, size_t step)
{
	while (len) {
		size_t n;

		assert_ok(tls_write(from->tls, data, len, &n, &from->err), &from->err);
		assert_true(tls_output(from->tls) <= TLS_OUTPUT_MAX);
		data += n;
		len -= n;
		talk(step);
	}
}

static void expect_established(const char *a_name, const char *b_name)
{
	assert_ok(a.result, &a.err);
	assert_ok(b.result, &b.err);
	assert_true(tls_established(a.tls));
	assert_true(tls_established(b.tls));
	assert_string_equal(tls_peer(a.tls)->subject.name, b_name);
	assert_string_equal(tls_peer(b.tls)->subject.name, a_name);
}

static void members_talk_whatever_the_pieces(void **state)
{
	static const size_t steps[] = { 1, 7, 1000, 16 * 1024 };
	static uint8_t data[200 * 1024];
	struct ca *ca = fixture_ca("m1", time(NULL));
	struct identity n1 = fixture_node(ca, "n1", time(NULL), DAY);
	struct identity n2 = fixture_node(ca, "n2", time(NULL), DAY);

	(void)state;
	assert_int_equal(random_bytes(data, sizeof(data), NULL), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		size_t len = steps[i] < 100 ? 5000 : sizeof(data);

		open_side(&a, &n1, TLS_CLIENT);
		open_side(&b, &n2, TLS_SERVER);
		assert_null(tls_peer(a.tls));
		talk(steps[i]);
		expect_established("n1", "n2");
		write_whole(&a, data, len, steps[i]);
		write_whole(&b, data, len, steps[i]);
		assert_int_equal(b.got_len, len);
		assert_memory_equal(b.got, data, len);
		assert_int_equal(a.got_len, len);
		assert_memory_equal(a.got, data, len);
		close_sides();
	}
	identity_fini(&n1);
	identity_fini(&n2);
	ca_free(ca);
}

/* No plaintext for either before both have proven themselves; who refuses says why. */
static void expect_refused(const struct identity *client, const struct identity *server)
{
	size_t n = 0;

	open_side(&a, client, TLS_CLIENT);
	open_side(&b, server, TLS_SERVER);
	talk(16 * 1024);
	assert_true(a.result == -ERR_UNAUTHENTICATED || b.result == -ERR_UNAUTHENTICATED);
	assert_false(tls_established(b.tls));
	assert_true(tls_write(b.tls, "x", 1, &n, NULL) < 0);
	assert_int_equal(a.got_len + b.got_len, 0);
	close_sides();
}

static void a_foreign_ca_gets_in_on_neither_side(void **state)
{
	struct ca *ca = fixture_ca("m1", time(NULL)), *foreign = fixture_ca("m1", time(NULL));
	struct identity ours = fixture_node(ca, "n1", time(NULL), DAY);
	struct identity theirs = fixture_node(foreign, "n2", time(NULL), DAY);

	(void)state;
	expect_refused(&theirs, &ours);
	expect_refused(&ours, &theirs);
	identity_fini(&ours);
	identity_fini(&theirs);
	ca_free(foreign);
	ca_free(ca);
}

/* A client that trusts both CAs presents the other's certificate: only the server can refuse. */
static void a_client_learns_that_it_was_refused(void **state)
{
	struct ca *ca = fixture_ca("m1", time(NULL)), *foreign = fixture_ca("m1", time(NULL));
	struct identity ours = fixture_node(ca, "n1", time(NULL), DAY);
	struct identity theirs = fixture_node(foreign, "n2", time(NULL), DAY);
	char both[2 * CERT_PEM_MAX];

	(void)state;
	snprintf(both, sizeof(both), "%s%s", ca_cert_pem(ca), ca_cert_pem(foreign));
	free(theirs.ca_pem);
	theirs.ca_pem = strdup(both);
	open_side(&a, &theirs, TLS_CLIENT);
	open_side(&b, &ours, TLS_SERVER);
	talk(16 * 1024);
	assert_int_equal(b.result, -ERR_UNAUTHENTICATED);
	assert_non_null(strstr(b.err.text, "not acceptable"));
	assert_int_equal(a.result, -ERR_UNAUTHENTICATED);
	close_sides();
	identity_fini(&ours);
	identity_fini(&theirs);
	ca_free(foreign);
	ca_free(ca);
}

static void an_expired_certificate_does_not_get_in(void **state)
{
	int64_t before = time(NULL) - 10 * DAY;
	struct ca *ca = fixture_ca("m1", before);
	struct identity ours = fixture_node(ca, "n1", time(NULL), DAY);
	struct identity old = fixture_node(ca, "n2", before, DAY);

	(void)state;
	expect_refused(&old, &ours);
	expect_refused(&ours, &old);
	identity_fini(&ours);
	identity_fini(&old);
	ca_free(ca);
}

/* An operator's CA may sign for two meshes: its word is then not enough. */
static void another_mesh_of_the_same_ca_does_not_get_in(void **state)
{
	struct ca *ca = fixture_ca("m1", time(NULL));
	struct identity n1 = fixture_node(ca, "n1", time(NULL), DAY);
	struct identity n2 = fixture_node(ca, "n2", time(NULL), DAY);

	(void)state;
	strcpy(n2.info.subject.mesh_id, "m2");	/* this side believes to be of m2 */
	open_side(&a, &n1, TLS_CLIENT);
	open_side(&b, &n2, TLS_SERVER);
	talk(16 * 1024);
	assert_int_equal(b.result, -ERR_UNAUTHENTICATED);
	assert_non_null(strstr(b.err.text, "not of this mesh"));
	assert_false(tls_established(b.tls));
	close_sides();
	identity_fini(&n1);
	identity_fini(&n2);
	ca_free(ca);
}

static void an_administrator_can_call_but_not_serve(void **state)
{
	struct ca *ca = fixture_ca("m1", time(NULL));
	struct subject root = { .kind = SUBJECT_ADMIN, .mesh_id = "m1", .name = "root" };
	struct identity admin = fixture_identity(ca, &root, time(NULL), DAY);
	struct identity node = fixture_node(ca, "n1", time(NULL), DAY);

	(void)state;
	open_side(&a, &admin, TLS_CLIENT);
	open_side(&b, &node, TLS_SERVER);
	talk(16 * 1024);
	expect_established("root", "n1");
	assert_int_equal(tls_peer(b.tls)->subject.kind, SUBJECT_ADMIN);
	close_sides();
	expect_refused(&node, &admin);
	identity_fini(&admin);
	identity_fini(&node);
	ca_free(ca);
}

static void garbage_and_altered_records_end_the_stream(void **state)
{
	struct ca *ca = fixture_ca("m1", time(NULL));
	struct identity n1 = fixture_node(ca, "n1", time(NULL), DAY);
	struct identity n2 = fixture_node(ca, "n2", time(NULL), DAY);
	uint8_t chunk[1024];
	size_t n;

	(void)state;
	open_side(&b, &n2, TLS_SERVER);
	assert_ok(tls_feed(b.tls, "GET / HTTP/1.1\r\n\r\n", 18, &b.err), &b.err);
	read_all(&b);
	assert_int_equal(b.result, -ERR_UNAUTHENTICATED);
	assert_true(tls_read(b.tls, chunk, sizeof(chunk), &n, &b.err) < 0);
	tls_stream_free(b.tls);

	open_side(&a, &n1, TLS_CLIENT);
	open_side(&b, &n2, TLS_SERVER);
	talk(16 * 1024);
	expect_established("n1", "n2");
	assert_ok(tls_write(a.tls, "hello", 5, &n, &a.err), &a.err);
	n = tls_take(a.tls, chunk, sizeof(chunk));
	chunk[n - 3] ^= 1;
	assert_ok(tls_feed(b.tls, chunk, n, &b.err), &b.err);
	read_all(&b);
	assert_true(b.result < 0);
	assert_int_equal(b.got_len, 0);
	close_sides();
	identity_fini(&n1);
	identity_fini(&n2);
	ca_free(ca);
}

static void what_nobody_reads_or_takes_is_bounded(void **state)
{
	struct ca *ca = fixture_ca("m1", time(NULL));
	struct identity n1 = fixture_node(ca, "n1", time(NULL), DAY);
	struct identity n2 = fixture_node(ca, "n2", time(NULL), DAY);
	static uint8_t data[1024 * 1024];
	uint8_t chunk[4096];
	size_t n, fed = 0;
	int r = 0;

	(void)state;
	open_side(&a, &n1, TLS_CLIENT);
	open_side(&b, &n2, TLS_SERVER);
	talk(16 * 1024);
	expect_established("n1", "n2");
	assert_ok(tls_write(a.tls, data, sizeof(data), &n, &a.err), &a.err);
	assert_in_range(n, TLS_OUTPUT_MAX / 2, TLS_OUTPUT_MAX);
	assert_ok(tls_write(a.tls, data, sizeof(data), &n, &a.err), &a.err);
	assert_int_equal(n, 0);
	while (!r) {
		n = tls_take(a.tls, chunk, sizeof(chunk));
		r = tls_feed(b.tls, chunk, n, &b.err);
		if (!r)
			fed += n;
	}
	assert_int_equal(r, -ERR_EXHAUSTED);
	assert_true(fed <= TLS_INPUT_MAX);
	close_sides();
	identity_fini(&n1);
	identity_fini(&n2);
	ca_free(ca);
}

static void an_orderly_end_is_told_from_a_broken_one(void **state)
{
	struct ca *ca = fixture_ca("m1", time(NULL));
	struct identity n1 = fixture_node(ca, "n1", time(NULL), DAY);
	struct identity n2 = fixture_node(ca, "n2", time(NULL), DAY);

	(void)state;
	open_side(&a, &n1, TLS_CLIENT);
	open_side(&b, &n2, TLS_SERVER);
	talk(16 * 1024);
	expect_established("n1", "n2");
	tls_close(a.tls);
	talk(16 * 1024);
	assert_int_equal(b.result, -ERR_UNAVAILABLE);
	close_sides();
	identity_fini(&n1);
	identity_fini(&n2);
	ca_free(ca);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_talk_whatever_the_pieces),
		cmocka_unit_test(a_foreign_ca_gets_in_on_neither_side),
		cmocka_unit_test(a_client_learns_that_it_was_refused),
		cmocka_unit_test(an_expired_certificate_does_not_get_in),
		cmocka_unit_test(another_mesh_of_the_same_ca_does_not_get_in),
		cmocka_unit_test(an_administrator_can_call_but_not_serve),
		cmocka_unit_test(garbage_and_altered_records_end_the_stream),
		cmocka_unit_test(what_nobody_reads_or_takes_is_bounded),
		cmocka_unit_test(an_orderly_end_is_told_from_a_broken_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
