// SPDX-License-Identifier: Apache-2.0
/* Nodes and the mesh's settings: what is let in, and what the refusal says. */
#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "model/mesh.h"
#include "model/node.h"

static struct node good_node(void)
{
	struct node n = { .id = "n1", .wireguard_port = 51820, .raft_port = 9443 };

	memset(n.public_key.bytes, 7, KEY_BYTES);
	assert_true(ip_parse("198.51.100.1", &n.primary_endpoint));
	return n;
}

static void ids_are_label_sequences(void **state)
{
	static const char *const good[] = { "a", "n1", "web-1.lab.example", "0", "a--b" };
	static const char *const bad[] = {
		"", ".", "a.", ".a", "a..b", "-a", "a-", "a-.b", "a.-b", "A", "a_b", "a b", "a/b",
		"ä",
	};
	char longest[NODE_ID_MAX + 2];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!node_id_valid(good[i]))
			fail_msg("\"%s\" refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (node_id_valid(bad[i]))
			fail_msg("\"%s\" accepted", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[NODE_ID_MAX + 1] = '\0';
	assert_false(node_id_valid(longest));
	longest[NODE_ID_MAX] = '\0';
	assert_true(node_id_valid(longest));
}

static void assert_refused(const struct node *n, const char *field)
{
	struct error err;

	assert_int_equal(node_validate(n, &err), -ERR_INVALID);
	if (strncmp(err.text, field, strlen(field)) != 0)
		fail_msg("\"%s\" does not begin with %s", err.text, field);
}

static void a_bad_join_is_refused_with_its_field(void **state)
{
	struct node n = good_node();

	assert_int_equal(node_validate(&n, NULL), 0);
	n.id[0] = '\0';
	assert_refused(&n, "id ");
	n = good_node();
	memset(&n.public_key, 0, sizeof(n.public_key));
	assert_refused(&n, "public_key");
	n = good_node();
	n.wireguard_port = 0;
	assert_refused(&n, "wireguard_port");
	n = good_node();
	assert_true(ip_parse("224.0.0.1", &n.primary_endpoint));
	assert_refused(&n, "primary_endpoint");
	n = good_node();
	n.n_endpoints = 1;
	assert_refused(&n, "endpoints[0]");
	n.n_endpoints = NODE_ENDPOINTS_MAX + 1;
	assert_refused(&n, "endpoints");
	n = good_node();
	n.role = (enum node_role)7;
	assert_refused(&n, "role");
}

static void behind_nat_no_port_is_needed(void **state)
{
	struct node n = good_node();
	struct endpoint e;

	assert_true(node_wireguard_endpoint(&n, &n, &e));
	assert_int_equal(e.port, 51820);
	n.primary_endpoint.family = AF_UNSPEC;
	n.wireguard_port = 0;
	assert_int_equal(node_validate(&n, NULL), 0);
	assert_false(node_is_public(&n));
	assert_false(node_wireguard_endpoint(&n, &n, &e));
}

static struct node with_endpoints(const char *primary, const char *other)
{
	struct node n = good_node();

	assert_true(ip_parse(primary, &n.primary_endpoint));
	if (other)
		assert_true(ip_parse(other, &n.endpoints[n.n_endpoints++]));
	return n;
}

static void assert_called(const struct node *n, const struct node *from, const char *expected)
{
	char text[IP_TEXT_MAX];
	struct endpoint e;

	assert_true(node_wireguard_endpoint(n, from, &e));
	assert_string_equal(ip_format(&e.ip, text), expected);
	assert_int_equal(e.port, n->wireguard_port);
}

static void a_node_is_called_in_a_family_that_the_caller_has(void **state)
{
	struct node four = with_endpoints("192.0.2.4", NULL), six = with_endpoints("2001:db8::6", NULL);
	struct node both = with_endpoints("192.0.2.1", "2001:db8::1");
	struct node hidden = good_node();

	assert_called(&both, &four, "192.0.2.1");
	assert_called(&both, &six, "2001:db8::1");
	assert_called(&both, &both, "192.0.2.1");
	assert_called(&six, &both, "2001:db8::6");
	assert_called(&four, &six, "192.0.2.4");
	hidden.primary_endpoint = (struct ip){ 0 };
	assert_called(&both, &hidden, "192.0.2.1");
}

static void its_own_ipv6_address_ends_in_one(void **state)
{
	struct node n = good_node();
	char text[IP_TEXT_MAX];
	struct ip ip;

	assert_true(prefix_parse("fd00:1:2:3::/64", &n.ipv6));
	ip = node_ipv6_address(&n);
	assert_string_equal(ip_format(&ip, text), "fd00:1:2:3::1");
}

static void roles_have_names(void **state)
{
	enum node_role role = NODE_OBSERVER;

	assert_true(node_role_parse(node_role_name(NODE_VOTER), &role));
	assert_int_equal(role, NODE_VOTER);
	assert_true(node_role_parse(node_role_name(NODE_OBSERVER), &role));
	assert_int_equal(role, NODE_OBSERVER);
	assert_false(node_role_parse("leader", &role));
}

static void a_new_mesh_has_a_random_ula(void **state)
{
	struct mesh m;
	char text[PREFIX_TEXT_MAX];

	mesh_init(&m, (const uint8_t[]){ 1, 2, 3, 4, 5 });
	assert_string_equal(prefix_format(&m.ula, text), "fd01:203:405::/48");
	assert_string_equal(prefix_format(&m.ipv4, text), "172.16.0.0/12");
	assert_string_equal(m.domain, "webmesh.internal");
	assert_int_equal(mesh_validate(&m, NULL), 0);
}

static void bad_settings_are_refused_with_the_field(void **state)
{
	static const struct {
		const char *ula, *ipv4, *domain, *says;
	} cases[] = {
		{ "2001:db8::/48", "10.0.0.0/8", "a", "ULA" },
		{ "fd00:1:2:3::/48", "10.0.0.0/8", "a", "ULA" },
		{ "fd00::/16", "10.0.0.0/8", "a", "ULA" },
		{ "fd00::/48", "10.0.0.1/8", "a", "IPv4" },
		{ "fd00::/48", "10.0.0.0/31", "a", "IPv4" },
		{ "fd00::/48", "10.0.0.0/8", "", "domain" },
		{ "fd00::/48", "10.0.0.0/8", "a..b", "domain" },
		{ "fd00::/48", "10.0.0.0/8", "-a.b", "domain" },
		{ "fd00::/48", "10.0.0.0/8", "Mesh", "domain" },
	};
	struct error err;
	struct mesh m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(prefix_parse(cases[i].ula, &m.ula));
		assert_true(prefix_parse(cases[i].ipv4, &m.ipv4));
		strcpy(m.domain, cases[i].domain);
		assert_int_equal(mesh_validate(&m, &err), -ERR_INVALID);
		if (!strstr(err.text, cases[i].says))
			fail_msg("case %zu says %s", i, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_label_sequences),
		cmocka_unit_test(a_bad_join_is_refused_with_its_field),
		cmocka_unit_test(behind_nat_no_port_is_needed),
		cmocka_unit_test(a_node_is_called_in_a_family_that_the_caller_has),
		cmocka_unit_test(its_own_ipv6_address_ends_in_one),
		cmocka_unit_test(roles_have_names),
		cmocka_unit_test(a_new_mesh_has_a_random_ula),
		cmocka_unit_test(bad_settings_are_refused_with_the_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
