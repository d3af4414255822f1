// SPDX-License-Identifier: Apache-2.0
/* Devices, addresses and routes of a real kernel, in a network namespace of the test's own. */
#include "../cmocka.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/link.h"
#include "netlink/mesh.h"
#include "netlink/rule.h"
#include "netlink/wg.h"

/* A kind that every kernel has and that needs no other device. */
static const char device[] = "wgtlink0", kind[] = "bridge";

static struct link_client *client;
static struct error err;

struct listed {
	char text[512];
};

static int append(void *data, const struct prefix *prefix)
{
	struct listed *l = data;
	char text[PREFIX_TEXT_MAX];
	size_t n = strlen(l->text);

	snprintf(l->text + n, sizeof(l->text) - n, "%s ", prefix_format(prefix, text));
	return 0;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static uint32_t ifindex(void)
{
	struct link_info info;

	assert_int_equal(link_get(client, device, &info, &err), 0);
	return info.ifindex;
}

static void device_is_added_once_and_set_up(void **state)
{
	struct link_info info;

	(void)state;
	assert_int_equal(link_get(client, device, &info, &err), -ERR_NOT_FOUND);
	assert_int_equal(link_add(client, device, kind, &err), 0);
	assert_int_equal(link_add(client, device, kind, &err), -ERR_EXISTS);
	assert_int_equal(link_set_up(client, device, true, 1380, &err), 0);
	assert_int_equal(link_get(client, device, &info, &err), 0);
	assert_true(info.up);
	assert_int_equal(info.mtu, 1380);
	assert_string_equal(info.kind, kind);
	assert_int_equal(link_set_up(client, device, false, 0, &err), 0);
	assert_int_equal(link_get(client, device, &info, &err), 0);
	assert_false(info.up);
	assert_int_equal(info.mtu, 1380);
	assert_int_equal(link_set_up(client, device, true, 0, &err), 0);
}

static void unknown_kind_says_which(void **state)
{
	(void)state;
	assert_int_equal(link_add(client, "wgtlink1", "no-such-kind", &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "wgtlink1 of kind no-such-kind"));
}

static void addresses_come_and_go(void **state)
{
	const struct prefix v4 = prefix_of("172.16.0.1/12"), v6 = prefix_of("fd00:1::1/48");
	struct listed listed = { "" };
	uint32_t index = ifindex();

	(void)state;
	assert_int_equal(link_address_add(client, index, &v4, &err), 0);
	assert_int_equal(link_address_add(client, index, &v6, &err), 0);
	assert_int_equal(link_address_add(client, index, &v4, &err), 0);	/* again */
	assert_int_equal(link_address_list(client, index, append, &listed, &err), 0);
	assert_string_equal(listed.text, "172.16.0.1/12 fd00:1::1/48 ");
	assert_int_equal(link_address_delete(client, index, &v4, &err), 0);
	assert_int_equal(link_address_delete(client, index, &v4, &err), 0);	/* gone: the same */
	listed.text[0] = 0;
	assert_int_equal(link_address_list(client, index, append, &listed, &err), 0);
	assert_string_equal(listed.text, "fd00:1::1/48 ");
	assert_int_equal(link_address_add(client, index, &v4, &err), 0);
}

static void routes_are_ours_alone(void **state)
{
	const struct prefix v4 = prefix_of("172.16.0.0/12"), v6 = prefix_of("fd00:1::/48");
	struct listed listed = { "" };
	uint32_t index = ifindex();

	(void)state;
	/* The kernel made none with the addresses, and other people's are not told. */
	assert_int_equal(system("[ -z \"$(ip -4 route show dev wgtlink0)\" ]"), 0);
	assert_int_equal(system("ip route add 10.9.0.0/16 dev wgtlink0"), 0);
	assert_int_equal(link_route_list(client, index, LINK_TABLE_MAIN, append, &listed, &err), 0);
	assert_string_equal(listed.text, "");
	assert_int_equal(link_route_add(client, index, LINK_TABLE_MAIN, &v4, &err), 0);
	assert_int_equal(link_route_add(client, index, LINK_TABLE_MAIN, &v6, &err), 0);
	assert_int_equal(link_route_add(client, index, LINK_TABLE_MAIN, &v4, &err), 0);
	assert_int_equal(link_route_list(client, index, LINK_TABLE_MAIN, append, &listed, &err), 0);
	assert_string_equal(listed.text, "172.16.0.0/12 fd00:1::/48 ");
	assert_int_equal(link_route_delete(client, index, LINK_TABLE_MAIN, &v6, &err), 0);
	assert_int_equal(link_route_delete(client, index, LINK_TABLE_MAIN, &v6, &err), 0);
	listed.text[0] = 0;
	assert_int_equal(link_route_list(client, index, LINK_TABLE_MAIN, append, &listed, &err), 0);
	assert_string_equal(listed.text, "172.16.0.0/12 ");
}

static void announced_routes_have_a_table_of_their_own(void **state)
{
	const struct prefix v4 = prefix_of("0.0.0.0/0"), v6 = prefix_of("fd05::/64");
	struct listed listed = { "" };
	uint32_t index = ifindex();

	(void)state;
	/* Which is there with its first route, and not before. */
	assert_int_equal(link_route_list(client, index, LINK_TABLE_ANNOUNCED, append, &listed, &err), 0);
	assert_int_equal(link_route_add(client, index, LINK_TABLE_ANNOUNCED, &v4, &err), 0);
	assert_int_equal(link_route_add(client, index, LINK_TABLE_ANNOUNCED, &v6, &err), 0);
	assert_int_equal(system("[ -z \"$(ip route show default)\" ]"), 0);
	assert_int_equal(link_route_list(client, 0, LINK_TABLE_ANNOUNCED, append, &listed, &err), 0);
	assert_string_equal(listed.text, "0.0.0.0/0 fd05::/64 ");
	assert_int_equal(link_route_delete(client, index, LINK_TABLE_ANNOUNCED, &v4, &err), 0);
	assert_int_equal(link_route_delete(client, index, LINK_TABLE_ANNOUNCED, &v6, &err), 0);
	listed.text[0] = 0;
	assert_int_equal(link_route_list(client, 0, LINK_TABLE_ANNOUNCED, append, &listed, &err), 0);
	assert_string_equal(listed.text, "");
}

/* 32700: main without its default route; 32701: the announced ones, but not for WireGuard's packets. */
static void rules_are_there_once_and_go_without_those_of_others(void **state)
{
	(void)state;
	assert_int_equal(system("ip rule add pref 32700 from 192.0.2.1 table main"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rules_add(client, AF_INET, &err), 0);
		assert_int_equal(rules_add(client, AF_INET6, &err), 0);
	}
	assert_int_equal(system("[ \"$(ip -4 rule | grep -cE '^3270[01]:')\" = 3 ]"), 0);
	assert_int_equal(system("ip -6 rule | grep -qE '^32701:.*not from all fwmark 0x77000067 lookup 157'"), 0);
	assert_int_equal(system("ip -6 rule | grep -qE '^32700:.*lookup main suppress_prefixlength 0'"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rules_delete(client, AF_INET, &err), 0);
		assert_int_equal(rules_delete(client, AF_INET6, &err), 0);
	}
	assert_int_equal(system("[ \"$(ip -4 rule | grep -E '^3270[01]:' | grep -c 192.0.2.1)\" = 1 ]"), 0);
	assert_int_equal(system("[ \"$(ip -4 rule | grep -cE '^3270[01]:')\" = 1 ]"), 0);
	assert_int_equal(system("[ \"$(ip -6 rule | grep -cE '^3270[01]:')\" = 0 ]"), 0);
}

/* A listing that is ended early leaves nothing in the next request's way. */
static int stop_at_once(void *data, const struct prefix *prefix)
{
	(void)prefix;
	++*(int *)data;
	return 3;
}

static void listing_can_be_ended(void **state)
{
	struct listed listed = { "" };
	struct prefix p = prefix_of("10.8.0.1/32");
	int calls = 0;

	(void)state;
	/* More than one message holds: the kernel waits in the middle of the list. */
	for (int i = 0; i < 1000; i++) {
		p.ip.bytes[2] = (uint8_t)(i >> 8);
		p.ip.bytes[3] = (uint8_t)i;
		assert_int_equal(link_address_add(client, ifindex(), &p, &err), 0);
	}
	assert_int_equal(link_address_list(client, ifindex(), stop_at_once, &calls, &err), 3);
	assert_int_equal(calls, 1);
	if (link_address_list(client, ifindex(), append, &listed, &err))
		fail_msg("%s", err.text);
	assert_non_null(strstr(listed.text, "172.16.0.1/12"));
}

static void bad_route_says_which(void **state)
{
	const struct prefix p = prefix_of("172.16.0.1/12");	/* host bits */

	(void)state;
	assert_int_equal(link_route_add(client, ifindex(), LINK_TABLE_MAIN, &p, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "172.16.0.1/12"));
}

static void device_is_deleted(void **state)
{
	(void)state;
	assert_int_equal(link_delete(client, device, &err), 0);
	assert_int_equal(link_delete(client, device, &err), -ERR_NOT_FOUND);
}

/* Where a family is missing, the text says which module brings it. */
static void missing_families_tell_the_remedy(void **state)
{
	struct mesh_client *mesh = NULL;
	struct wg_client *wg = NULL;
	int r = mesh_client_open(&mesh, &err);

	(void)state;
	if (r) {
		assert_int_equal(r, -ERR_UNSUPPORTED);
		assert_non_null(strstr(err.text, "modprobe wgmesh"));
	}
	mesh_client_close(mesh);
	r = wg_client_open(&wg, &err);
	if (r) {
		assert_int_equal(r, -ERR_UNSUPPORTED);
		assert_non_null(strstr(err.text, "modprobe wireguard"));
	}
	wg_client_close(wg);
}

static int set_up_group(void **state)
{
	(void)state;
	return link_client_open(&client, &err);
}

static int tear_down_group(void **state)
{
	(void)state;
	link_client_close(client);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_is_added_once_and_set_up),
		cmocka_unit_test(unknown_kind_says_which),
		cmocka_unit_test(addresses_come_and_go),
		cmocka_unit_test(routes_are_ours_alone),
		cmocka_unit_test(announced_routes_have_a_table_of_their_own),
		cmocka_unit_test(rules_are_there_once_and_go_without_those_of_others),
		cmocka_unit_test(listing_can_be_ended),
		cmocka_unit_test(bad_route_says_which),
		cmocka_unit_test(device_is_deleted),
		cmocka_unit_test(missing_families_tell_the_remedy),
	};

	if (unshare(CLONE_NEWNET)) {
		perror("SKIP: needs root, for a network namespace of its own");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
