// SPDX-License-Identifier: Apache-2.0
/* dns: whole zones for those who have a key, and what is told to those who have none, or a wrong one. */
#include "zones.h"

#include <libknot/libknot.h>
#include <stdlib.h>
#include <time.h>

#include "dns/answer.h"

#define KEY "hmac-sha256:backup.key:c2VjcmV0IG9mIHRoZSB0ZXN0"

enum { MANY = 3000 };

struct asked {
	uint8_t query[512], out[DNS_MESSAGE_MAX];
	uint8_t mac[64];
	size_t query_len, mac_len, len;
	struct transfer *transfer;
};

struct fixture {
	struct zone *zone;
	struct dns_keys *keys;
	knot_tsig_key_t key;	/* the client's */
	struct asked a;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->zone = test_zone();
	assert_int_equal(dns_keys_parse("# of the tests\n\n" KEY "\n", &f->keys, NULL), 0);
	assert_int_equal(knot_tsig_key_init_str(&f->key, KEY), KNOT_EOK);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	transfer_free(f->a.transfer);
	knot_tsig_key_deinit(&f->key);
	dns_keys_free(f->keys);
	zone_unref(f->zone);
	free(f);
	return 0;
}

/* ---- asking ---- */

static void make_query(struct asked *a, const char *name, uint16_t type)
{
	uint8_t wire[ZONE_NAME_MAX];
	knot_pkt_t *pkt;

	memset(a->query, 0, sizeof(a->query));
	pkt = knot_pkt_new(a->query, sizeof(a->query), NULL);
	assert_non_null(pkt);
	assert_non_null(knot_dname_from_str(wire, name, sizeof(wire)));
	knot_wire_set_id(pkt->wire, 0xabcd);
	assert_int_equal(knot_pkt_put_question(pkt, wire, KNOT_CLASS_IN, type), KNOT_EOK);
	a->query_len = pkt->size;
	knot_pkt_free(pkt);
}

static void sign_query(struct asked *a, const knot_tsig_key_t *key)
{
	a->mac_len = sizeof(a->mac);
	assert_int_equal(knot_tsig_sign(a->query, &a->query_len, sizeof(a->query), NULL, 0, a->mac,
					&a->mac_len, key, 0, 0), KNOT_EOK);
}

static void ask(struct fixture *f, bool tcp)
{
	const struct dns_source source = { .zone = f->zone, .keys = f->keys };
	const struct dns_query query = { f->a.query, f->a.query_len, tcp };

	transfer_free(f->a.transfer);
	f->a.transfer = NULL;
	f->a.len = dns_answer(&source, &query, f->a.out, &f->a.transfer);
}

/* The answer's code, and that of its signature. */
static void assert_codes(struct fixture *f, uint16_t code, uint16_t signature_code)
{
	knot_pkt_t *reply = knot_pkt_new(f->a.out, (uint16_t)f->a.len, NULL);

	assert_null(f->a.transfer);
	assert_int_equal(knot_pkt_parse(reply, 0), KNOT_EOK);
	assert_int_equal(knot_wire_get_rcode(f->a.out), code);
	assert_int_equal(knot_wire_get_ancount(f->a.out), 0);
	assert_int_equal(reply->tsig_rr != NULL, signature_code != 0);
	if (signature_code)
		assert_int_equal(knot_tsig_rdata_error(reply->tsig_rr), signature_code);
	knot_pkt_free(reply);
}

/* ---- what comes ---- */

struct counts {
	size_t messages, records, types[256];
	uint16_t first, last;
};

/* Each message is signed with the one before it, as a client demands. */
static void check_signature(struct fixture *f, knot_pkt_t *reply, size_t number)
{
	int r;

	assert_non_null(reply->tsig_rr);
	if (number == 0)
		r = knot_tsig_client_check(reply->tsig_rr, reply->wire, reply->size, f->a.mac,
					   f->a.mac_len, &f->key, 0);
	else
		r = knot_tsig_client_check_next(reply->tsig_rr, reply->wire, reply->size, f->a.mac,
						f->a.mac_len, &f->key, 0);
	assert_int_equal(r, KNOT_EOK);
	f->a.mac_len = knot_tsig_rdata_mac_length(reply->tsig_rr);
	memcpy(f->a.mac, knot_tsig_rdata_mac(reply->tsig_rr), f->a.mac_len);
}

static void take(struct fixture *f, struct counts *counts)
{
	*counts = (struct counts){ 0 };
	while ((f->a.len = transfer_next(f->a.transfer, f->a.out))) {
		knot_pkt_t *reply = knot_pkt_new(f->a.out, (uint16_t)f->a.len, NULL);
		const knot_pktsection_t *answer;

		assert_true(f->a.len <= TRANSFER_MESSAGE_MAX);
		assert_int_equal(knot_pkt_parse(reply, 0), KNOT_EOK);
		assert_true(knot_wire_get_aa(f->a.out));
		check_signature(f, reply, counts->messages++);
		answer = knot_pkt_section(reply, KNOT_ANSWER);
		assert_true(answer->count > 0);
		for (uint16_t i = 0; i < answer->count; i++) {
			counts->last = knot_pkt_rr(answer, i)->type;
			counts->types[counts->last]++;
			if (!counts->records++)
				counts->first = counts->last;
		}
		knot_pkt_free(reply);
	}
}

static void ask_all(struct fixture *f, const char *name, uint16_t type, struct counts *counts)
{
	make_query(&f->a, name, type);
	sign_query(&f->a, &f->key);
	ask(f, true);
	assert_int_equal(f->a.len, 0);
	assert_non_null(f->a.transfer);
	take(f, counts);
	assert_int_equal(counts->first, KNOT_RRTYPE_SOA);
	assert_int_equal(counts->last, KNOT_RRTYPE_SOA);
	assert_int_equal(counts->types[KNOT_RRTYPE_SOA], 2);
	assert_int_equal(counts->types[KNOT_RRTYPE_NS], 1);
}

static void who_has_a_key_gets_every_record_once(void **state)
{
	static const uint16_t types[] = { KNOT_RRTYPE_AXFR, KNOT_RRTYPE_IXFR };
	struct fixture *f = *state;
	struct counts counts;

	for (int i = 0; i < 2; i++) {
		ask_all(f, "WebMesh.internal.", types[i], &counts);
		assert_int_equal(counts.types[KNOT_RRTYPE_A], 4);
		assert_int_equal(counts.types[KNOT_RRTYPE_AAAA], 3);
		assert_int_equal(counts.types[KNOT_RRTYPE_TXT], 6);
		assert_int_equal(counts.records, 3 + 4 + 3 + 6);
	}
}

static void a_zone_of_addresses_has_its_own_and_no_others(void **state)
{
	struct fixture *f = *state;
	struct counts counts;
	struct node far = test_node("far", 9, 0);

	far.ipv4.ip.bytes[1] = 18;
	zone_unref(f->zone);
	f->zone = test_zone_begin("webmesh.internal", "n1");
	assert_int_equal(zone_add(f->zone, &far, NULL), 0);
	for (uint8_t i = 1; i < 5; i++)
		test_zone_add(f->zone, (char[]){ (char)('a' + i), 0 }, i, i < 4 ? i : 0);
	assert_int_equal(zone_finish(f->zone, NULL), 0);
	ask_all(f, "16.172.in-addr.arpa.", KNOT_RRTYPE_AXFR, &counts);
	assert_int_equal(counts.types[KNOT_RRTYPE_PTR], 4);
	assert_int_equal(counts.records, 3 + 4);
	ask_all(f, "17.172.in-addr.arpa.", KNOT_RRTYPE_AXFR, &counts);
	assert_int_equal(counts.records, 3);
	ask_all(f, "5.0.4.0.3.0.2.0.1.0.d.f.ip6.arpa.", KNOT_RRTYPE_AXFR, &counts);
	assert_int_equal(counts.types[KNOT_RRTYPE_PTR], 3);
}

static struct zone *many(const char *self)
{
	struct zone *zone = test_zone_begin("webmesh.internal", self);

	for (int i = 0; i < MANY; i++) {
		struct node node = test_node("n", 1, 1);

		snprintf(node.id, sizeof(node.id), "n%d", i);
		node.ipv4.ip.bytes[2] = (uint8_t)(i >> 8);
		node.ipv4.ip.bytes[3] = (uint8_t)i;
		assert_int_equal(zone_add(zone, &node, NULL), 0);
	}
	assert_int_equal(zone_finish(zone, NULL), 0);
	return zone;
}

static void a_large_zone_comes_in_many_messages_and_stays_what_it_was(void **state)
{
	struct fixture *f = *state;
	struct counts counts;

	zone_unref(f->zone);
	f->zone = many("n1");
	make_query(&f->a, "webmesh.internal.", KNOT_RRTYPE_AXFR);
	sign_query(&f->a, &f->key);
	ask(f, true);
	zone_unref(f->zone);
	f->zone = test_zone();
	memset(f->a.query, 0xff, sizeof(f->a.query));
	take(f, &counts);
	assert_int_equal(counts.records, 3 + 3 * MANY);
	assert_true(counts.messages > 5);
}

/* ---- who gets nothing ---- */

static void who_has_no_key_is_refused(void **state)
{
	struct fixture *f = *state;

	make_query(&f->a, "webmesh.internal.", KNOT_RRTYPE_AXFR);
	ask(f, true);
	assert_codes(f, KNOT_RCODE_REFUSED, 0);
}

static void a_key_that_is_not_known_and_a_wrong_secret_are_told_so(void **state)
{
	static const char *const keys[][2] = {
		{ "hmac-sha256:other.key:c2VjcmV0IG9mIHRoZSB0ZXN0", "17" },
		{ "hmac-sha512:backup.key:c2VjcmV0IG9mIHRoZSB0ZXN0", "17" },
		{ "hmac-sha256:backup.key:b3RoZXI=", "16" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		knot_tsig_key_t key;

		assert_int_equal(knot_tsig_key_init_str(&key, keys[i][0]), KNOT_EOK);
		make_query(&f->a, "webmesh.internal.", KNOT_RRTYPE_AXFR);
		sign_query(&f->a, &key);
		ask(f, true);
		assert_codes(f, KNOT_RCODE_NOTAUTH, (uint16_t)atoi(keys[i][1]));
		knot_tsig_key_deinit(&key);
	}
	dns_keys_free(f->keys);
	f->keys = NULL;
	make_query(&f->a, "webmesh.internal.", KNOT_RRTYPE_AXFR);
	sign_query(&f->a, &f->key);
	ask(f, true);
	assert_codes(f, KNOT_RCODE_NOTAUTH, KNOT_RCODE_BADKEY);
}

static void a_byte_that_was_changed_on_the_way_is_noticed(void **state)
{
	struct fixture *f = *state;
	size_t len;

	make_query(&f->a, "webmesh.internal.", KNOT_RRTYPE_AXFR);
	len = f->a.query_len;
	for (size_t i = DNS_HEADER + 1; i < len - 5; i++) {
		if (i == DNS_HEADER + 8)
			continue;	/* a length: then it cannot be read at all */
		make_query(&f->a, "webmesh.internal.", KNOT_RRTYPE_AXFR);
		sign_query(&f->a, &f->key);
		f->a.query[i] ^= 1;
		ask(f, true);
		assert_codes(f, KNOT_RCODE_NOTAUTH, KNOT_RCODE_BADSIG);
	}
}

static void a_question_that_was_recorded_is_worth_nothing_later(void **state)
{
	struct fixture *f = *state;
	knot_pkt_t *reply;

	make_query(&f->a, "webmesh.internal.", KNOT_RRTYPE_AXFR);
	f->a.mac_len = sizeof(f->a.mac);
	/* A request's time is what is given with the code that says it was wrong. */
	assert_int_equal(knot_tsig_sign(f->a.query, &f->a.query_len, sizeof(f->a.query), NULL, 0,
					f->a.mac, &f->a.mac_len, &f->key, KNOT_RCODE_BADTIME,
					(uint64_t)time(NULL) - 7200), KNOT_EOK);
	ask(f, true);
	reply = knot_pkt_new(f->a.out, (uint16_t)f->a.len, NULL);
	assert_int_equal(knot_pkt_parse(reply, 0), KNOT_EOK);
	assert_int_equal(knot_wire_get_rcode(f->a.out), KNOT_RCODE_NOTAUTH);
	assert_int_equal(knot_tsig_rdata_error(reply->tsig_rr), KNOT_RCODE_BADTIME);
	assert_true(knot_tsig_rdata_mac_length(reply->tsig_rr) > 0);
	knot_pkt_free(reply);
	assert_null(f->a.transfer);
}

static void only_a_zone_can_be_had_whole_and_only_over_tcp(void **state)
{
	static const char *const names[] = { "n1.webmesh.internal.", "example.org.", "172.in-addr.arpa.",
					     "0.16.172.in-addr.arpa.", "n9.webmesh.internal." };
	struct fixture *f = *state;

	for (size_t i = 0; i < 5; i++) {
		make_query(&f->a, names[i], KNOT_RRTYPE_AXFR);
		sign_query(&f->a, &f->key);
		ask(f, true);
		assert_null(f->a.transfer);
		assert_int_equal(knot_wire_get_rcode(f->a.out), KNOT_RCODE_NOTAUTH);
	}
	make_query(&f->a, "webmesh.internal.", KNOT_RRTYPE_AXFR);
	sign_query(&f->a, &f->key);
	ask(f, false);
	assert_null(f->a.transfer);
	assert_int_equal(knot_wire_get_rcode(f->a.out), KNOT_RCODE_FORMERR);
}

static void a_question_with_a_signature_gets_an_answer_with_one(void **state)
{
	struct fixture *f = *state;
	knot_pkt_t *reply;

	for (int tcp = 0; tcp < 2; tcp++) {
		make_query(&f->a, "n1.webmesh.internal.", KNOT_RRTYPE_TXT);
		sign_query(&f->a, &f->key);
		ask(f, tcp);
		assert_true(tcp || f->a.len <= DNS_UDP_MIN);
		reply = knot_pkt_new(f->a.out, (uint16_t)f->a.len, NULL);
		assert_int_equal(knot_pkt_parse(reply, 0), KNOT_EOK);
		assert_int_equal(knot_wire_get_ancount(f->a.out), 1);
		check_signature(f, reply, 0);
		knot_pkt_free(reply);
	}
}

/* ---- keys ---- */

static void keys_are_read_a_line_each_and_their_secrets_stay_untold(void **state)
{
	static const char *const bad[] = {
		"backup", "hmac-sha256:backup", "hmac-sha256:backup:SECRET!", "hmac-sha9:backup:c2VjcmV0",
		"hmac-md5:backup:c2VjcmV0", "hmac-sha1:backup:c2VjcmV0", "hmac-sha256::c2VjcmV0",
	};
	struct dns_keys *keys;
	struct error err;
	char text[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "# one\n%s\n", bad[i]);
		if (dns_keys_parse(text, &keys, &err) != -ERR_INVALID)
			fail_msg("%s was taken", bad[i]);
		assert_non_null(strstr(err.text, "line 2"));
		assert_null(strstr(err.text, "c2Vj"));
		assert_null(strstr(err.text, "SECRET!"));
	}
	assert_int_equal(dns_keys_parse("  hmac-sha512:a:c2VjcmV0  \r\nhmac-sha224:B.c:c2VjcmV0", &keys,
					&err), 0);
	assert_int_equal(dns_keys_count(keys), 2);
	dns_keys_free(keys);
	assert_int_equal(dns_keys_parse("", &keys, &err), 0);
	assert_int_equal(dns_keys_count(keys), 0);
	dns_keys_free(keys);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_a_key_gets_every_record_once),
		TEST(a_zone_of_addresses_has_its_own_and_no_others),
		TEST(a_large_zone_comes_in_many_messages_and_stays_what_it_was),
		TEST(who_has_no_key_is_refused),
		TEST(a_key_that_is_not_known_and_a_wrong_secret_are_told_so),
		TEST(a_byte_that_was_changed_on_the_way_is_noticed),
		TEST(a_question_that_was_recorded_is_worth_nothing_later),
		TEST(only_a_zone_can_be_had_whole_and_only_over_tcp),
		TEST(a_question_with_a_signature_gets_an_answer_with_one),
		cmocka_unit_test(keys_are_read_a_line_each_and_their_secrets_stay_untold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
