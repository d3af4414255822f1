// SPDX-License-Identifier: Apache-2.0
/* dns: so many answers a second for each source, and what becomes of the rest. */
#include "../cmocka.h"

#include <stdio.h>

#include "dns/rate.h"

static struct rate rate;

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static unsigned int count(const struct ip *from, uint64_t now, unsigned int wishes,
			  enum rate_verdict verdict)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < wishes; i++)
		n += rate_take(&rate, from, now) == verdict;
	return n;
}

static void a_second_has_its_share_and_the_next_one_another(void **state)
{
	struct ip a = ip_of("192.0.2.1");

	rate_init(&rate, 100);
	assert_int_equal(count(&a, 1000, 150, RATE_ANSWER), 100);
	assert_int_equal(count(&a, 1500, 150, RATE_ANSWER), 50);
	assert_int_equal(count(&a, 90000, 150, RATE_ANSWER), 100);
}

static void every_second_one_that_is_too_much_is_sent_to_tcp(void **state)
{
	struct ip a = ip_of("192.0.2.1");

	rate_init(&rate, 10);
	assert_int_equal(count(&a, 1000, 10, RATE_ANSWER), 10);
	assert_int_equal(count(&a, 1000, 100, RATE_SLIP), 50);
	assert_int_equal(count(&a, 1000, 100, RATE_DROP), 50);
}

static void one_source_takes_nothing_from_another(void **state)
{
	struct ip a = ip_of("192.0.2.1"), b = ip_of("192.0.2.2"), c = ip_of("2001:db8::1");

	rate_init(&rate, 10);
	assert_int_equal(count(&a, 1000, 1000, RATE_ANSWER), 10);
	assert_int_equal(count(&b, 1000, 10, RATE_ANSWER), 10);
	assert_int_equal(count(&c, 1000, 10, RATE_ANSWER), 10);
}

static void the_addresses_of_one_network_of_ipv6_are_one_source(void **state)
{
	struct ip a = ip_of("2001:db8:0:1::1"), b = ip_of("2001:db8:0:1:ffff::2");
	struct ip other = ip_of("2001:db8:0:2::1");

	rate_init(&rate, 10);
	assert_int_equal(count(&a, 1000, 10, RATE_ANSWER), 10);
	assert_int_equal(count(&b, 1000, 10, RATE_ANSWER), 0);
	assert_int_equal(count(&other, 1000, 10, RATE_ANSWER), 10);
}

static void a_hundred_thousand_sources_cost_no_more_than_a_few(void **state)
{
	struct ip ip = ip_of("10.0.0.0");

	rate_init(&rate, 10);
	for (uint32_t i = 0; i < 100000; i++) {
		ip.bytes[1] = (uint8_t)(i >> 16);
		ip.bytes[2] = (uint8_t)(i >> 8);
		ip.bytes[3] = (uint8_t)i;
		assert_int_equal(rate_take(&rate, &ip, 1000 + i), RATE_ANSWER);
	}
	assert_int_equal(count(&ip, 102000, 1000, RATE_ANSWER), 10);
}

static void without_a_limit_there_is_none(void **state)
{
	struct ip a = ip_of("192.0.2.1");

	rate_init(&rate, 0);
	assert_int_equal(count(&a, 1000, 100000, RATE_ANSWER), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_has_its_share_and_the_next_one_another),
		cmocka_unit_test(every_second_one_that_is_too_much_is_sent_to_tcp),
		cmocka_unit_test(one_source_takes_nothing_from_another),
		cmocka_unit_test(the_addresses_of_one_network_of_ipv6_are_one_source),
		cmocka_unit_test(a_hundred_thousand_sources_cost_no_more_than_a_few),
		cmocka_unit_test(without_a_limit_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
