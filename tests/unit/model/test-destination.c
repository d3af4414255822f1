// SPDX-License-Identifier: Apache-2.0
/* What data channels may lead to, and the STUN servers that they are told. */
#include "../cmocka.h"

#include "model/destination.h"
#include "model/stun_list.h"

static struct destination_list list_of(const char *const *texts)
{
	struct destination_list list = { 0 };
	struct error err;

	for (; *texts; texts++)
		if (destination_list_add(&list, *texts, &err) < 0)
			fail_msg("%s", err.text);
	return list;
}

static bool allows(const struct destination_list *list, const char *at, bool self)
{
	struct endpoint endpoint;

	assert_true(endpoint_parse(at, &endpoint));
	endpoint.ip = destination_plain(&endpoint.ip);
	return destination_list_allows(list, &endpoint, self);
}

static void destinations_are_told_as_they_were_said(void **state)
{
	static const char *const texts[] = { "self", "self:22", "192.0.2.7/24", "192.0.2.1:443",
					     "2001:db8::1", "[2001:db8::5/32]:8000-8080", NULL };
	struct destination_list list = list_of(texts), none = { 0 };
	char text[DESTINATIONS_TEXT_MAX];

	assert_string_equal(destination_list_format(&list, text),
			    "self,self:22,192.0.2.0/24,192.0.2.1/32:443,2001:db8::1/128,"
			    "[2001:db8::/32]:8000-8080");
	assert_string_equal(destination_list_format(&none, text), "none");
}

static void what_is_no_destination_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "none", ":22", "self:", "self:0", "self:65536", "self:99999999999", "self:22-",
		"self:22-21", "self:22 ", "selfish", "192.0.2.0/33", "192.0.2.1:x", "localhost:22",
		"[2001:db8::1]22", "[2001:db8::1", "[]:22", "2001:db8::1:x", "[self]:0",
		"11111111111111111111111111111111111111111111111111111111111111111111:1",
	};
	struct destination_list list = { 0 };
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(destination_list_add(&list, wrong[i], &err), -ERR_INVALID);
		assert_int_equal(list.count, 0);
	}
}

static void a_list_has_its_bound(void **state)
{
	struct destination_list list = { 0 };
	char text[DESTINATIONS_TEXT_MAX];

	for (int i = 0; i < DESTINATIONS_MAX; i++)
		assert_int_equal(destination_list_add(&list,
			"[2001:db8:1111:2222:3333:4444:5555:6666/128]:10000-20000", NULL), 0);
	assert_int_equal(destination_list_add(&list, "self", NULL), -ERR_EXHAUSTED);
	destination_list_format(&list, text);
}

static void addresses_and_ports_decide(void **state)
{
	static const char *const texts[] = { "self:22", "192.0.2.0/24:8000-8080", "2001:db8::/32",
					     NULL };
	struct destination_list list = list_of(texts), none = { 0 };

	assert_true(allows(&list, "127.0.0.1:22", true));
	assert_false(allows(&list, "127.0.0.1:23", true));
	assert_false(allows(&list, "10.0.0.1:22", false));
	assert_true(allows(&list, "192.0.2.9:8000", false));
	assert_true(allows(&list, "192.0.2.9:8080", false));
	assert_false(allows(&list, "192.0.2.9:7999", false));
	assert_false(allows(&list, "192.0.2.9:8081", false));
	assert_false(allows(&list, "192.0.3.9:8000", false));
	assert_true(allows(&list, "[2001:db8::9]:1", false));
	assert_false(allows(&list, "[2001:db9::9]:1", false));
	assert_false(allows(&none, "127.0.0.1:22", true));
}

static void an_ipv4_address_in_ipv6_is_what_it_is(void **state)
{
	static const char *const texts[] = { "::/0", NULL };
	struct destination_list list = list_of(texts);
	struct ip mapped, v6;

	assert_false(allows(&list, "[::ffff:127.0.0.1]:22", false));
	assert_true(ip_parse("::ffff:127.0.0.1", &mapped) && ip_parse("::1", &v6));
	mapped = destination_plain(&mapped);
	assert_true(destination_is_loopback(&mapped) && destination_is_loopback(&v6));
	assert_true(ip_parse("::127.0.0.1", &v6));
	assert_false(destination_is_loopback(&v6));
}

static void stun_servers_are_urls_with_addresses(void **state)
{
	static const char *const wrong[] = { "", "stun:", "stun:example.org:3478", "stun:192.0.2.1:0x",
					     "stuns:192.0.2.1", "turn:192.0.2.1:3478", "stun:[::1]" };
	struct stun_list list = { 0 }, none = { 0 };
	char text[STUN_LIST_TEXT_MAX];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(stun_list_add(&list, wrong[i], NULL), -ERR_INVALID);
	assert_int_equal(stun_list_add(&list, "stun:192.0.2.1", NULL), 0);
	assert_int_equal(stun_list_add(&list, "192.0.2.1:99", NULL), 0);
	assert_int_equal(stun_list_add(&list, "stun:[2001:db8::1]:3478", NULL), 0);
	assert_int_equal(stun_list_add(&list, "2001:db8::1", NULL), 0);
	assert_int_equal(stun_list_add(&list, "192.0.2.1", NULL), -ERR_EXHAUSTED);
	assert_string_equal(stun_list_format(&list, text),
			    "stun:192.0.2.1:3478,stun:192.0.2.1:99,stun:[2001:db8::1]:3478,"
			    "stun:[2001:db8::1]:3478");
	assert_string_equal(stun_list_format(&none, text), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations_are_told_as_they_were_said),
		cmocka_unit_test(what_is_no_destination_is_refused),
		cmocka_unit_test(a_list_has_its_bound),
		cmocka_unit_test(addresses_and_ports_decide),
		cmocka_unit_test(an_ipv4_address_in_ipv6_is_what_it_is),
		cmocka_unit_test(stun_servers_are_urls_with_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
