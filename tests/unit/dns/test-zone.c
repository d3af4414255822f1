// SPDX-License-Identifier: Apache-2.0
/* dns: names to nodes and back, for few nodes and for many. */
#include "zones.h"

#include <libknot/libknot.h>
#include <stdlib.h>

#include "dns/apex.h"
#include "dns/lookup.h"

enum { MANY = 50000 };

static void look_up(const struct zone *zone, const char *name, struct zone_match *ret,
		    uint8_t wire[ZONE_NAME_MAX])
{
	assert_non_null(knot_dname_from_str(wire, name, ZONE_NAME_MAX));
	zone_lookup(zone, wire, ret);
}

static void assert_name(const uint8_t *wire, const char *expected)
{
	char text[1024];

	assert_non_null(knot_dname_to_str(text, wire, sizeof(text)));
	assert_string_equal(text, expected);
}

static void names_of_nodes_and_addresses_are_each_others_inverse(void **state)
{
	static const char *const ids[] = { "a", "db.east", "a.b.c", "x.y", "n-1" };
	struct zone *zone = test_zone_begin("m.example", "a");
	uint8_t wire[ZONE_NAME_MAX], again[ZONE_NAME_MAX];
	struct zone_match match;
	char id[NODE_ID_MAX + 1], name[300];

	for (uint8_t i = 0; i < 5; i++)
		test_zone_add(zone, ids[i], (uint8_t)(i + 1), (uint8_t)(i + 16));
	assert_int_equal(zone_finish(zone, NULL), 0);
	for (uint8_t i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "%s.m.example.", ids[i]);
		look_up(zone, name, &match, wire);
		assert_int_equal(match.answer, ZONE_FOUND);
		assert_string_equal(zone_host_id(match.host, id), ids[i]);
		zone_host_name(zone, match.host, again);
		assert_name(again, name);
		for (enum zone_part part = ZONE_IPV4; part < ZONE_PARTS; part++) {
			struct zone_match back;

			zone_address_name(zone_host_address(match.host, part), wire);
			zone_lookup(zone, wire, &back);
			assert_int_equal(back.part, part);
			assert_ptr_equal(back.host, match.host);
		}
	}
	zone_unref(zone);
}

static void an_address_has_its_name_as_the_standard_writes_it(void **state)
{
	uint8_t wire[ZONE_NAME_MAX];
	struct ip ip;

	assert_true(ip_parse("172.16.200.9", &ip));
	zone_address_name(&ip, wire);
	assert_name(wire, "9.200.16.172.in-addr.arpa.");
	assert_true(ip_parse("2001:db8::567:89ab", &ip));
	zone_address_name(&ip, wire);
	/* RFC 3596, 2.5, with another prefix */
	assert_name(wire, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.");
}

static void a_small_network_has_a_zone_for_each_address(void **state)
{
	struct mesh mesh = test_mesh("m.example");
	const struct zone_config config = { .mesh = &mesh, .self = "a", .serial = 1 };
	uint8_t wire[ZONE_NAME_MAX];
	struct zone_match match;
	struct zone *zone;

	assert_true(prefix_parse("10.1.2.4/30", &mesh.ipv4));
	assert_int_equal(zone_new(&config, &zone, NULL), 0);
	assert_int_equal(zone_finish(zone, NULL), 0);
	look_up(zone, "7.2.1.10.in-addr.arpa.", &match, wire);
	assert_true(match.is_apex && match.answer == ZONE_FOUND && !match.host);
	look_up(zone, "8.2.1.10.in-addr.arpa.", &match, wire);
	assert_int_equal(match.answer, ZONE_OUTSIDE);
	look_up(zone, "2.1.10.in-addr.arpa.", &match, wire);
	assert_int_equal(match.answer, ZONE_OUTSIDE);
	zone_unref(zone);
}

struct apexes {
	const struct zone *zone;
	int count;
};

static int check_apex(const char *name, void *data)
{
	struct apexes *apexes = data;
	uint8_t wire[ZONE_NAME_MAX];
	struct zone_match match;

	look_up(apexes->zone, name, &match, wire);
	assert_true(match.is_apex);
	apexes->count++;
	return 0;
}

static void every_apex_that_is_told_is_one(void **state)
{
	static const struct {
		const char *ipv4, *ula;
		int count;
	} networks[] = {
		{ "172.16.0.0/12", "fd01:203:405::/48", 1 + 16 + 1 },
		{ "10.0.0.0/8", "fd01:203::/32", 1 + 1 + 1 },
		{ "10.128.0.0/9", "fd01:203::/33", 1 + 128 + 8 },
		{ "10.1.2.4/30", "fd01:203:405:600::/55", 1 + 4 + 2 },
	};

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		struct mesh mesh = test_mesh("m.example");
		const struct zone_config config = { .mesh = &mesh, .self = "a", .serial = 1 };
		struct apexes apexes = { 0 };
		struct zone *zone;

		assert_true(prefix_parse(networks[i].ipv4, &mesh.ipv4) &&
			    prefix_parse(networks[i].ula, &mesh.ula));
		assert_int_equal(mesh_validate(&mesh, NULL), 0);
		assert_int_equal(zone_new(&config, &zone, NULL), 0);
		assert_int_equal(zone_finish(zone, NULL), 0);
		apexes.zone = zone;
		assert_int_equal(zone_each_apex(&mesh, check_apex, &apexes), 0);
		assert_int_equal(apexes.count, networks[i].count);
		zone_unref(zone);
	}
}

static void a_name_that_dns_has_no_room_for_is_left_out(void **state)
{
	char domain[MESH_DOMAIN_MAX + 1], id[NODE_ID_MAX + 1];
	struct zone_config config = { .serial = 1, .self = "a" };
	struct mesh mesh;
	struct zone *zone;
	struct error err;

	memset(domain, 'd', sizeof(domain));
	memset(id, 'i', sizeof(id));
	for (int i = 50; i < 250; i += 50)
		domain[i] = '.';
	domain[218] = id[35] = 0;
	mesh = test_mesh(domain);
	config.mesh = &mesh;
	assert_int_equal(zone_new(&config, &zone, NULL), 0);
	test_zone_add(zone, id, 1, 0);		/* 36 + 220 bytes: one too many */
	assert_int_equal(zone_count(zone), 0);
	test_zone_add(zone, id + 1, 1, 0);
	assert_int_equal(zone_count(zone), 1);
	assert_int_equal(zone_finish(zone, NULL), 0);
	zone_unref(zone);
	config.self = id;
	assert_int_equal(zone_new(&config, &zone, &err), -ERR_INVALID);
}

static void fifty_thousand_nodes_are_all_found(void **state)
{
	struct zone *zone = test_zone_begin("m.example", "n0");
	uint8_t wire[ZONE_NAME_MAX];
	struct zone_match match;
	char text[64];

	for (unsigned int i = 0; i < MANY; i++) {
		struct node node = test_node("n", 1, 1);

		snprintf(node.id, sizeof(node.id), "n%u", i * 7919 % MANY);
		node.ipv4.ip.bytes[2] = (uint8_t)(i >> 8);
		node.ipv4.ip.bytes[3] = (uint8_t)i;
		node.ipv6.ip.bytes[6] = (uint8_t)(i >> 8);
		node.ipv6.ip.bytes[7] = (uint8_t)i;
		assert_int_equal(zone_add(zone, &node, NULL), 0);
	}
	assert_int_equal(zone_finish(zone, NULL), 0);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "n%u.m.example.", i);
		look_up(zone, text, &match, wire);
		assert_int_equal(match.answer, ZONE_FOUND);
		snprintf(text, sizeof(text), "%u.%u.16.172.in-addr.arpa.", i & 255, i >> 8);
		look_up(zone, text, &match, wire);
		assert_int_equal(match.answer, ZONE_FOUND);
	}
	look_up(zone, "n50000.m.example.", &match, wire);
	assert_int_equal(match.answer, ZONE_MISSING);
	zone_unref(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_nodes_and_addresses_are_each_others_inverse),
		cmocka_unit_test(an_address_has_its_name_as_the_standard_writes_it),
		cmocka_unit_test(a_small_network_has_a_zone_for_each_address),
		cmocka_unit_test(every_apex_that_is_told_is_one),
		cmocka_unit_test(a_name_that_dns_has_no_room_for_is_left_out),
		cmocka_unit_test(fifty_thousand_nodes_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
