// SPDX-License-Identifier: Apache-2.0
/* Peer sets, their differences, and the planner, against brute force on random meshes. */
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/plan.h"

enum { NODES_MAX = 40 };

static struct node make_node(unsigned int i, bool public)
{
	struct node n = { .wireguard_port = 51820 };

	snprintf(n.id, sizeof(n.id), "n%u", i);
	memset(n.public_key.bytes, 1, KEY_BYTES);
	n.public_key.bytes[0] = (uint8_t)(i * 37);
	n.public_key.bytes[1] = (uint8_t)i;
	n.ipv4 = (struct prefix){ .ip = { AF_INET, { 172, 16, 0, (uint8_t)(i + 1) } }, .len = 12 };
	n.ipv6 = (struct prefix){
		.ip = { AF_INET6, { 0xfd, 1, 2, 3, 4, 5, 0, (uint8_t)i } }, .len = 64,
	};
	if (public)
		n.primary_endpoint = (struct ip){ AF_INET, { 198, 51, 100, (uint8_t)(i + 1) } };
	return n;
}

static struct peer_set *plan(const struct node *self, const struct node *nodes, size_t n)
{
	struct peer_set *set = NULL;
	struct error err;

	if (plan_peers(self, nodes, n, &set, &err) < 0)
		fail_msg("%s", err.text);
	return set;
}

static const struct peer_prefix *find_prefix(const struct peer *p, const struct prefix *prefix)
{
	for (size_t i = 0; i < p->n_prefixes; i++)
		if (prefix_equal(&p->prefixes[i].prefix, prefix))
			return &p->prefixes[i];
	return NULL;
}

/* The peer that @prefix hangs on with @metric; NULL: none. */
static const struct peer *hop_of(const struct peer_set *set, const struct prefix *prefix,
				 uint32_t metric)
{
	for (size_t i = 0; i < peer_set_count(set); i++) {
		const struct peer_prefix *p = find_prefix(peer_set_at(set, i), prefix);

		if (p && p->metric == metric)
			return peer_set_at(set, i);
	}
	return NULL;
}

static const struct node *node_of(const struct node *nodes, size_t n, const struct peer *peer)
{
	for (size_t i = 0; i < n; i++)
		if (peer && key_equal(&nodes[i].public_key, &peer->public_key))
			return &nodes[i];
	return NULL;
}

static void two_public_nodes_peer_directly(void **state)
{
	struct node nodes[] = { make_node(0, true), make_node(1, true) };
	struct peer_set *set = plan(&nodes[0], nodes, 2);
	const struct peer *p = peer_set_lookup(set, &nodes[1].public_key);
	char text[ENDPOINT_TEXT_MAX];

	assert_int_equal(peer_set_count(set), 1);
	assert_string_equal(endpoint_format(&p->endpoint, text), "198.51.100.2:51820");
	assert_int_equal(p->keepalive, 0);
	assert_int_equal(p->n_prefixes, 2);
	assert_string_equal(prefix_format(&p->prefixes[0].prefix, text), "172.16.0.2/32");
	assert_string_equal(prefix_format(&p->prefixes[1].prefix, text), "fd01:203:405:1::/64");
	peer_set_free(set);
}

static void behind_nat_the_session_is_kept_open_from_inside(void **state)
{
	struct node nodes[] = { make_node(0, false), make_node(1, true) };
	struct peer_set *inside = plan(&nodes[0], nodes, 2), *outside = plan(&nodes[1], nodes, 2);

	assert_int_equal(peer_set_at(inside, 0)->keepalive, PLAN_KEEPALIVE);
	assert_int_equal(peer_set_at(inside, 0)->endpoint.port, 51820);
	assert_int_equal(peer_set_at(outside, 0)->keepalive, 0);
	assert_int_equal(peer_set_at(outside, 0)->endpoint.ip.family, AF_UNSPEC);
	assert_int_equal(peer_set_at(outside, 0)->n_prefixes, 2);
	peer_set_free(inside);
	peer_set_free(outside);
}

static void without_a_public_node_nobody_behind_nat_is_reached(void **state)
{
	struct node nodes[] = { make_node(0, false), make_node(1, false) };
	struct peer_set *set = plan(&nodes[0], nodes, 2);

	assert_int_equal(peer_set_count(set), 0);
	peer_set_free(set);
}

static struct peer_set *plan_with_route(const struct node *self, const struct node *nodes, size_t n,
					const struct node *of, const char *prefix)
{
	struct route route = { .public_key = of->public_key };
	struct planner *p = planner_new(self);
	struct peer_set *set = NULL;
	struct error err;

	assert_true(prefix_parse(prefix, &route.prefix));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(planner_add(p, &nodes[i], &err), 0);
	assert_int_equal(planner_add_route(p, &route, &err), 0);
	if (planner_finish(p, &set, &err) < 0)
		fail_msg("%s", err.text);
	planner_free(p);
	return set;
}

static void a_route_hangs_where_its_nodes_addresses_do(void **state)
{
	struct node nodes[] = { make_node(0, false), make_node(1, false), make_node(2, true),
				make_node(3, true), make_node(4, true) };
	struct prefix site, own = prefix_host(&nodes[1].ipv4.ip);

	assert_true(prefix_parse("192.168.5.0/24", &site));
	/* By sessions of their own, and by relays, in the same order. */
	for (unsigned int self = 0; self < 5; self += 2) {
		struct peer_set *set = plan_with_route(&nodes[self], nodes, 5, &nodes[1],
						       "192.168.5.0/24");

		assert_non_null(hop_of(set, &site, 0));
		for (uint32_t metric = 0; metric < PLAN_RELAYS_MAX; metric++)
			assert_ptr_equal(hop_of(set, &site, metric), hop_of(set, &own, metric));
		peer_set_free(set);
	}
}

static void nobody_relays_a_default_route(void **state)
{
	struct node nodes[] = { make_node(0, false), make_node(1, false), make_node(2, true) };
	struct peer_set *set = plan_with_route(&nodes[0], nodes, 3, &nodes[1], "0.0.0.0/0");
	struct prefix all = { .ip.family = AF_INET };

	assert_null(hop_of(set, &all, 0));
	peer_set_free(set);
	set = plan_with_route(&nodes[0], nodes, 3, &nodes[2], "0.0.0.0/0");
	assert_true(key_equal(&hop_of(set, &all, 0)->public_key, &nodes[2].public_key));
	peer_set_free(set);
}

static void a_route_of_nobody_has_no_effect(void **state)
{
	struct node nodes[] = { make_node(0, true), make_node(1, true) };
	struct node stranger = make_node(9, true);
	struct peer_set *set = plan_with_route(&nodes[0], nodes, 2, &stranger, "192.168.5.0/24");

	assert_int_equal(peer_set_at(set, 0)->n_prefixes, 2);
	peer_set_free(set);
}

static void an_endpoint_is_as_this_node_knows_it(void **state)
{
	struct node nodes[] = { make_node(0, true), make_node(1, true), make_node(2, false) };
	struct override_list overrides = { 0 };
	struct planner *p = planner_new(&nodes[0]);
	struct peer_set *set;
	char text[ENDPOINT_TEXT_MAX];

	assert_int_equal(override_list_add(&overrides, "n1=10.0.0.7:99", NULL), 0);
	assert_int_equal(override_list_add(&overrides, "n2=[fd00::2]:1", NULL), 0);
	planner_set_overrides(p, &overrides);
	for (int i = 0; i < 3; i++)
		assert_int_equal(planner_add(p, &nodes[i], NULL), 0);
	assert_int_equal(planner_finish(p, &set, NULL), 0);
	assert_string_equal(endpoint_format(&peer_set_lookup(set, &nodes[1].public_key)->endpoint,
					    text), "10.0.0.7:99");
	assert_string_equal(endpoint_format(&peer_set_lookup(set, &nodes[2].public_key)->endpoint,
					    text), "[fd00::2]:1");
	planner_free(p);
	peer_set_free(set);
}

/* The other one would answer by a relay. */
static void an_endpoint_makes_no_session_between_two_behind_nat(void **state)
{
	struct node nodes[] = { make_node(0, false), make_node(1, false), make_node(2, true) };
	struct override_list overrides = { 0 };
	struct planner *p = planner_new(&nodes[0]);
	struct peer_set *set;

	assert_int_equal(override_list_add(&overrides, "n1=10.0.0.7:99", NULL), 0);
	planner_set_overrides(p, &overrides);
	for (int i = 0; i < 3; i++)
		assert_int_equal(planner_add(p, &nodes[i], NULL), 0);
	assert_int_equal(planner_finish(p, &set, NULL), 0);
	assert_int_equal(peer_set_count(set), 1);
	planner_free(p);
	peer_set_free(set);
}

static void shuffle(struct node *nodes, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)rand() % i;
		struct node t = nodes[i - 1];

		nodes[i - 1] = nodes[j];
		nodes[j] = t;
	}
}

static size_t random_mesh(struct node nodes[NODES_MAX])
{
	size_t n = 1 + (size_t)rand() % NODES_MAX;

	for (unsigned int i = 0; i < n; i++)
		nodes[i] = make_node(i, rand() % 3 == 0);
	shuffle(nodes, n);
	return n;
}

/* Follow metric 0 from node to node, as packets do; each hop must take them from the one before. */
static bool delivered(const struct node *nodes, struct peer_set **plans, size_t n, size_t from,
		      size_t to, bool ipv6)
{
	struct prefix dst = ipv6 ? nodes[to].ipv6 : prefix_host(&nodes[to].ipv4.ip);
	struct prefix src = ipv6 ? nodes[from].ipv6 : prefix_host(&nodes[from].ipv4.ip);
	size_t at = from;

	for (int hops = 0; at != to; hops++) {
		const struct node *next = node_of(nodes, n, hop_of(plans[at], &dst, 0));
		const struct node *expected;

		if (!next || hops == 2)
			return false;
		expected = node_of(nodes, n, hop_of(plans[next - nodes], &src, 0));
		if (expected != &nodes[at])
			return false;	/* WireGuard drops: not the peer of that source */
		at = (size_t)(next - nodes);
	}
	return true;
}

static void every_pair_is_connected_where_a_public_node_exists(void **state)
{
	struct node nodes[NODES_MAX];
	struct peer_set *plans[NODES_MAX];

	srand(11);
	for (int round = 0; round < 150; round++) {
		size_t n = random_mesh(nodes), public = 0;

		for (size_t i = 0; i < n; i++) {
			plans[i] = plan(&nodes[i], nodes, n);
			public += node_is_public(&nodes[i]);
		}
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
				for (int v = 0; v < 2 && i != j; v++)
					if (delivered(nodes, plans, n, i, j, v) != (public > 0))
						fail_msg("round %d: %s to %s", round, nodes[i].id,
							 nodes[j].id);
		for (size_t i = 0; i < n; i++)
			peer_set_free(plans[i]);
	}
}

/* ---- address families ---- */

/* A public node with these families; where it has both, IPv4 comes first. */
static struct node make_node_of(unsigned int i, unsigned int families)
{
	struct node n = make_node(i, families & NODE_IPV4);
	struct ip ipv6 = { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(i + 1) } };

	if (families == NODE_IPV6)
		n.primary_endpoint = ipv6;
	else if (families == NODE_BOTH)
		n.endpoints[n.n_endpoints++] = ipv6;
	return n;
}

static struct plan_families families_of(const struct node *self, const struct node *nodes, size_t n,
					const struct override_list *overrides)
{
	struct planner *p = planner_new(self);
	struct plan_families f;

	planner_set_overrides(p, overrides);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(planner_add(p, &nodes[i], NULL), 0);
	f = planner_families(p);
	planner_free(p);
	return f;
}

static void nodes_without_a_common_family_meet_at_one_that_has_both(void **state)
{
	struct node nodes[] = { make_node_of(0, NODE_IPV4), make_node_of(1, NODE_IPV6),
				make_node_of(2, NODE_BOTH), make_node_of(3, NODE_IPV4) };

	for (unsigned int self = 0; self < 2; self++) {
		struct peer_set *set = plan(&nodes[self], nodes, 4);
		const struct node *far = &nodes[1 - self];
		struct prefix ipv4 = prefix_host(&far->ipv4.ip);

		assert_null(peer_set_lookup(set, &far->public_key));
		assert_ptr_equal(node_of(nodes, 4, hop_of(set, &ipv4, 0)), &nodes[2]);
		assert_ptr_equal(node_of(nodes, 4, hop_of(set, &far->ipv6, 0)), &nodes[2]);
		assert_null(hop_of(set, &ipv4, 1));
		assert_int_equal(peer_set_at(set, 0)->keepalive, 0);
		peer_set_free(set);
	}
	assert_int_equal(families_of(&nodes[0], nodes, 4, NULL).relayed, 1);
	assert_int_equal(families_of(&nodes[1], nodes, 4, NULL).relayed, 2);
	assert_true(families_of(&nodes[2], nodes, 4, NULL).bridges);
	assert_false(families_of(&nodes[0], nodes, 4, NULL).bridges);
}

/* Either may have more than it says, and nothing is lost by calling. */
static void where_nobody_has_both_families_they_call_each_other_and_are_counted(void **state)
{
	struct node nodes[] = { make_node_of(0, NODE_IPV4), make_node_of(1, NODE_IPV6),
				make_node(2, false) };
	struct peer_set *set = plan(&nodes[0], nodes, 3);
	struct override_list overrides = { 0 };
	struct plan_families f = families_of(&nodes[0], nodes, 3, NULL);
	char text[ENDPOINT_TEXT_MAX];

	assert_string_equal(endpoint_format(&peer_set_lookup(set, &nodes[1].public_key)->endpoint,
					    text), "[2001:db8::2]:51820");
	peer_set_free(set);
	assert_int_equal(f.stranded, 1);
	assert_int_equal(f.relayed, 0);
	assert_int_equal(override_list_add(&overrides, "n1=10.0.0.7:99", NULL), 0);
	assert_int_equal(families_of(&nodes[0], nodes, 3, &overrides).stranded, 0);
	assert_int_equal(families_of(&nodes[2], nodes, 3, NULL).stranded, 0);
}

static void a_relay_between_families_that_goes_is_replaced_at_both_ends(void **state)
{
	struct node nodes[] = { make_node_of(0, NODE_IPV4), make_node_of(1, NODE_IPV6),
				make_node_of(2, NODE_BOTH), make_node_of(3, NODE_BOTH) };
	struct node *one = &nodes[0], *other = &nodes[1];
	struct prefix there = prefix_host(&other->ipv4.ip), back = prefix_host(&one->ipv4.ip);
	struct peer_set *set = plan(one, nodes, 4);
	const struct node *gone = node_of(nodes, 4, hop_of(set, &there, 0));
	const struct node *second = node_of(nodes, 4, hop_of(set, &there, 1));

	assert_true(gone && second && gone != second);
	nodes[gone - nodes] = *second;		/* the last place is left out */
	peer_set_free(set);
	set = plan(one, nodes, 3);
	assert_true(key_equal(&hop_of(set, &there, 0)->public_key, &nodes[2].public_key));
	peer_set_free(set);
	set = plan(other, nodes, 3);
	assert_true(key_equal(&hop_of(set, &back, 0)->public_key, &nodes[2].public_key));
	peer_set_free(set);
}

static void a_default_route_does_not_go_from_family_to_family(void **state)
{
	struct node nodes[] = { make_node_of(0, NODE_IPV4), make_node_of(1, NODE_IPV6),
				make_node_of(2, NODE_BOTH) };
	struct peer_set *set = plan_with_route(&nodes[0], nodes, 3, &nodes[1], "0.0.0.0/0");
	struct prefix all = { .ip.family = AF_INET }, site;
	struct planner *p = planner_new(&nodes[0]);

	assert_null(hop_of(set, &all, 0));
	peer_set_free(set);
	set = plan_with_route(&nodes[0], nodes, 3, &nodes[1], "192.168.5.0/24");
	assert_true(prefix_parse("192.168.5.0/24", &site));
	assert_true(key_equal(&hop_of(set, &site, 0)->public_key, &nodes[2].public_key));
	peer_set_free(set);
	for (int i = 0; i < 3; i++)
		assert_int_equal(planner_add(p, &nodes[i], NULL), 0);
	assert_false(planner_has_session(p, &nodes[1].public_key));
	assert_true(planner_has_session(p, &nodes[2].public_key));
	planner_free(p);
}

/* What cannot be, is not delivered: a hop over a network that only one of the two has. */
static bool can_call(const struct node *from, const struct node *to)
{
	return !node_is_public(from) || !node_is_public(to) ||
	       node_families(from) & node_families(to);
}

static bool underlays_fit(const struct node *nodes, size_t n, struct peer_set **plans, size_t i)
{
	for (size_t k = 0; k < peer_set_count(plans[i]); k++)
		if (!can_call(&nodes[i], node_of(nodes, n, peer_set_at(plans[i], k))))
			return false;
	return true;
}

/* The last one is there always, and has both families. */
static size_t random_families(struct node nodes[NODES_MAX])
{
	size_t n = 1 + (size_t)rand() % NODES_MAX;

	for (unsigned int i = 0; i < n; i++)
		nodes[i] = make_node_of(i, i + 1 == n ? NODE_BOTH : (unsigned int)rand() % 4);
	shuffle(nodes, n);
	return n;
}

static void every_pair_is_connected_where_one_node_has_both_families(void **state)
{
	struct node nodes[NODES_MAX];
	struct peer_set *plans[NODES_MAX];

	srand(23);
	for (int round = 0; round < 150; round++) {
		size_t n = random_families(nodes);

		for (size_t i = 0; i < n; i++) {
			plans[i] = plan(&nodes[i], nodes, n);
			assert_true(underlays_fit(nodes, n, plans, i));
		}
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
				for (int v = 0; v < 2 && i != j; v++)
					if (!delivered(nodes, plans, n, i, j, v))
						fail_msg("round %d: %s to %s", round, nodes[i].id,
							 nodes[j].id);
		for (size_t i = 0; i < n; i++)
			peer_set_free(plans[i]);
	}
}

static bool same_set(const struct peer_set *a, const struct peer_set *b);

/* Every second one has IPv6 besides: nobody needs it, and nothing comes of it. */
static void a_family_that_all_have_leaves_the_plan_as_it_is(void **state)
{
	struct node plain[NODES_MAX], mixed[NODES_MAX];

	srand(29);
	for (int round = 0; round < 100; round++) {
		size_t n = random_mesh(plain);

		memcpy(mixed, plain, sizeof(mixed));
		for (size_t i = 0; i < n; i++)
			if (node_is_public(&mixed[i]) && rand() % 2)
				mixed[i].endpoints[mixed[i].n_endpoints++] = plain[i].ipv6.ip;
		for (size_t i = 0; i < n; i++) {
			struct peer_set *a = plan(&plain[i], plain, n);
			struct peer_set *b = plan(&mixed[i], mixed, n);
			struct plan_families f = families_of(&mixed[i], mixed, n, NULL);

			assert_true(same_set(a, b));
			assert_true(!f.bridges && !f.relayed && !f.stranded);
			peer_set_free(a);
			peer_set_free(b);
		}
	}
}

static void relays_are_listed_in_order_without_repetition(void **state)
{
	struct node nodes[12];
	struct peer_set *set;
	struct prefix far;

	for (unsigned int i = 0; i < 12; i++)
		nodes[i] = make_node(i, i < 5);
	set = plan(&nodes[5], nodes, 12);
	assert_int_equal(peer_set_count(set), 5);
	for (unsigned int i = 6; i < 12; i++) {
		far = prefix_host(&nodes[i].ipv4.ip);
		const struct peer *a = hop_of(set, &far, 0), *b = hop_of(set, &far, 1);
		const struct peer *c = hop_of(set, &far, 2);

		assert_true(a && b && c && a != b && b != c && a != c);
		assert_null(hop_of(set, &far, 3));
	}
	peer_set_free(set);
}

static bool same_set(const struct peer_set *a, const struct peer_set *b)
{
	struct peer_diff there, back;
	bool same;

	assert_int_equal(peer_set_diff(a, b, &there, NULL), 0);
	assert_int_equal(peer_set_diff(b, a, &back, NULL), 0);
	same = !there.n_upserts && !there.n_removals && !back.n_upserts && !back.n_removals;
	peer_diff_fini(&there);
	peer_diff_fini(&back);
	return same;
}

static void the_order_of_nodes_does_not_matter(void **state)
{
	struct node nodes[NODES_MAX];

	srand(13);
	for (int round = 0; round < 100; round++) {
		size_t n = random_mesh(nodes);
		struct node self = nodes[0];
		struct peer_set *a = plan(&self, nodes, n), *b;

		shuffle(nodes, n);
		b = plan(&self, nodes, n);
		assert_true(same_set(a, b));
		peer_set_free(a);
		peer_set_free(b);
	}
}

/* One relay of ten goes: a tenth of the pairs must move, and hardly more. */
static void losing_a_relay_moves_only_its_share(void **state)
{
	enum { PUBLIC = 10, ALL = 210 };
	static struct node nodes[ALL];
	struct peer_set *before, *after;
	unsigned int moved = 0, orphaned = 0;

	for (unsigned int i = 0; i < ALL; i++)
		nodes[i] = make_node(i, i < PUBLIC);
	before = plan(&nodes[ALL - 1], nodes, ALL);
	after = plan(&nodes[ALL - 1], nodes + 1, ALL - 1);
	for (unsigned int i = PUBLIC; i < ALL - 1; i++) {
		struct prefix far = prefix_host(&nodes[i].ipv4.ip);
		const struct peer *a = hop_of(before, &far, 0), *b = hop_of(after, &far, 0);

		orphaned += key_equal(&a->public_key, &nodes[0].public_key);
		moved += !key_equal(&a->public_key, &b->public_key);
	}
	assert_int_equal(moved, orphaned);
	assert_in_range(orphaned, 5, 50);
	peer_set_free(before);
	peer_set_free(after);
}

static void one_key_on_two_nodes_is_an_error(void **state)
{
	struct node nodes[] = { make_node(0, true), make_node(1, true), make_node(2, true) };
	struct peer_set *set = NULL;
	struct error err;

	nodes[2].public_key = nodes[1].public_key;
	assert_int_equal(plan_peers(&nodes[0], nodes, 3, &set, &err), -ERR_EXISTS);
	nodes[2] = make_node(2, true);
	nodes[2].ipv4 = nodes[1].ipv4;
	assert_int_equal(plan_peers(&nodes[0], nodes, 3, &set, &err), -ERR_EXISTS);
	assert_non_null(strstr(err.text, "172.16.0.2/32"));
	assert_null(set);
}

static struct peer_set *random_set(void)
{
	struct peer_set *set = peer_set_new();

	for (unsigned int i = 0; i < 12; i++) {
		struct node n = make_node(i, true);
		struct endpoint e = {
			.ip = n.primary_endpoint, .port = (uint16_t)(1 + rand() % 2),
		};
		struct prefix p;
		uint32_t peer;

		if (rand() % 2)
			continue;
		assert_int_equal(peer_set_add(set, &n.public_key, rand() % 3 ? &e : NULL,
					      (uint16_t)(rand() % 2), &peer, NULL), 0);
		for (uint32_t k = 0; k < 3; k++) {
			p = (struct prefix){
				.ip = { AF_INET, { 10, (uint8_t)i, (uint8_t)k } }, .len = 24,
			};
			if (rand() % 2)
				assert_false(peer_set_add_prefix(set, peer, &p,
								 (uint32_t)rand() % 2, NULL));
		}
	}
	assert_int_equal(peer_set_seal(set, NULL), 0);
	return set;
}

static bool has_prefixes_of(const struct peer *a, const struct peer *b)
{
	for (size_t i = 0; i < b->n_prefixes; i++) {
		const struct peer_prefix *p = find_prefix(a, &b->prefixes[i].prefix);

		if (!p || p->metric != b->prefixes[i].metric)
			return false;
	}
	return true;
}

static struct peer_set *plan_with(const struct node *nodes, size_t n,
				  const struct plan_rotation *rotation)
{
	struct planner *p = planner_new(&nodes[0]);
	struct peer_set *set = NULL;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(planner_add(p, &nodes[i], NULL), 0);
	assert_int_equal(planner_rotate(p, rotation, NULL), 0);
	assert_int_equal(planner_finish(p, &set, NULL), 0);
	planner_free(p);
	return set;
}

static void the_next_key_waits_beside_the_current_one_until_it_has_spoken(void **state)
{
	struct node nodes[] = { make_node(0, true), make_node(1, false), make_node(2, true) };
	struct plan_rotation rotation = { .current = nodes[1].public_key, .next = { { 0xff } } };
	struct peer_set *before, *after, *done;
	const struct peer *old, *next;
	struct peer_diff diff;

	endpoint_parse("203.0.113.9:77", &rotation.endpoint);
	before = plan_with(nodes, 3, &rotation);
	old = peer_set_lookup(before, &rotation.current);
	next = peer_set_lookup(before, &rotation.next);
	assert_true(next->waiting && !next->n_prefixes && !next->keepalive && !old->waiting);
	assert_int_equal(old->n_prefixes, 2);
	rotation.spoken = true;
	after = plan_with(nodes, 3, &rotation);
	old = peer_set_lookup(after, &rotation.current);
	next = peer_set_lookup(after, &rotation.next);
	assert_true(!next->waiting && !old->waiting && !old->n_prefixes);
	assert_int_equal(next->n_prefixes, 2);
	assert_true(endpoint_equal(&next->endpoint, &rotation.endpoint));
	assert_int_equal(peer_set_diff(before, after, &diff, NULL), 0);
	assert_int_equal(diff.n_upserts, 2);
	assert_int_equal(diff.n_removals, 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(diff.upserts[i].changes, diff.upserts[i].peer == next ?
				 PEER_IS_NEW | PEER_RENEWED : PEER_PREFIXES);
	peer_diff_fini(&diff);
	nodes[1].public_key = rotation.next;
	done = plan_with(nodes, 3, &rotation);		/* of a key that nobody has any more */
	assert_int_equal(peer_set_diff(after, done, &diff, NULL), 0);
	assert_int_equal(diff.n_upserts, 0);
	assert_int_equal(diff.n_removals, 1);
	peer_diff_fini(&diff);
	peer_set_free(before);
	peer_set_free(after);
	peer_set_free(done);
}

static void what_hangs_on_a_relay_follows_it_to_its_next_key(void **state)
{
	struct node nodes[] = { make_node(0, false), make_node(1, false), make_node(2, true) };
	struct plan_rotation rotation = { .current = nodes[2].public_key, .next = { { 0xff } },
					  .spoken = true };
	struct peer_set *set = plan_with(nodes, 3, &rotation);
	const struct peer *next = peer_set_lookup(set, &rotation.next);

	assert_int_equal(peer_set_count(set), 2);
	assert_int_equal(next->n_prefixes, 4);
	assert_int_equal(next->keepalive, PLAN_KEEPALIVE);
	assert_int_equal(peer_set_lookup(set, &rotation.current)->keepalive, 0);
	peer_set_free(set);
}

/* What peer_set_diff() should say of @new, by looking at everything. */
static unsigned int expected_changes(const struct peer *old, const struct peer *new)
{
	unsigned int changes = 0;

	if (!old)
		return PEER_IS_NEW;
	if (new->endpoint.ip.family != AF_UNSPEC && !endpoint_equal(&old->endpoint, &new->endpoint))
		changes |= PEER_ENDPOINT;
	if (old->keepalive != new->keepalive)
		changes |= PEER_KEEPALIVE;
	if (!has_prefixes_of(old, new) || !has_prefixes_of(new, old))
		changes |= PEER_PREFIXES;
	return changes;
}

static const struct peer *linear_lookup(const struct peer_set *set, const struct peer *like)
{
	for (size_t i = 0; set && i < peer_set_count(set); i++)
		if (key_equal(&peer_set_at(set, i)->public_key, &like->public_key))
			return peer_set_at(set, i);
	return NULL;
}

static void check_diff(const struct peer_set *old, const struct peer_set *new)
{
	struct peer_diff diff;
	size_t u = 0, r = 0;

	assert_int_equal(peer_set_diff(old, new, &diff, NULL), 0);
	for (size_t i = 0; i < peer_set_count(new); i++) {
		const struct peer *p = peer_set_at(new, i);
		unsigned int changes = expected_changes(linear_lookup(old, p), p);

		if (!changes)
			continue;
		assert_true(u < diff.n_upserts && diff.upserts[u].peer == p);
		assert_ptr_equal(diff.upserts[u].old, linear_lookup(old, p));
		assert_int_equal(diff.upserts[u++].changes, changes);
	}
	for (size_t i = 0; old && i < peer_set_count(old); i++)
		if (!linear_lookup(new, peer_set_at(old, i))) {
			assert_true(r < diff.n_removals);
			assert_ptr_equal(diff.removals[r++], peer_set_at(old, i));
		}
	assert_int_equal(u, diff.n_upserts);
	assert_int_equal(r, diff.n_removals);
	peer_diff_fini(&diff);
}

static void differences_agree_with_brute_force(void **state)
{
	srand(17);
	for (int round = 0; round < 3000; round++) {
		struct peer_set *old = rand() % 10 ? random_set() : NULL, *new = random_set();

		check_diff(old, new);
		peer_set_free(old);
		peer_set_free(new);
	}
}

static void sets_are_sorted_and_found_by_key(void **state)
{
	srand(19);
	for (int round = 0; round < 200; round++) {
		struct peer_set *set = random_set();

		for (size_t i = 0; i < peer_set_count(set); i++) {
			const struct peer *p = peer_set_at(set, i);

			if (i)
				assert_true(memcmp(&peer_set_at(set, i - 1)->public_key,
						   &p->public_key, KEY_BYTES) < 0);
			assert_ptr_equal(peer_set_lookup(set, &p->public_key), p);
			for (size_t k = 1; k < p->n_prefixes; k++)
				assert_true(prefix_compare(&p->prefixes[k - 1].prefix,
							   &p->prefixes[k].prefix) < 0);
		}
		peer_set_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_public_nodes_peer_directly),
		cmocka_unit_test(behind_nat_the_session_is_kept_open_from_inside),
		cmocka_unit_test(without_a_public_node_nobody_behind_nat_is_reached),
		cmocka_unit_test(every_pair_is_connected_where_a_public_node_exists),
		cmocka_unit_test(relays_are_listed_in_order_without_repetition),
		cmocka_unit_test(the_order_of_nodes_does_not_matter),
		cmocka_unit_test(a_route_hangs_where_its_nodes_addresses_do),
		cmocka_unit_test(nobody_relays_a_default_route),
		cmocka_unit_test(a_route_of_nobody_has_no_effect),
		cmocka_unit_test(an_endpoint_is_as_this_node_knows_it),
		cmocka_unit_test(an_endpoint_makes_no_session_between_two_behind_nat),
		cmocka_unit_test(nodes_without_a_common_family_meet_at_one_that_has_both),
		cmocka_unit_test(where_nobody_has_both_families_they_call_each_other_and_are_counted),
		cmocka_unit_test(a_relay_between_families_that_goes_is_replaced_at_both_ends),
		cmocka_unit_test(a_default_route_does_not_go_from_family_to_family),
		cmocka_unit_test(every_pair_is_connected_where_one_node_has_both_families),
		cmocka_unit_test(a_family_that_all_have_leaves_the_plan_as_it_is),
		cmocka_unit_test(losing_a_relay_moves_only_its_share),
		cmocka_unit_test(one_key_on_two_nodes_is_an_error),
		cmocka_unit_test(the_next_key_waits_beside_the_current_one_until_it_has_spoken),
		cmocka_unit_test(what_hangs_on_a_relay_follows_it_to_its_next_key),
		cmocka_unit_test(differences_agree_with_brute_force),
		cmocka_unit_test(sets_are_sorted_and_found_by_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
