// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "daemon/directory.h"

static struct node public_node(const char *id, uint64_t server_id, uint8_t number)
{
	struct node node = make_node(id, NODE_VOTER, server_id);

	node.primary_endpoint = (struct ip){ AF_INET, { 192, 0, 2, number } };
	node.endpoints[node.n_endpoints++] =
		(struct ip){ AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = number } };
	node.ipv6 = (struct prefix){ .ip = { AF_INET6, { 0xfd, [7] = number } }, .len = 64 };
	node.ipv4 = (struct prefix){ .ip = { AF_INET, { 10, 0, 0, number } }, .len = 12 };
	return node;
}

static void group(struct raft_configuration *c, const char *const *names)
{
	memset(c, 0, sizeof(*c));
	for (uint64_t i = 0; names[i]; i++)
		assert_int_equal(raft_configuration_add(c, i + 1, RAFT_VOTER, names[i], NULL), 0);
}

static void has(const struct directory *dir, size_t i, const char *id, const char *address)
{
	assert_true(i < dir->count);
	assert_string_equal(dir->entries[i].node_id, id);
	assert_string_equal(dir->entries[i].address, address);
}

static void servers_are_listed_public_addresses_first_without_oneself(void **state)
{
	struct node a = public_node("a", 1, 1), b = public_node("b", 2, 2);
	struct node c = public_node("c", 3, 3);
	struct fixture *f = *state;
	struct raft_configuration servers;
	struct directory dir;
	struct error err;

	add_node(f, &a);
	add_node(f, &b);
	c.role = NODE_OBSERVER;
	c.server_id = 0;
	add_node(f, &c);
	group(&servers, (const char *const[]){ "a", "b", "unknown", NULL });
	ok(directory_fill(&dir, f->state, f->local, &servers, "a", &err), &err);
	assert_int_equal(dir.count, 3);
	has(&dir, 0, "b", "192.0.2.2:8443");
	has(&dir, 1, "b", "[2001:db8::2]:8443");
	has(&dir, 2, "b", "[fd00:0:0:2::1]:8443");
}

static void without_a_state_those_that_were_remembered_are_listed(void **state)
{
	const struct local_member members[] = {
		{ .node_id = "a", .grpc_address = "192.0.2.1:1" },
		{ .node_id = "b", .grpc_address = "192.0.2.2:2" },
	};
	const struct raft_configuration none = { 0 };
	struct fixture *f = *state;
	struct directory dir;
	struct error err;

	ok(local_store_set_members(f->local, members, 2, &err), &err);
	ok(directory_fill(&dir, f->state, f->local, &none, "a", &err), &err);
	assert_int_equal(dir.count, 1);
	has(&dir, 0, "b", "192.0.2.2:2");
}

/* Keys begin with the ids. */
static void observers_are_taken_from_a_key_on_and_from_the_start_behind_the_last(void **state)
{
	static const struct key middle = { "m" }, behind = { "z" };
	struct node a = public_node("a", 0, 1), n = public_node("n", 0, 2);
	struct node v = public_node("o", 3, 3);
	struct node silent = public_node("p", 0, 4);
	struct fixture *f = *state;
	struct directory dir = { 0 };
	struct error err;

	a.role = n.role = silent.role = NODE_OBSERVER;
	a.n_endpoints = n.n_endpoints = 0;
	silent.grpc_port = 0;
	add_node(f, &a);
	add_node(f, &n);
	add_node(f, &v);
	add_node(f, &silent);
	ok(directory_add_observers(&dir, f->state, "self", &middle, &err), &err);
	assert_int_equal(dir.count, 2);
	has(&dir, 0, "n", "192.0.2.2:8443");
	dir.count = 0;
	ok(directory_add_observers(&dir, f->state, "n", &behind, &err), &err);
	assert_int_equal(dir.count, 2);
	has(&dir, 0, "a", "192.0.2.1:8443");
	assert_int_equal(dir.servers, 0);
}

static void a_node_that_does_not_listen_has_no_address(void **state)
{
	struct node a = public_node("a", 1, 1);
	struct directory dir = { 0 };

	a.grpc_port = 0;
	directory_add_node(&dir, &a);
	assert_int_equal(dir.count, 0);
}

static void the_list_has_an_end(void **state)
{
	struct node a = public_node("a", 1, 1);
	struct directory dir = { 0 };

	for (int i = 0; i < DIRECTORY_MAX; i++)
		directory_add_node(&dir, &a);
	assert_int_equal(dir.count, DIRECTORY_MAX);
}

static void raft_is_reached_in_the_mesh_first_and_each_place_is_named_once(void **state)
{
	static const char *const wanted[] = { "10.0.0.1:9443", "[fd00:0:0:1::1]:9443",
					      "192.0.2.1:9443", "[2001:db8::1]:9443" };
	struct node a = public_node("a", 1, 1);	/* its member row says 10.0.0.1:9443 */
	struct fixture *f = *state;
	struct endpoint list[8];
	char text[ENDPOINT_TEXT_MAX];

	add_node(f, &a);
	assert_int_equal(directory_raft_endpoints(f->state, &a, list, 8), 4);
	for (int i = 0; i < 4; i++)
		assert_string_equal(endpoint_format(&list[i], text), wanted[i]);
	assert_int_equal(directory_raft_endpoints(f->state, &a, list, 2), 2);
	a.raft_port = 0;
	assert_int_equal(directory_raft_endpoints(f->state, &a, list, 8), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(servers_are_listed_public_addresses_first_without_oneself),
		with_stores(without_a_state_those_that_were_remembered_are_listed),
		with_stores(observers_are_taken_from_a_key_on_and_from_the_start_behind_the_last),
		cmocka_unit_test(a_node_that_does_not_listen_has_no_address),
		cmocka_unit_test(the_list_has_an_end),
		with_stores(raft_is_reached_in_the_mesh_first_and_each_place_is_named_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
