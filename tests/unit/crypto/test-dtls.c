// SPDX-License-Identifier: Apache-2.0
/* Two ends of DTLS in one process, with a line between them that can lose. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../cmocka.h"
#include "crypto/dtls.h"

enum { LINE_MAX_DATAGRAMS = 64 };

struct line {
	struct {
		uint8_t data[2048];
		size_t len;
	} datagrams[LINE_MAX_DATAGRAMS];
	size_t count;
	bool cut;
};

struct side {
	struct dtls_identity *identity;
	struct dtls *dtls;
	struct line out;
	uint8_t got[DTLS_PLAIN_MAX];
	size_t got_len;
	int result;
	struct error err;
};

static void put(const void *datagram, size_t len, void *ctx)
{
	struct line *line = ctx;

	assert_in_range(len, 1, DTLS_DATAGRAM_MAX);
	assert_true(dtls_is_record(datagram, len));
	if (line->cut)
		return;
	assert_true(line->count < LINE_MAX_DATAGRAMS);
	memcpy(line->datagrams[line->count].data, datagram, len);
	line->datagrams[line->count++].len = len;
}

static void make(struct side *side, enum dtls_side which, const uint8_t *peer)
{
	struct dtls_config config = { .identity = side->identity, .side = which, .send = put,
				      .ctx = &side->out };

	memcpy(config.peer, peer, sizeof(config.peer));
	assert_int_equal(dtls_new(&config, &side->dtls, NULL), 0);
}

static void start(struct side *client, struct side *server)
{
	assert_int_equal(dtls_identity_new(&client->identity, NULL), 0);
	assert_int_equal(dtls_identity_new(&server->identity, NULL), 0);
	make(client, DTLS_CLIENT, dtls_identity_fingerprint(server->identity));
	make(server, DTLS_SERVER, dtls_identity_fingerprint(client->identity));
}

static void finish(struct side *side)
{
	dtls_free(side->dtls);
	dtls_identity_free(side->identity);
}

static void carry(struct side *from, struct side *to)
{
	for (size_t i = 0; i < from->out.count && to->result == 0; i++) {
		size_t len;

		dtls_feed(to->dtls, from->out.datagrams[i].data, from->out.datagrams[i].len);
		do {
			len = 0;
			to->result = dtls_read(to->dtls, to->got, sizeof(to->got), &len, &to->err);
			if (len)
				to->got_len = len;
		} while (to->result == 0 && len);
	}
	from->out.count = 0;
}

static void exchange(struct side *a, struct side *b)
{
	while (a->out.count || b->out.count) {
		carry(a, b);
		carry(b, a);
	}
}

static void messages_arrive_as_they_were_sent(void **state)
{
	static struct side client, server;
	uint8_t message[1100];

	client = server = (struct side){ 0 };
	memset(message, 7, sizeof(message));
	start(&client, &server);
	assert_int_equal(dtls_write(client.dtls, message, 1, NULL), -ERR_PRECONDITION);
	assert_int_equal(dtls_start(client.dtls, NULL), 0);
	exchange(&client, &server);
	assert_true(dtls_established(client.dtls) && dtls_established(server.dtls));
	assert_int_equal(dtls_timeout_ms(client.dtls), -1);
	assert_int_equal(dtls_write(client.dtls, message, sizeof(message), NULL), 0);
	assert_int_equal(client.out.count, 1);
	exchange(&client, &server);
	assert_int_equal(server.got_len, sizeof(message));
	assert_memory_equal(server.got, message, sizeof(message));
	dtls_close(server.dtls);
	exchange(&client, &server);
	assert_int_equal(client.result, -ERR_UNAVAILABLE);
	finish(&client);
	finish(&server);
}

static bool has(const struct line *line, const void *bytes, size_t len)
{
	for (size_t i = 0; i < line->count; i++)
		if (memmem(line->datagrams[i].data, line->datagrams[i].len, bytes, len))
			return true;
	return false;
}

static void a_client_that_offers_keys_for_media_hears_of_one_kind(void **state)
{
	/* use_srtp: one profile of two bytes and no MKI (RFC 5764, 4.1.1). */
	static const uint8_t one[] = { 0, 14, 0, 5, 0, 2, 0, 7, 0 };
	static struct side client, server;
	bool told = false;

	client = server = (struct side){ 0 };
	start(&client, &server);
	assert_int_equal(dtls_start(client.dtls, NULL), 0);
	while (client.out.count || server.out.count) {
		carry(&client, &server);
		told = told || has(&server.out, one, sizeof(one));
		carry(&server, &client);
	}
	assert_true(told && dtls_established(client.dtls));
	finish(&client);
	finish(&server);
}

static void another_certificate_is_refused_by_either_side(void **state)
{
	for (int refusing = 0; refusing < 2; refusing++) {
		static struct side sides[2];	/* client, server */
		struct side *who = &sides[refusing];

		sides[0] = sides[1] = (struct side){ 0 };
		start(&sides[0], &sides[1]);
		dtls_free(who->dtls);
		make(who, refusing ? DTLS_SERVER : DTLS_CLIENT,
		     dtls_identity_fingerprint(who->identity));
		assert_int_equal(dtls_start(sides[0].dtls, NULL), 0);
		exchange(&sides[0], &sides[1]);
		assert_int_equal(who->result, -ERR_UNAUTHENTICATED);
		assert_non_null(strstr(who->err.text, "fingerprint"));
		assert_false(dtls_established(who->dtls));
		finish(&sides[0]);
		finish(&sides[1]);
	}
}

static void wait_ms(int ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static void a_flight_that_is_lost_is_sent_again(void **state)
{
	static struct side client, server;
	int due;

	client = server = (struct side){ 0 };
	start(&client, &server);
	client.out.cut = true;
	assert_int_equal(dtls_start(client.dtls, NULL), 0);
	client.out.cut = false;
	due = dtls_timeout_ms(client.dtls);
	assert_in_range(due, 0, 2000);
	wait_ms(due + 1);
	assert_int_equal(dtls_expire(client.dtls, NULL), 0);
	exchange(&client, &server);
	assert_true(dtls_established(client.dtls) && dtls_established(server.dtls));
	finish(&client);
	finish(&server);
}

static void what_is_forged_is_dropped(void **state)
{
	static struct side client, server;
	uint8_t forged[64] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 51 };
	size_t len = 1;

	client = server = (struct side){ 0 };
	start(&client, &server);
	assert_int_equal(dtls_start(client.dtls, NULL), 0);
	exchange(&client, &server);
	dtls_feed(server.dtls, forged, sizeof(forged));
	assert_int_equal(dtls_read(server.dtls, server.got, sizeof(server.got), &len, NULL), 0);
	assert_int_equal(len, 0);
	assert_int_equal(dtls_write(client.dtls, "x", 1, NULL), 0);
	exchange(&client, &server);
	assert_int_equal(server.got_len, 1);
	finish(&client);
	finish(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive_as_they_were_sent),
		cmocka_unit_test(a_client_that_offers_keys_for_media_hears_of_one_kind),
		cmocka_unit_test(another_certificate_is_refused_by_either_side),
		cmocka_unit_test(a_flight_that_is_lost_is_sent_again),
		cmocka_unit_test(what_is_forged_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
