// SPDX-License-Identifier: Apache-2.0
/* Arithmetic of the pools, and reservations against a brute-force set. */
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "model/ipam.h"

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static void assert_prefix(struct prefix p, const char *expected)
{
	char text[PREFIX_TEXT_MAX];

	assert_string_equal(prefix_format(&p, text), expected);
}

static void ipv4_hosts_leave_out_network_and_broadcast(void **state)
{
	struct prefix net = prefix_of("192.168.7.0/29");
	struct ipam_range range = ipam_ipv4_range(&net);

	assert_prefix(ipam_ipv4_address(&net, range.first), "192.168.7.1/29");
	assert_prefix(ipam_ipv4_address(&net, range.last), "192.168.7.6/29");
	net = prefix_of("172.16.0.0/12");
	range = ipam_ipv4_range(&net);
	assert_int_equal(range.last - range.first + 1, (1 << 20) - 2);
	assert_prefix(ipam_ipv4_address(&net, range.last), "172.31.255.254/12");
	net = prefix_of("10.0.0.0/30");
	range = ipam_ipv4_range(&net);
	assert_int_equal(range.last - range.first + 1, 2);
}

static void ipv4_numbers_and_addresses_are_inverse(void **state)
{
	struct prefix net = prefix_of("10.0.0.0/8"), address = ipam_ipv4_address(&net, 0x0a010203);

	assert_prefix(address, "10.1.2.3/8");
	assert_int_equal(ipam_ipv4_number(&address.ip), 0x0a010203);
}

static void ipv6_networks_leave_out_the_first(void **state)
{
	struct prefix ula = prefix_of("fd12:3456:789a::/48");
	struct ipam_range range = ipam_ipv6_range(&ula);
	struct prefix last = ipam_ipv6_network(range.last);

	assert_prefix(ipam_ipv6_network(range.first), "fd12:3456:789a:1::/64");
	assert_prefix(last, "fd12:3456:789a:ffff::/64");
	assert_true(ipam_ipv6_number(&last.ip) == range.last);
}

static void a_random_pick_stays_in_range_and_reaches_both_ends(void **state)
{
	struct ipam_range range = { .first = 100, .last = 104 };
	unsigned int seen[5] = { 0 };
	uint8_t random[8] = { 0 };

	for (int i = 0; i < 256; i++) {
		random[7] = (uint8_t)i;
		random[0] = (uint8_t)(i * 7);
		uint64_t n = ipam_pick(&range, random);

		assert_in_range(n, 100, 104);
		seen[n - 100]++;
	}
	for (int i = 0; i < 5; i++)
		assert_true(seen[i] > 0);
}

static void a_number_is_reserved_once_in_its_pool(void **state)
{
	struct ipam_reservations *set = ipam_reservations_new(2);
	struct error err;

	assert_int_equal(ipam_reserve(set, IPAM_IPV4, 1, &err), 0);
	assert_int_equal(ipam_reserve(set, IPAM_IPV4, 1, &err), -ERR_EXISTS);
	assert_int_equal(ipam_reserve(set, IPAM_IPV6, 1, &err), 0);
	assert_int_equal(ipam_reserve(set, IPAM_IPV4, 2, &err), -ERR_EXHAUSTED);
	ipam_release(set, IPAM_IPV4, 1);
	ipam_release(set, IPAM_IPV4, 1);
	assert_false(ipam_reserved(set, IPAM_IPV4, 1));
	assert_true(ipam_reserved(set, IPAM_IPV6, 1));
	assert_int_equal(ipam_reserve(set, IPAM_IPV4, 2, &err), 0);
	ipam_release_all(set);
	assert_false(ipam_reserved(set, IPAM_IPV6, 1));
	assert_false(ipam_reserved(NULL, IPAM_IPV6, 1));
	ipam_reservations_free(set);
}

static void reservations_agree_with_a_plain_table(void **state)
{
	enum { NUMBERS = 600, MAX = 256 };
	struct ipam_reservations *set = ipam_reservations_new(MAX);
	bool table[NUMBERS] = { false };
	unsigned int used = 0;

	srand(7);
	for (int i = 0; i < 200000; i++) {
		/* Few distinct low bits: long probe chains. */
		unsigned int n = (unsigned int)rand() % NUMBERS;
		uint64_t number = (uint64_t)n << 40;

		if (rand() % 2) {
			int expected = table[n] ? -ERR_EXISTS : used == MAX ? -ERR_EXHAUSTED : 0;

			assert_int_equal(ipam_reserve(set, IPAM_IPV6, number, NULL), expected);
			used += expected == 0;
			table[n] |= expected == 0;
		} else {
			ipam_release(set, IPAM_IPV6, number);
			used -= table[n];
			table[n] = false;
		}
		n = (unsigned int)rand() % NUMBERS;
		assert_int_equal(ipam_reserved(set, IPAM_IPV6, (uint64_t)n << 40), table[n]);
	}
	ipam_reservations_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_hosts_leave_out_network_and_broadcast),
		cmocka_unit_test(ipv4_numbers_and_addresses_are_inverse),
		cmocka_unit_test(ipv6_networks_leave_out_the_first),
		cmocka_unit_test(a_random_pick_stays_in_range_and_reaches_both_ends),
		cmocka_unit_test(a_number_is_reserved_once_in_its_pool),
		cmocka_unit_test(reservations_agree_with_a_plain_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
