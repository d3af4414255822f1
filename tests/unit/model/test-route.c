// SPDX-License-Identifier: Apache-2.0
/* Routes: lists of them, what may be announced, and what a node takes. */
#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "model/route.h"

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static struct route_list list_of(const char *text)
{
	struct route_list list;
	struct error err;

	if (route_list_parse(text, &list, &err) < 0)
		fail_msg("%s", err.text);
	return list;
}

static struct route route_of(const char *node_id, const char *prefix)
{
	struct route r = { .prefix = prefix_of(prefix) };

	snprintf(r.node_id, sizeof(r.node_id), "%s", node_id);
	return r;
}

static void a_list_is_sorted_and_has_no_doubles_and_no_host_bits(void **state)
{
	struct route_list a = list_of("fd00:1::5/64, 192.168.5.7/24,10.0.0.0/8,192.168.5.0/24");
	struct route_list b = list_of("10.0.0.0/8,fd00:1::/64,192.168.5.0/24"), c = list_of("none");
	char text[ROUTES_TEXT_MAX];

	assert_string_equal(route_list_format(&a, text), "10.0.0.0/8,192.168.5.0/24,fd00:1::/64");
	assert_true(route_list_equal(&a, &b));
	assert_false(route_list_equal(&a, &c));
	assert_string_equal(route_list_format(&c, text), "none");
	assert_true(route_list_has(&a, &b.items[2]));
	assert_false(route_list_has(&c, &b.items[2]));
}

static void what_is_no_list_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = { "", "10.0.0.0/33", "x", "10.0.0.0/8,none",
					   "10.0.0.0/8 ,::/0", "10.0.0.0/8,,::/0" };
	struct route_list list = { .count = 7 };
	struct error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(route_list_parse(bad[i], &list, &err), -ERR_INVALID);
		assert_int_equal(list.count, 7);
	}
}

static void a_list_has_an_end(void **state)
{
	struct route_list list = { 0 };
	struct prefix p = prefix_of("10.0.0.0/16");
	struct error err;

	for (int i = 0; i < ROUTES_MAX; i++) {
		p.ip.bytes[1] = (uint8_t)i;
		assert_int_equal(route_list_add(&list, &p, &err), 0);
	}
	assert_int_equal(route_list_add(&list, &p, &err), 0);	/* it has that one */
	p.ip.bytes[0] = 11;
	assert_int_equal(route_list_add(&list, &p, &err), -ERR_EXHAUSTED);
}

static void the_mesh_itself_and_what_nobody_routes_cannot_be_announced(void **state)
{
	static const char *const bad[] = {
		"172.16.0.0/12", "172.20.1.0/24", "fd01:2:3::/48", "fd01:2:3:4::/64", "127.0.0.0/8",
		"169.254.1.0/24", "224.0.0.0/4", "fe80::/10", "ff02::/16", "::1/128",
	};
	static const char *const good[] = {
		"0.0.0.0/0", "::/0", "192.168.5.0/24", "172.0.0.0/8", "fd01:2:4::/48", "8.8.8.8/32",
	};
	struct mesh mesh = { .ula = prefix_of("fd01:2:3::/48"), .ipv4 = prefix_of("172.16.0.0/12") };
	struct route_list list;
	struct error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		list = list_of(bad[i]);
		assert_int_equal(route_list_validate(&list, &mesh, &err), -ERR_INVALID);
		assert_non_null(strstr(err.text, bad[i]));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		list = list_of(good[i]);
		assert_int_equal(route_list_validate(&list, &mesh, &err), 0);
	}
}

static void parts_of_accepted_networks_are_taken_and_no_others(void **state)
{
	const struct routing routing = {
		.self = "n1", .announced = list_of("192.168.1.0/24"),
		.accepted = list_of("192.168.0.0/16,fc00::/7"), .exit_node = "",
	};
	static const struct { const char *node, *prefix; enum route_verdict verdict; } cases[] = {
		{ "n2", "192.168.5.0/24", ROUTE_TAKEN },
		{ "n2", "192.168.0.0/16", ROUTE_TAKEN },
		{ "n2", "fd09::/64", ROUTE_TAKEN },
		{ "n2", "192.0.0.0/8", ROUTE_NOT_ACCEPTED },	/* more than a part */
		{ "n2", "8.8.8.0/24", ROUTE_NOT_ACCEPTED },
		{ "n2", "0.0.0.0/0", ROUTE_NOT_ACCEPTED },
		{ "n2", "0.0.0.0/1", ROUTE_NOT_ACCEPTED },	/* a default route in halves */
		{ "n2", "192.168.1.0/24", ROUTE_ALSO_OWN },
		{ "n1", "192.168.1.0/24", ROUTE_OWN },
		{ "n1", "8.8.8.0/24", ROUTE_OWN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route route = route_of(cases[i].node, cases[i].prefix);

		assert_int_equal(route_judge(&routing, NULL, &route), cases[i].verdict);
	}
}

static void of_two_nodes_with_one_prefix_the_first_has_it(void **state)
{
	const struct routing routing = { .self = "n1", .accepted = list_of("192.168.0.0/16"),
					 .exit_node = "" };
	struct route first = route_of("n2", "192.168.5.0/24"),
		     second = route_of("n3", "192.168.5.0/24"),
		     other = route_of("n3", "192.168.5.0/25");

	assert_int_equal(route_judge(&routing, &first, &second), ROUTE_SECOND);
	assert_int_equal(route_judge(&routing, &first, &other), ROUTE_TAKEN);
}

static void a_default_route_is_taken_of_the_exit_node_alone(void **state)
{
	struct routing routing = { .self = "n1", .exit_node = "n3", .exit_reachable = true,
				   .accepted = list_of("0.0.0.0/0") };
	struct route n2 = route_of("n2", "0.0.0.0/0"), n3 = route_of("n3", "0.0.0.0/0");

	assert_int_equal(route_judge(&routing, NULL, &n2), ROUTE_NOT_ACCEPTED);
	assert_int_equal(route_judge(&routing, NULL, &n3), ROUTE_TAKEN);
	routing.exit_reachable = false;
	assert_int_equal(route_judge(&routing, NULL, &n3), ROUTE_UNREACHABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_sorted_and_has_no_doubles_and_no_host_bits),
		cmocka_unit_test(what_is_no_list_is_refused_and_changes_nothing),
		cmocka_unit_test(a_list_has_an_end),
		cmocka_unit_test(the_mesh_itself_and_what_nobody_routes_cannot_be_announced),
		cmocka_unit_test(parts_of_accepted_networks_are_taken_and_no_others),
		cmocka_unit_test(of_two_nodes_with_one_prefix_the_first_has_it),
		cmocka_unit_test(a_default_route_is_taken_of_the_exit_node_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
