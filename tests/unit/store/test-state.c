// SPDX-License-Identifier: Apache-2.0
/* Commands applied to the replicated state, and what the queries then say. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct node get_node(struct fixture *f, const char *id)
{
	struct node n;
	struct error err;

	ok(state_get_node(f->state, id, &n, &err), &err);
	return n;
}

static bool has_node(struct fixture *f, const char *id)
{
	struct node n;

	return state_get_node(f->state, id, &n, NULL) == 0;
}

static void set_mesh(struct fixture *f, const char *ula, const char *ipv4)
{
	struct mesh m = make_mesh(ula, ipv4);
	struct entry *e = new_entry();
	struct error err;

	ok(command_set_mesh(e, &m, &err), &err);
	feed_ok(f, e);
}

static void a_node_comes_back_as_it_was_registered(void **state)
{
	struct fixture *f = *state;
	struct node n = make_node(1), got;

	n.role = NODE_VOTER;
	n.server_id = INT64_MAX;
	assert_true(prefix_parse("172.16.0.1/12", &n.ipv4));
	assert_true(prefix_parse("fd00:1:2:3::/64", &n.ipv6));
	feed_ok(f, join_node(&n));
	got = get_node(f, "n1");
	assert_memory_equal(&got, &n, sizeof(n));
	assert_int_equal(state_get_node_by_key(f->state, &n.public_key, &got, NULL), 0);
	assert_string_equal(got.id, "n1");
	n = make_node(2);
	assert_int_equal(state_get_node_by_key(f->state, &n.public_key, &got, NULL),
			 -ERR_NOT_FOUND);
	n.primary_endpoint.family = AF_UNSPEC;
	memset(n.primary_endpoint.bytes, 0, 16);
	n.n_endpoints = 0;
	memset(n.endpoints, 0, sizeof(n.endpoints));
	feed_ok(f, join_node(&n));
	got = get_node(f, "n2");
	assert_memory_equal(&got, &n, sizeof(n));
}

static void nodes_may_share_an_endpoint_but_not_a_key(void **state)
{
	struct fixture *f = *state;
	struct node a = make_node(1), b = make_node(2), c = make_node(3);
	struct apply_result r;

	feed_ok(f, join_node(&a));
	feed_ok(f, join_node(&b));
	assert_true(ip_equal(&a.primary_endpoint, &b.primary_endpoint));
	c.public_key = a.public_key;
	r = feed(f, join_node(&c));
	assert_int_equal(r.error.kind, ERR_EXISTS);
	assert_non_null(strstr(r.error.text, "public key"));
	assert_false(has_node(f, "n3"));
}

static void joining_again_keeps_what_was_given_and_takes_what_is_told(void **state)
{
	struct fixture *f = *state;
	struct node first = make_node(1), again = make_node(1), got;

	first.server_id = 77;
	assert_true(prefix_parse("fd00:1:2:3::/64", &first.ipv6));
	feed_ok(f, join_node(&first));
	memset(again.public_key.bytes, 0xee, KEY_BYTES);
	again.wireguard_port = 1234;
	again.n_endpoints = 0;
	again.role = NODE_VOTER;
	again.server_id = 99;
	again.created_at = again.updated_at = 9999;
	assert_true(prefix_parse("fd00:1:2:9::/64", &again.ipv6));
	assert_true(prefix_parse("172.16.0.5/12", &again.ipv4));
	feed_ok(f, join_node(&again));
	got = get_node(f, "n1");
	assert_true(prefix_equal(&got.ipv6, &first.ipv6));
	assert_true(prefix_equal(&got.ipv4, &again.ipv4));
	assert_true(key_equal(&got.public_key, &again.public_key));
	assert_int_equal(got.wireguard_port, 1234);
	assert_int_equal(got.n_endpoints, 0);
	assert_int_equal(got.role, NODE_VOTER);
	assert_int_equal(got.server_id, 77);
	assert_int_equal(got.created_at, first.created_at);
	assert_int_equal(got.updated_at, 9999);
}

/* The /64 that a rejoin proposed and did not get must not stay leased. */
static void joining_again_leases_nothing_new(void **state)
{
	struct fixture *f = *state;
	struct node n = make_node(1), other = make_node(2);
	struct ipam_range range = { 10, 12 };
	uint64_t number;

	n.ipv4 = ipam_ipv4_address(&(struct prefix){ .ip.family = AF_INET, .len = 24 }, 10);
	feed_ok(f, join_node(&n));
	n.ipv4 = ipam_ipv4_address(&n.ipv4, 11);
	feed_ok(f, join_node(&n));
	assert_int_equal(state_find_free(f->state, IPAM_IPV4, &range, 10, NULL, &number, NULL), 0);
	assert_int_equal(number, 11);
	other.ipv4 = n.ipv4;
	feed_ok(f, join_node(&other));
}

static void an_address_is_given_once(void **state)
{
	struct fixture *f = *state;
	struct node a = make_node(1), b = make_node(2);
	struct apply_result r;

	assert_true(prefix_parse("172.16.0.1/12", &a.ipv4));
	assert_true(prefix_parse("172.16.0.2/12", &b.ipv4));
	assert_true(prefix_parse("fd00:1:2:3::/64", &a.ipv6));
	b.ipv6 = a.ipv6;
	feed_ok(f, join_node(&a));
	r = feed(f, join_node(&b));
	assert_int_equal(r.error.kind, ERR_EXISTS);
	assert_non_null(strstr(r.error.text, "address"));
	assert_int_equal(r.failed, 2);
	assert_int_equal(r.rows_affected, 0);
	/* Refused whole: neither the row nor the lease before it stayed. */
	assert_false(has_node(f, "n2"));
	assert_true(prefix_parse("fd00:1:2:4::/64", &b.ipv6));
	feed_ok(f, join_node(&b));
}

static void a_removed_node_gives_its_addresses_back(void **state)
{
	struct fixture *f = *state;
	struct node a = make_node(1), b = make_node(2);
	struct member m = { .server_id = 5, .node_id = "n1", .address = "172.16.0.1:9443" };
	struct entry *e;

	assert_true(prefix_parse("172.16.0.1/12", &a.ipv4));
	feed_ok(f, join_node(&a));
	e = new_entry();
	assert_int_equal(command_put_member(e, &m, NULL), 0);
	feed_ok(f, e);
	e = new_entry();
	assert_int_equal(command_remove_node(e, "n1", NULL), 0);
	feed_ok(f, e);
	assert_false(has_node(f, "n1"));
	assert_int_equal(state_get_member(f->state, 5, &m, NULL), -ERR_NOT_FOUND);
	b.ipv4 = a.ipv4;
	feed_ok(f, join_node(&b));
	e = new_entry();
	assert_int_equal(command_remove_node(e, "n1", NULL), 0);
	assert_int_equal(feed(f, e).error.kind, ERR_PRECONDITION);
}

static void tell_ability(struct fixture *f, const char *id, uint32_t schema)
{
	struct entry *e = new_entry();

	assert_int_equal(command_set_ability(e, id, schema, NULL), 0);
	feed_ok(f, e);
}

static void the_lowest_ability_is_that_of_the_nodes_that_are_left(void **state)
{
	struct fixture *f = *state;
	char id[NODE_ID_MAX + 1];
	struct node a = make_node(1);
	struct entry *e;
	uint32_t schema;

	assert_int_equal(state_lowest_ability(f->state, &schema, id, NULL), -ERR_NOT_FOUND);
	feed_ok(f, join_node(&a));
	tell_ability(f, "n1", 1);
	tell_ability(f, "n2", 2);
	tell_ability(f, "n3", 2);
	assert_int_equal(state_lowest_ability(f->state, &schema, id, NULL), 0);
	assert_int_equal(schema, 1);
	assert_string_equal(id, "n1");
	e = new_entry();
	assert_int_equal(command_remove_node(e, "n1", NULL), 0);
	feed_ok(f, e);
	assert_int_equal(state_get_ability(f->state, "n1", &schema, NULL), -ERR_NOT_FOUND);
	tell_ability(f, "n2", 3);
	assert_int_equal(state_lowest_ability(f->state, &schema, id, NULL), 0);
	assert_int_equal(schema, 2);
	assert_string_equal(id, "n3");
}

static struct entry *enrol(const char *token, int64_t now, const char *serial)
{
	struct certificate cert = { .node_id = "n1", .role = NODE_VOTER, .expires_at = 7777 };
	struct entry *e = new_entry();

	snprintf(cert.serial, sizeof(cert.serial), "%s", serial);
	assert_int_equal(command_use_token(e, token, now, NULL), 0);
	assert_int_equal(command_put_certificate(e, &cert, NULL), 0);
	return e;
}

static void put_token(struct fixture *f, const char *id, uint32_t uses)
{
	struct token_record t = make_token(id, uses);
	struct entry *e = new_entry();

	assert_int_equal(command_put_token(e, &t, NULL), 0);
	feed_ok(f, e);
}

static void a_used_up_token_buys_no_certificate(void **state)
{
	struct fixture *f = *state;
	struct certificate cert;
	struct token_record t;
	struct apply_result r;

	put_token(f, "t1", 2);
	feed_ok(f, enrol("t1", 100, "aa"));
	feed_ok(f, enrol("t1", 100, "bb"));
	r = feed(f, enrol("t1", 100, "cc"));
	assert_int_equal(r.error.kind, ERR_PRECONDITION);
	assert_int_equal(r.failed, 0);
	assert_int_equal(state_get_certificate(f->state, "cc", &cert, NULL), -ERR_NOT_FOUND);
	assert_int_equal(state_get_certificate(f->state, "bb", &cert, NULL), 0);
	assert_string_equal(cert.node_id, "n1");
	assert_int_equal(cert.role, NODE_VOTER);
	assert_int_equal(cert.expires_at, 7777);
	assert_int_equal(state_get_token(f->state, "t1", &t, NULL), 0);
	assert_int_equal(t.uses_left, 0);
	assert_int_equal(t.role, NODE_VOTER);
	assert_memory_equal(t.secret_hash, make_token("t1", 1).secret_hash, TOKEN_RECORD_HASH);
}

/* The other way round: a certificate that cannot be stored must not use the token up. */
static void a_refused_certificate_costs_no_use(void **state)
{
	struct fixture *f = *state;
	struct token_record t;

	put_token(f, "t1", 2);
	feed_ok(f, enrol("t1", 100, "aa"));
	assert_int_equal(feed(f, enrol("t1", 100, "aa")).error.kind, ERR_EXISTS);
	assert_int_equal(state_get_token(f->state, "t1", &t, NULL), 0);
	assert_int_equal(t.uses_left, 1);
}

static void unknown_expired_and_revoked_tokens_are_refused(void **state)
{
	struct fixture *f = *state;
	struct entry *e = new_entry();
	struct token_record t = make_token("t1", 1);

	put_token(f, "t1", 9);
	assert_int_equal(feed(f, enrol("t2", 100, "aa")).error.kind, ERR_PRECONDITION);
	assert_int_equal(feed(f, enrol("t1", t.expires_at, "aa")).error.kind, ERR_PRECONDITION);
	feed_ok(f, enrol("t1", t.expires_at - 1, "aa"));
	assert_int_equal(command_revoke_token(e, "t1", NULL), 0);
	feed_ok(f, e);
	assert_int_equal(feed(f, enrol("t1", 100, "bb")).error.kind, ERR_PRECONDITION);
	e = new_entry();
	assert_int_equal(command_put_token(e, &t, NULL), 0);
	assert_int_equal(feed(f, e).error.kind, ERR_EXISTS);
}

static void certificates_are_revoked_one_or_all(void **state)
{
	struct fixture *f = *state;
	struct certificate cert;
	struct entry *e = new_entry();

	put_token(f, "t1", 9);
	feed_ok(f, enrol("t1", 100, "aa"));
	feed_ok(f, enrol("t1", 100, "bb"));
	assert_int_equal(command_revoke_certificate(e, "aa", NULL), 0);
	feed_ok(f, e);
	assert_int_equal(state_get_certificate(f->state, "aa", &cert, NULL), 0);
	assert_true(cert.revoked);
	assert_int_equal(state_get_certificate(f->state, "bb", &cert, NULL), 0);
	assert_false(cert.revoked);
	e = new_entry();
	assert_int_equal(command_revoke_certificates_of(e, "n1", NULL), 0);
	feed_ok(f, e);
	assert_int_equal(state_get_certificate(f->state, "bb", &cert, NULL), 0);
	assert_true(cert.revoked);
}

static void put_acl(struct fixture *f, const char *name, enum acl_action action, const char *a,
		    const char *b)
{
	struct acl acl = { .action = action };
	struct entry *e = new_entry();

	snprintf(acl.name, sizeof(acl.name), "%s", name);
	assert_int_equal(acl_add_pattern(&acl, a, NULL), 0);
	if (b)
		assert_int_equal(acl_add_pattern(&acl, b, NULL), 0);
	assert_int_equal(command_put_acl(e, &acl, NULL), 0);
	feed_ok(f, e);
	acl_fini(&acl);
}

static void acls_are_listed_by_name_and_replaced(void **state)
{
	struct fixture *f = *state;
	struct entry *e = new_entry();
	struct acl *acls = NULL;
	uint64_t others;
	size_t n = 0;

	put_acl(f, "b", ACL_ALLOW, "web-*", "db-?");
	put_acl(f, "a", ACL_ALLOW, "x", NULL);
	put_acl(f, "a", ACL_DENY, "y", NULL);
	assert_int_equal(state_list_acls(f->state, &acls, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(acls[0].name, "a");
	assert_int_equal(acls[0].action, ACL_DENY);
	assert_int_equal(acls[0].n_patterns, 1);
	assert_string_equal(acls[0].patterns[0], "y");
	assert_string_equal(acls[1].patterns[0], "web-*");
	assert_string_equal(acls[1].patterns[1], "db-?");
	assert_true(acl_allows(acls, n, "db-1", NULL));
	state_acls_free(acls, n);
	assert_int_equal(state_count_other_acls(f->state, "a", &others, NULL), 0);
	assert_int_equal(others, 1);
	assert_int_equal(state_count_other_acls(f->state, "c", &others, NULL), 0);
	assert_int_equal(others, 2);
	assert_int_equal(command_delete_acl(e, "a", NULL), 0);
	feed_ok(f, e);
	e = new_entry();
	assert_int_equal(command_delete_acl(e, "a", NULL), 0);
	assert_int_equal(feed(f, e).error.kind, ERR_PRECONDITION);
}

static void the_mesh_has_settings_once_they_are_set(void **state)
{
	struct fixture *f = *state;
	struct mesh m, expected = make_mesh("fd01:2:3::/48", "10.0.0.0/8");

	assert_int_equal(state_get_mesh(f->state, &m, NULL), -ERR_NOT_FOUND);
	set_mesh(f, "fd01:2:3::/48", "172.16.0.0/12");
	set_mesh(f, "fd01:2:3::/48", "10.0.0.0/8");
	assert_int_equal(state_get_mesh(f->state, &m, NULL), 0);
	assert_true(prefix_equal(&m.ula, &expected.ula));
	assert_true(prefix_equal(&m.ipv4, &expected.ipv4));
	assert_string_equal(m.domain, expected.domain);
}

static struct apply_result put_member(struct fixture *f, uint64_t id, const char *node,
				      const char *address)
{
	struct member m = { .server_id = id };
	struct entry *e = new_entry();

	snprintf(m.node_id, sizeof(m.node_id), "%s", node);
	snprintf(m.address, sizeof(m.address), "%s", address);
	assert_int_equal(command_put_member(e, &m, NULL), 0);
	return feed(f, e);
}

static int count_member(const struct member *m, void *data)
{
	uint64_t *last = data;

	assert_true(m->server_id > *last);
	*last = m->server_id;
	return 0;
}

static void members_move_but_a_node_is_one_server(void **state)
{
	struct fixture *f = *state;
	struct entry *e = new_entry();
	uint64_t last = 0;
	struct member m;

	assert_int_equal(put_member(f, 8, "n2", "172.16.0.2:9443").error.kind, ERR_NONE);
	assert_int_equal(put_member(f, 5, "n1", "172.16.0.1:9443").error.kind, ERR_NONE);
	assert_int_equal(put_member(f, 5, "n1", "[fd00::1]:9443").error.kind, ERR_NONE);
	assert_int_equal(put_member(f, 6, "n1", "x:1").error.kind, ERR_EXISTS);
	assert_int_equal(state_get_member(f->state, 5, &m, NULL), 0);
	assert_string_equal(m.address, "[fd00::1]:9443");
	assert_int_equal(state_each_member(f->state, count_member, &last, NULL), 0);
	assert_int_equal(last, 8);
	assert_int_equal(command_remove_member(e, 5, NULL), 0);
	feed_ok(f, e);
	assert_int_equal(state_get_member(f->state, 5, &m, NULL), -ERR_NOT_FOUND);
}

struct walk {
	char last[NODE_ID_MAX + 1];
	unsigned int n, stop_at;
};

static int visit(const struct node *n, void *data)
{
	struct walk *w = data;

	assert_true(strcmp(n->id, w->last) > 0);
	strcpy(w->last, n->id);
	return ++w->n == w->stop_at ? 42 : 0;
}

static void nodes_are_walked_in_order_and_from_anywhere(void **state)
{
	struct fixture *f = *state;
	struct walk w = { .n = 0 };
	uint64_t count;

	for (unsigned int i = 30; i-- > 0;) {
		struct node n = make_node(i);

		feed_ok(f, join_node(&n));
	}
	assert_int_equal(state_count_nodes(f->state, &count, NULL), 0);
	assert_int_equal(count, 30);
	assert_int_equal(state_each_node(f->state, NULL, visit, &w, NULL), 0);
	assert_int_equal(w.n, 30);
	w = (struct walk){ .stop_at = 3 };
	assert_int_equal(state_each_node(f->state, "n7", visit, &w, NULL), 0);
	assert_int_equal(w.n, 2);	/* n8 and n9 */
	w = (struct walk){ .stop_at = 3 };
	assert_int_equal(state_each_node(f->state, NULL, visit, &w, NULL), 42);
	assert_int_equal(w.n, 3);
}

static void bad_values_are_refused_before_they_are_proposed(void **state)
{
	struct node n = make_node(1);
	struct entry *e = new_entry();
	struct mesh m = make_mesh("2001:db8::/48", "10.0.0.0/8");
	struct member member = { .node_id = "n1" };
	struct token_record t = make_token("t", 0);
	struct certificate cert = { .serial = "aa", .node_id = "-" };

	n.server_id = 1ULL << 63;
	assert_int_equal(command_register_node(e, &n, NULL), -ERR_INVALID);
	n = make_node(1);
	assert_true(prefix_parse("fd00::/48", &n.ipv6));
	assert_int_equal(command_register_node(e, &n, NULL), -ERR_INVALID);
	assert_int_equal(command_set_mesh(e, &m, NULL), -ERR_INVALID);
	assert_int_equal(command_put_member(e, &member, NULL), -ERR_INVALID);
	assert_int_equal(command_put_token(e, &t, NULL), -ERR_INVALID);
	assert_int_equal(command_put_certificate(e, &cert, NULL), -ERR_INVALID);
	entry_free(e);
}

static void lease(struct fixture *f, unsigned int node, uint64_t number)
{
	struct node n = make_node(node);

	n.ipv4 = ipam_ipv4_address(&(struct prefix){ .len = 16 }, number);
	feed_ok(f, join_node(&n));
}

static void addresses_are_given_in_order_and_gaps_are_filled(void **state)
{
	struct fixture *f = *state;
	struct ipam_reservations *set = ipam_reservations_new(8);
	char text[PREFIX_TEXT_MAX];
	struct prefix p;
	struct error err;
	struct entry *e = new_entry();

	set_mesh(f, "fd01:2:3::/48", "10.0.0.0/29");
	for (uint32_t i = 1; i <= 4; i++) {
		ok(state_next_ipv4(f->state, NULL, &p, &err), &err);
		assert_int_equal(ipam_ipv4_number(&p.ip), 0x0a000000 + i);
		lease(f, i, 0x0a000000 + i);
	}
	assert_string_equal(prefix_format(&p, text), "10.0.0.4/29");
	assert_int_equal(command_remove_node(e, "n2", NULL), 0);
	feed_ok(f, e);
	ok(state_next_ipv4(f->state, set, &p, &err), &err);
	assert_string_equal(prefix_format(&p, text), "10.0.0.2/29");
	/* In flight: the next join must get another one. */
	ok(ipam_reserve(set, IPAM_IPV4, ipam_ipv4_number(&p.ip), &err), &err);
	ok(state_next_ipv4(f->state, set, &p, &err), &err);
	assert_string_equal(prefix_format(&p, text), "10.0.0.5/29");
	ipam_release_all(set);
	lease(f, 12, 0x0a000002);
	lease(f, 15, 0x0a000005);
	lease(f, 16, 0x0a000006);
	assert_int_equal(state_next_ipv4(f->state, set, &p, &err), -ERR_EXHAUSTED);
	assert_non_null(strstr(err.text, "10.0.0.0/29"));
	ipam_reservations_free(set);
}

static void a_slash_64_is_found_near_the_random_place(void **state)
{
	struct fixture *f = *state;
	const uint8_t first[8] = { 0 }, last[8] = { [7] = 0xfe }, beyond[8] = { [7] = 0xff };
	char text[PREFIX_TEXT_MAX];
	struct node n = make_node(1);
	struct prefix p;

	set_mesh(f, "fd01:2:3::/56", "10.0.0.0/29");
	assert_int_equal(state_next_ipv6(f->state, NULL, first, &p, NULL), 0);
	assert_string_equal(prefix_format(&p, text), "fd01:2:3:1::/64");
	assert_int_equal(state_next_ipv6(f->state, NULL, last, &n.ipv6, NULL), 0);
	assert_string_equal(prefix_format(&n.ipv6, text), "fd01:2:3:ff::/64");
	feed_ok(f, join_node(&n));
	/* The last one is taken: round to the first. */
	assert_int_equal(state_next_ipv6(f->state, NULL, last, &p, NULL), 0);
	assert_string_equal(prefix_format(&p, text), "fd01:2:3:1::/64");
	assert_int_equal(state_next_ipv6(f->state, NULL, beyond, &p, NULL), 0);
	assert_string_equal(prefix_format(&p, text), "fd01:2:3:1::/64");
}

enum { FIRST = 50, LAST = 89, SPAN = LAST - FIRST + 1 };

static uint64_t expected_free(const bool *leased, const struct ipam_reservations *set,
			      uint64_t start)
{
	for (uint64_t i = 0; i < SPAN; i++) {
		uint64_t number = FIRST + (start - FIRST + i) % SPAN;

		if (!leased[number - FIRST] && !ipam_reserved(set, IPAM_IPV4, number))
			return number;
	}
	return 0;
}

static void toggle_lease(struct fixture *f, bool *leased, uint64_t number)
{
	char id[16];
	struct entry *e;

	if (!leased[number - FIRST]) {
		lease(f, (unsigned int)number, number);
	} else {
		e = new_entry();
		snprintf(id, sizeof(id), "n%u", (unsigned int)number);
		assert_int_equal(command_remove_node(e, id, NULL), 0);
		feed_ok(f, e);
	}
	leased[number - FIRST] = !leased[number - FIRST];
}

/* How many numbers are leased whose next is not: by an entry, which alone may look at the table. */
static bool gaps_are(struct fixture *f, unsigned int n)
{
	struct sql_value param = { .type = SQL_INT, .i = n };
	struct entry *e = new_entry();

	assert_int_equal(entry_add(e, 0, "DELETE FROM mesh WHERE ?1 ="
				   " (SELECT count(*) FROM leases WHERE followed = 0)",
				   &param, 1, NULL), 0);
	return feed(f, e).rows_affected > 0;
}

/* Else finding a free number would walk all leases, and be right all the same. */
static void the_index_of_gaps_lists_nothing_else(void **state)
{
	static const uint64_t order[] = { 5, 7, 6, 1, 9, 8, 3, 2 };
	static const unsigned int gaps[] = { 1, 2, 1, 2, 3, 2, 3, 2 };
	struct fixture *f = *state;
	struct entry *e = new_entry();

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		lease(f, (unsigned int)order[i], order[i]);
		set_mesh(f, "fd01:2:3::/48", "10.0.0.0/8");
		assert_true(gaps_are(f, gaps[i]));
	}
	set_mesh(f, "fd01:2:3::/48", "10.0.0.0/8");
	assert_int_equal(command_remove_node(e, "n6", NULL), 0);
	feed_ok(f, e);
	assert_true(gaps_are(f, 3));
}

static void free_addresses_agree_with_brute_force(void **state)
{
	struct fixture *f = *state;
	const struct ipam_range range = { FIRST, LAST };
	struct ipam_reservations *set = ipam_reservations_new(64);
	bool leased[SPAN] = { false };

	srand(23);
	/* Leases outside of the range, at its very edges, must not confuse. */
	lease(f, 1, FIRST - 1);
	lease(f, 2, LAST + 1);
	for (int i = 0; i < 1500; i++) {
		uint64_t start = FIRST + (uint64_t)rand() % SPAN, got = 0, expected;
		uint64_t other = FIRST + (uint64_t)rand() % SPAN;

		if (rand() % 3 || !leased[other - FIRST])	/* mostly full */
			toggle_lease(f, leased, other);
		if (rand() % 4 == 0)
			ipam_reserve(set, IPAM_IPV4, start, NULL);
		else
			ipam_release(set, IPAM_IPV4, start);
		expected = expected_free(leased, set, start);
		state_find_free(f->state, IPAM_IPV4, &range, start, set, &got, NULL);
		assert_int_equal(got, expected);
	}
	ipam_reservations_free(set);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_state, teardown)

static void a_role_that_is_set_goes_for_node_and_certificates(void **state)
{
	struct fixture *f = *state;
	struct certificate cert = { .serial = "aa", .node_id = "n1", .role = NODE_OBSERVER };
	struct member member = { .server_id = 77, .node_id = "n1", .address = "[fd00::1]:9443" };
	struct node node = make_node(1), found;
	struct entry *e = new_entry();

	node.role = NODE_OBSERVER;
	node.server_id = 0;
	strcpy(node.id, "n1");
	assert_int_equal(command_register_node(e, &node, NULL), 0);
	assert_int_equal(command_put_certificate(e, &cert, NULL), 0);
	feed_ok(f, e);
	set_role(f, "n1", NODE_VOTER, 77);
	e = new_entry();
	assert_int_equal(command_put_member(e, &member, NULL), 0);
	feed_ok(f, e);
	assert_int_equal(state_get_node(f->state, "n1", &found, NULL), 0);
	assert_int_equal(found.role, NODE_VOTER);
	assert_int_equal(found.server_id, 77);
	assert_int_equal(state_get_certificate(f->state, "aa", &cert, NULL), 0);
	assert_int_equal(cert.role, NODE_VOTER);
	set_role(f, "n1", NODE_OBSERVER, 0);
	assert_int_equal(state_get_node(f->state, "n1", &found, NULL), 0);
	assert_int_equal(found.server_id, 0);
	assert_int_equal(state_get_member(f->state, 77, &member, NULL), -ERR_NOT_FOUND);
	e = new_entry();
	assert_int_equal(command_set_role(e, "nobody", NODE_OBSERVER, 0, 5, NULL), 0);
	assert_int_equal(feed(f, e).error.kind, ERR_PRECONDITION);
}

static void the_other_voters_go_and_observers_stay(void **state)
{
	struct fixture *f = *state;
	struct node found;
	struct entry *e = new_entry();

	for (unsigned int i = 1; i <= 3; i++) {
		struct node node = make_node(i);

		node.role = i == 3 ? NODE_OBSERVER : NODE_VOTER;
		node.server_id = i == 3 ? 0 : i;
		assert_int_equal(command_register_node(e, &node, NULL), 0);
	}
	feed_ok(f, e);
	e = new_entry();
	assert_int_equal(command_remove_other_voters(e, make_node(1).id, NULL), 0);
	feed_ok(f, e);
	assert_int_equal(state_get_node(f->state, make_node(1).id, &found, NULL), 0);
	assert_int_equal(state_get_node(f->state, make_node(2).id, &found, NULL), -ERR_NOT_FOUND);
	assert_int_equal(state_get_node(f->state, make_node(3).id, &found, NULL), 0);
}

static void a_node_that_was_read_is_read_anew_when_the_state_has_changed(void **state)
{
	struct fixture *f = *state;
	struct node n = make_node(1);

	assert_false(has_node(f, "n1"));
	feed_ok(f, join_node(&n));
	assert_int_equal(get_node(f, "n1").grpc_port, n.grpc_port);
	n.grpc_port++;
	feed_ok(f, join_node(&n));
	assert_int_equal(get_node(f, "n1").grpc_port, n.grpc_port);
	feed_ok(f, leave_node("n1"));
	assert_false(has_node(f, "n1"));
}

static void what_was_read_of_a_batch_is_gone_with_it(void **state)
{
	struct fixture *f = *state;
	struct node n = make_node(1);
	struct error err;

	feed_ok(f, join_node(&n));
	assert_true(has_node(f, "n1"));
	ok(state_store_begin(f->state, &err), &err);
	assert_int_equal(feed_within(f, leave_node("n1")).error.kind, ERR_NONE);
	assert_false(has_node(f, "n1"));
	assert_int_equal(feed_within(f, join_node(&n)).error.kind, ERR_NONE);
	assert_true(has_node(f, "n1"));
	n = make_node(2);
	assert_int_equal(feed_within(f, join_node(&n)).error.kind, ERR_NONE);
	assert_true(has_node(f, "n2"));
	state_store_rollback(f->state);
	assert_true(has_node(f, "n1"));
	assert_false(has_node(f, "n2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_that_was_read_is_read_anew_when_the_state_has_changed),
		TEST(what_was_read_of_a_batch_is_gone_with_it),
		TEST(a_node_comes_back_as_it_was_registered),
		TEST(nodes_may_share_an_endpoint_but_not_a_key),
		TEST(joining_again_keeps_what_was_given_and_takes_what_is_told),
		TEST(joining_again_leases_nothing_new),
		TEST(an_address_is_given_once),
		TEST(a_removed_node_gives_its_addresses_back),
		TEST(a_used_up_token_buys_no_certificate),
		TEST(a_refused_certificate_costs_no_use),
		TEST(unknown_expired_and_revoked_tokens_are_refused),
		TEST(certificates_are_revoked_one_or_all),
		TEST(acls_are_listed_by_name_and_replaced),
		TEST(the_mesh_has_settings_once_they_are_set),
		TEST(members_move_but_a_node_is_one_server),
		TEST(nodes_are_walked_in_order_and_from_anywhere),
		TEST(bad_values_are_refused_before_they_are_proposed),
		TEST(addresses_are_given_in_order_and_gaps_are_filled),
		TEST(a_slash_64_is_found_near_the_random_place),
		TEST(the_index_of_gaps_lists_nothing_else),
		TEST(the_lowest_ability_is_that_of_the_nodes_that_are_left),
		TEST(free_addresses_agree_with_brute_force),
		TEST(a_role_that_is_set_goes_for_node_and_certificates),
		TEST(the_other_voters_go_and_observers_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
