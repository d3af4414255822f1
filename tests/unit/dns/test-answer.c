// SPDX-License-Identifier: Apache-2.0
/* dns: a question on the wire, and what is answered, section by section. */
#include "zones.h"

#include <libknot/libknot.h>
#include <stdlib.h>

#include "base/buf.h"
#include "dns/answer.h"

#define SOA_OF(zone) zone " 60 SOA n1.webmesh.internal. hostmaster.webmesh.internal. 4711 60 30 604800 10\n"
#define NO(zone) zone " 10 SOA n1.webmesh.internal. hostmaster.webmesh.internal. 4711 60 30 604800 10\n"
#define TEXT "\"id=n1\" \"raft_port=9443\" \"grpc_port=8443\" \"wireguard_port=51820\" " \
	     "\"primary_endpoint=192.0.2.1\" \"endpoints=192.0.2.2,2001:db8::1\"\n"
#define N1_A "n1.webmesh.internal. 60 A 172.16.0.1\n"
#define N1_AAAA "n1.webmesh.internal. 60 AAAA fd01:203:405:1::1\n"
#define N1_TXT "n1.webmesh.internal. 60 TXT " TEXT
#define APEX "webmesh.internal."
#define V4 "16.172.in-addr.arpa."
#define V6 "5.0.4.0.3.0.2.0.1.0.d.f.ip6.arpa."
#define ONES6 "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0."

struct asked {
	uint8_t query[512], out[DNS_MESSAGE_MAX];
	size_t query_len, len;
	knot_pkt_t *reply;
};

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
	knot_wire_set_rd(pkt->wire);
	assert_int_equal(knot_pkt_put_question(pkt, wire, KNOT_CLASS_IN, type), KNOT_EOK);
	a->query_len = pkt->size;
	knot_pkt_free(pkt);
}

static void add_opt(struct asked *a, uint16_t payload, uint8_t version)
{
	const uint8_t opt[] = { 0, 0, 41, (uint8_t)(payload >> 8), (uint8_t)payload, 0, version,
				0x80, 0, 0, 0 };

	memcpy(a->query + a->query_len, opt, sizeof(opt));
	a->query_len += sizeof(opt);
	knot_wire_set_arcount(a->query, 1);
}

static void ask_raw(struct asked *a, struct zone *zone, bool tcp)
{
	const struct dns_query query = { .data = a->query, .len = a->query_len, .tcp = tcp };

	a->len = dns_answer(&(struct dns_source){ .zone = zone }, &query, a->out, NULL);
	a->reply = NULL;
	if (!a->len)
		return;
	a->reply = knot_pkt_new(a->out, (uint16_t)a->len, NULL);
	assert_int_equal(knot_pkt_parse(a->reply, 0), KNOT_EOK);
	assert_int_equal(knot_wire_get_id(a->out), knot_wire_get_id(a->query));
	assert_true(knot_wire_get_qr(a->out));
	assert_false(knot_wire_get_ra(a->out));
}

static void ask(struct asked *a, struct zone *zone, const char *name, uint16_t type)
{
	make_query(a, name, type);
	ask_raw(a, zone, false);
	assert_non_null(a->reply);
}

static int code(const struct asked *a)
{
	return knot_pkt_ext_rcode(a->reply);
}

/* Blanks of any length become one. */
static void append_squeezed(struct buf *out, const char *text)
{
	for (; *text; text++)
		if ((*text != ' ' && *text != '\t') || (text[1] != ' ' && text[1] != '\t'))
			buf_append_u8(out, *text == '\t' ? ' ' : (uint8_t)*text);
}

/* A section as text, a record in a line. */
static void assert_section(const struct asked *a, knot_section_t id, const char *expected)
{
	const knot_pktsection_t *section = knot_pkt_section(a->reply, id);
	struct buf all = BUF_INIT(1 << 20);
	size_t cap = 4096;
	char *text = calloc(1, cap);

	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *set = knot_pkt_rr(section, i);

		if (set->type == KNOT_RRTYPE_OPT)
			continue;
		assert_true(knot_rrset_txt_dump(set, &text, &cap, &KNOT_DUMP_STYLE_DEFAULT) > 0);
		append_squeezed(&all, text);
	}
	assert_string_equal(buf_text(&all), expected);
	free(text);
	buf_fini(&all);
}

static void done(struct asked *a)
{
	knot_pkt_free(a->reply);
	a->reply = NULL;
}

/* ---- what a zone has ---- */

static const struct vector {
	const char *name;
	uint16_t type;
	const char *answer, *additional;
} positive[] = {
	{ "n1." APEX, KNOT_RRTYPE_A, N1_A, N1_AAAA N1_TXT },
	{ "n1." APEX, KNOT_RRTYPE_AAAA, N1_AAAA, N1_A N1_TXT },
	{ "n1." APEX, KNOT_RRTYPE_TXT, N1_TXT, N1_A N1_AAAA },
	{ "n1." APEX, KNOT_RRTYPE_ANY, N1_A, "" },
	{ "db.east." APEX, KNOT_RRTYPE_A, "db.east.webmesh.internal. 60 A 172.16.0.77\n",
	  "db.east.webmesh.internal. 60 AAAA fd01:203:405:4d::1\n"
	  "db.east.webmesh.internal. 60 TXT \"id=db.east\" \"raft_port=9443\" \"grpc_port=8443\" "
	  "\"wireguard_port=51820\" \"primary_endpoint=\"\n" },
	{ APEX, KNOT_RRTYPE_SOA, SOA_OF(APEX), N1_A N1_AAAA },
	{ APEX, KNOT_RRTYPE_IXFR, SOA_OF(APEX), N1_A N1_AAAA },
	{ APEX, KNOT_RRTYPE_NS, APEX " 60 NS n1.webmesh.internal.\n", N1_A N1_AAAA },
	{ V4, KNOT_RRTYPE_SOA, SOA_OF(V4), N1_A N1_AAAA },
	{ V4, KNOT_RRTYPE_NS, V4 " 60 NS n1.webmesh.internal.\n", N1_A N1_AAAA },
	{ "31.172.in-addr.arpa.", KNOT_RRTYPE_SOA, SOA_OF("31.172.in-addr.arpa."), N1_A N1_AAAA },
	{ V6, KNOT_RRTYPE_SOA, SOA_OF(V6), N1_A N1_AAAA },
	{ "77.0." V4, KNOT_RRTYPE_PTR, "77.0." V4 " 60 PTR db.east.webmesh.internal.\n", "" },
	{ "77.0." V4, KNOT_RRTYPE_ANY, "77.0." V4 " 60 PTR db.east.webmesh.internal.\n", "" },
	{ ONES6 V6, KNOT_RRTYPE_PTR, ONES6 V6 " 60 PTR n1.webmesh.internal.\n", "" },
};

static void what_is_there_is_answered_with_what_is_asked_for_next(void **state)
{
	struct zone *zone = test_zone();
	struct asked a;

	for (size_t i = 0; i < sizeof(positive) / sizeof(positive[0]); i++) {
		make_query(&a, positive[i].name, positive[i].type);
		add_opt(&a, 4096, 0);
		ask_raw(&a, zone, false);
		assert_int_equal(code(&a), KNOT_RCODE_NOERROR);
		assert_true(knot_wire_get_aa(a.out));
		assert_true(knot_wire_get_rd(a.out));
		assert_section(&a, KNOT_ANSWER, positive[i].answer);
		assert_section(&a, KNOT_AUTHORITY, "");
		assert_section(&a, KNOT_ADDITIONAL, positive[i].additional);
		done(&a);
	}
	zone_unref(zone);
}

static const struct {
	const char *name;
	uint16_t type;
	int code;
	const char *authority;
} negative[] = {
	{ "n9." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NXDOMAIN, NO(APEX) },
	{ "x.n1." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NXDOMAIN, NO(APEX) },
	{ "eas." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NXDOMAIN, NO(APEX) },
	{ "*." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NXDOMAIN, NO(APEX) },
	{ "db\\000east." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NXDOMAIN, NO(APEX) },
	{ "east\\000db." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NXDOMAIN, NO(APEX) },
	{ "n2." APEX, KNOT_RRTYPE_AAAA, KNOT_RCODE_NOERROR, NO(APEX) },
	{ "n3." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NOERROR, NO(APEX) },
	{ "n4." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NOERROR, NO(APEX) },
	{ "n1." APEX, KNOT_RRTYPE_MX, KNOT_RCODE_NOERROR, NO(APEX) },
	{ "n1." APEX, KNOT_RRTYPE_SOA, KNOT_RCODE_NOERROR, NO(APEX) },
	{ "n1." APEX, KNOT_RRTYPE_PTR, KNOT_RCODE_NOERROR, NO(APEX) },
	{ "east." APEX, KNOT_RRTYPE_A, KNOT_RCODE_NOERROR, NO(APEX) },
	{ APEX, KNOT_RRTYPE_A, KNOT_RCODE_NOERROR, NO(APEX) },
	{ "9.0." V4, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V4) },
	{ "1." V4, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V4) },
	{ "01.0." V4, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V4) },
	{ "256.0." V4, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V4) },
	{ "+1.0." V4, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V4) },
	{ "x." V4, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V4) },
	{ "1.1.0." V4, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V4) },
	{ "1.0." V4, KNOT_RRTYPE_A, KNOT_RCODE_NOERROR, NO(V4) },
	{ "0." V4, KNOT_RRTYPE_PTR, KNOT_RCODE_NOERROR, NO(V4) },
	{ "2.0.0." V6, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V6) },
	{ "0.0." V6, KNOT_RRTYPE_PTR, KNOT_RCODE_NOERROR, NO(V6) },
	{ "10." V6, KNOT_RRTYPE_PTR, KNOT_RCODE_NXDOMAIN, NO(V6) },
	{ V6, KNOT_RRTYPE_PTR, KNOT_RCODE_NOERROR, NO(V6) },
};

static void a_name_that_is_not_there_and_a_type_that_it_lacks_are_different_answers(void **state)
{
	struct zone *zone = test_zone();
	struct asked a;

	for (size_t i = 0; i < sizeof(negative) / sizeof(negative[0]); i++) {
		ask(&a, zone, negative[i].name, negative[i].type);
		assert_int_equal(code(&a), negative[i].code);
		assert_true(knot_wire_get_aa(a.out));
		assert_section(&a, KNOT_ANSWER, "");
		assert_section(&a, KNOT_AUTHORITY, negative[i].authority);
		assert_section(&a, KNOT_ADDITIONAL, "");
		done(&a);
	}
	zone_unref(zone);
}

static void of_others_names_nothing_is_said(void **state)
{
	static const char *const names[] = {
		".", "internal.", "example.org.", "xwebmesh.internal.", "in-addr.arpa.", "172.in-addr.arpa.",
		"32.172.in-addr.arpa.", "15.172.in-addr.arpa.", "1.0.0.10.in-addr.arpa.", "ip6.arpa.",
		"016.172.in-addr.arpa.", "4.0.4.0.3.0.2.0.1.0.d.f.ip6.arpa.",
	};
	struct zone *zone = test_zone();
	struct asked a;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ask(&a, zone, names[i], KNOT_RRTYPE_PTR);
		assert_int_equal(code(&a), KNOT_RCODE_REFUSED);
		assert_false(knot_wire_get_aa(a.out));
		assert_section(&a, KNOT_AUTHORITY, "");
		done(&a);
	}
	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	a.query[a.query_len - 1] = KNOT_CLASS_CH;
	ask_raw(&a, zone, false);
	assert_int_equal(code(&a), KNOT_RCODE_REFUSED);
	done(&a);
	zone_unref(zone);
}

static void the_case_of_the_question_is_kept_and_does_not_matter(void **state)
{
	struct zone *zone = test_zone();
	struct asked a;

	ask(&a, zone, "N1.WebMesh.INTERNAL.", KNOT_RRTYPE_A);
	assert_int_equal(code(&a), KNOT_RCODE_NOERROR);
	assert_memory_equal(a.out + DNS_HEADER, "\2N1\7WebMesh\10INTERNAL", 21);
	assert_int_equal(knot_wire_get_ancount(a.out), 1);
	done(&a);
	zone_unref(zone);
}

/* ---- sizes ---- */

static struct zone *long_zone(void)
{
	struct zone *zone = test_zone_begin("webmesh.internal", "n1");
	struct node node = test_node("n1", 1, 1);

	for (node.n_endpoints = 0; node.n_endpoints < NODE_ENDPOINTS_MAX; node.n_endpoints++)
		assert_true(ip_parse("2001:db8:1111:2222:3333:4444:5555:6666",
				     &node.endpoints[node.n_endpoints]));
	assert_int_equal(zone_add(zone, &node, NULL), 0);
	assert_int_equal(zone_finish(zone, NULL), 0);
	return zone;
}

static void what_does_not_fit_is_asked_for_again_over_tcp(void **state)
{
	struct zone *zone = long_zone();
	struct asked a;

	ask(&a, zone, "n1." APEX, KNOT_RRTYPE_TXT);
	assert_true(knot_wire_get_tc(a.out));
	assert_true(a.len <= DNS_UDP_MIN);
	assert_section(&a, KNOT_ANSWER, "");
	done(&a);
	make_query(&a, "n1." APEX, KNOT_RRTYPE_TXT);
	ask_raw(&a, zone, true);
	assert_false(knot_wire_get_tc(a.out));
	assert_true(a.len > DNS_UDP_MIN);
	assert_int_equal(knot_wire_get_ancount(a.out), 1);
	assert_int_equal(knot_wire_get_arcount(a.out), 2);
	done(&a);
	make_query(&a, "n1." APEX, KNOT_RRTYPE_TXT);
	add_opt(&a, DNS_UDP_MAX, 0);
	ask_raw(&a, zone, false);
	assert_false(knot_wire_get_tc(a.out));
	assert_int_equal(knot_wire_get_ancount(a.out), 1);
	done(&a);
	zone_unref(zone);
}

static void what_was_not_asked_for_is_left_out_without_a_word(void **state)
{
	struct zone *zone = long_zone();
	struct asked a;

	ask(&a, zone, "n1." APEX, KNOT_RRTYPE_A);
	assert_false(knot_wire_get_tc(a.out));
	assert_section(&a, KNOT_ANSWER, N1_A);
	assert_section(&a, KNOT_ADDITIONAL, N1_AAAA);
	done(&a);
	zone_unref(zone);
}

static void a_payload_is_taken_within_bounds(void **state)
{
	static const uint16_t payloads[] = { 0, 100, 512, 1232, 4096, 65535 };
	struct zone *zone = long_zone();
	struct asked a;

	for (size_t i = 0; i < 6; i++) {
		make_query(&a, "n1." APEX, KNOT_RRTYPE_TXT);
		add_opt(&a, payloads[i], 0);
		ask_raw(&a, zone, false);
		assert_true(a.len <= (payloads[i] <= 512 ? DNS_UDP_MIN : DNS_UDP_MAX));
		assert_int_equal(knot_wire_get_tc(a.out) != 0, payloads[i] <= 512);
		assert_int_equal(knot_edns_get_payload(a.reply->opt_rr), DNS_UDP_MAX);
		assert_true(knot_edns_do(a.reply->opt_rr));
		done(&a);
	}
	zone_unref(zone);
}

static void another_version_of_edns_is_told_which_one_there_is(void **state)
{
	struct zone *zone = test_zone();
	struct asked a;

	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	add_opt(&a, 1232, 1);
	ask_raw(&a, zone, false);
	assert_int_equal(code(&a), KNOT_RCODE_BADVERS);
	assert_int_equal(knot_edns_get_version(a.reply->opt_rr), 0);
	assert_section(&a, KNOT_ANSWER, "");
	done(&a);
	ask(&a, zone, "n1." APEX, KNOT_RRTYPE_A);
	assert_null(a.reply->opt_rr);
	done(&a);
	zone_unref(zone);
}

static void who_asks_too_much_is_sent_to_tcp(void **state)
{
	struct asked a;

	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	a.len = dns_answer_truncated(&(struct dns_query){ a.query, a.query_len, false }, a.out);
	assert_int_equal(a.len, a.query_len);
	assert_true(knot_wire_get_tc(a.out) && knot_wire_get_qr(a.out));
	assert_memory_equal(a.out + DNS_HEADER, a.query + DNS_HEADER, a.len - DNS_HEADER);
}

/* ---- what is no question ---- */

static void an_answer_and_a_piece_of_a_header_are_not_answered(void **state)
{
	struct zone *zone = test_zone();
	struct asked a;

	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	knot_wire_set_qr(a.query);
	ask_raw(&a, zone, false);
	assert_int_equal(a.len, 0);
	for (a.query_len = 0; a.query_len < DNS_HEADER; a.query_len++) {
		memset(a.query, 0, sizeof(a.query));
		ask_raw(&a, zone, false);
		assert_int_equal(a.len, 0);
	}
	zone_unref(zone);
}

static void assert_code(struct asked *a, struct zone *zone, int expected)
{
	ask_raw(a, zone, false);
	assert_non_null(a->reply);
	assert_int_equal(code(a), expected);
	assert_int_equal(knot_wire_get_ancount(a->out), 0);
	done(a);
}

static void what_cannot_be_read_is_told_so(void **state)
{
	struct zone *zone = test_zone();
	struct asked a;
	size_t whole;

	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	whole = a.query_len;
	for (size_t len = DNS_HEADER; len < whole; len++) {
		make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
		a.query_len = len;
		assert_code(&a, zone, KNOT_RCODE_FORMERR);
	}
	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	knot_wire_set_qdcount(a.query, 2);
	assert_code(&a, zone, KNOT_RCODE_FORMERR);
	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	knot_wire_set_qdcount(a.query, 0);
	assert_code(&a, zone, KNOT_RCODE_FORMERR);
	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	add_opt(&a, 1232, 0);
	knot_wire_set_arcount(a.query, 3);
	assert_code(&a, zone, KNOT_RCODE_FORMERR);
	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	a.query[a.query_len++] = 0;
	assert_code(&a, zone, KNOT_RCODE_FORMERR);
	zone_unref(zone);
}

static void what_is_not_done_is_told_so(void **state)
{
	static const uint8_t opcodes[] = { 1, 2, KNOT_OPCODE_NOTIFY, KNOT_OPCODE_UPDATE, 15 };
	static const uint16_t types[] = { KNOT_RRTYPE_OPT, KNOT_RRTYPE_TSIG, KNOT_RRTYPE_TKEY, 253, 254,
					  KNOT_RRTYPE_AXFR };
	struct zone *zone = test_zone();
	struct asked a;

	for (size_t i = 0; i < sizeof(opcodes); i++) {
		make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
		knot_wire_set_opcode(a.query, opcodes[i]);
		assert_code(&a, zone, KNOT_RCODE_NOTIMPL);
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		make_query(&a, APEX, types[i]);
		assert_code(&a, zone, KNOT_RCODE_FORMERR);
	}
	make_query(&a, "n1." APEX, KNOT_RRTYPE_A);
	assert_code(&a, NULL, KNOT_RCODE_SERVFAIL);
	zone_unref(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_answered_with_what_is_asked_for_next),
		cmocka_unit_test(a_name_that_is_not_there_and_a_type_that_it_lacks_are_different_answers),
		cmocka_unit_test(of_others_names_nothing_is_said),
		cmocka_unit_test(the_case_of_the_question_is_kept_and_does_not_matter),
		cmocka_unit_test(what_does_not_fit_is_asked_for_again_over_tcp),
		cmocka_unit_test(what_was_not_asked_for_is_left_out_without_a_word),
		cmocka_unit_test(a_payload_is_taken_within_bounds),
		cmocka_unit_test(another_version_of_edns_is_told_which_one_there_is),
		cmocka_unit_test(who_asks_too_much_is_sent_to_tcp),
		cmocka_unit_test(an_answer_and_a_piece_of_a_header_are_not_answered),
		cmocka_unit_test(what_cannot_be_read_is_told_so),
		cmocka_unit_test(what_is_not_done_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
