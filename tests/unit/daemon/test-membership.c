// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "daemon/membership.h"
#include "raft/raft.h"

static struct raft_configuration group(const char *spec)
{
	static const enum raft_server_role roles[] = { RAFT_LEARNER, RAFT_VOTER };
	struct raft_configuration c = { 0 };
	char name[8] = "";
	uint64_t id;
	char role;
	int n;

	/* "a:1v b:2l": name, server id, voter or learner */
	for (; sscanf(spec, " %7[^:]:%lu%c%n", name, &id, &role, &n) == 3; spec += n)
		assert_int_equal(raft_configuration_add(&c, id, roles[role == 'v'], name, NULL), 0);
	return c;
}

/* All steps as text: "+a:1" learner, "^a:1" promotion, "-a:1" removal. */
static const char *steps(struct fixture *f, const char *spec, char out[256])
{
	static const char signs[] = { [RAFT_ADD_LEARNER] = '+', [RAFT_PROMOTE] = '^',
				      [RAFT_REMOVE] = '-' };
	struct raft_configuration c = group(spec);
	struct raft_change change;
	char name[NODE_ID_MAX + 1];
	size_t n = 0;

	out[0] = 0;
	for (unsigned int i = 0; membership_step(f->state, &c, i, &change, name); i++) {
		assert_ptr_equal(change.name, name);
		n += (size_t)snprintf(out + n, 256 - n, "%s%c%s:%lu", n ? " " : "",
				      signs[change.kind], name, (unsigned long)change.id);
	}
	return out;
}

static void voter(struct fixture *f, const char *id, uint64_t server_id)
{
	struct node node = make_node(id, NODE_VOTER, server_id);

	add_node(f, &node);
}

static void observer(struct fixture *f, const char *id, uint64_t server_id)
{
	struct node node = make_node(id, NODE_OBSERVER, server_id);

	add_node(f, &node);
}

static void a_group_that_is_what_the_state_says_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char text[256];

	voter(f, "a", 1);
	voter(f, "b", 2);
	observer(f, "c", 0);
	assert_string_equal(steps(f, "a:1v b:2v", text), "");
}

static void a_voter_becomes_a_learner_and_then_a_voter(void **state)
{
	struct fixture *f = *state;
	char text[256];

	voter(f, "a", 1);
	voter(f, "b", 2);
	assert_string_equal(steps(f, "a:1v", text), "+b:2");
	assert_string_equal(steps(f, "a:1v b:2l", text), "^b:2");
}

static void what_lags_does_not_hide_what_could_be_done(void **state)
{
	struct fixture *f = *state;
	char text[256];

	voter(f, "a", 1);
	voter(f, "b", 2);
	voter(f, "c", 3);
	voter(f, "d", 4);
	assert_string_equal(steps(f, "a:1v b:2l c:3l", text), "^b:2 ^c:3 +d:4");
}

static void a_server_whose_node_is_gone_is_removed_before_anything_is_added(void **state)
{
	struct fixture *f = *state;
	char text[256];

	voter(f, "a", 1);
	voter(f, "b", 2);
	voter(f, "c", 3);
	remove_node(f, "b");
	assert_string_equal(steps(f, "a:1v b:2v", text), "-b:2 +c:3");
	assert_string_equal(steps(f, "a:1v b:2l", text), "-b:2 +c:3");
}

static void a_voter_that_joins_again_as_an_observer_leaves_the_group(void **state)
{
	struct fixture *f = *state;
	char text[256];

	voter(f, "a", 1);
	voter(f, "b", 2);
	observer(f, "b", 2);
	assert_string_equal(steps(f, "a:1v b:2v", text), "-b:2");
	assert_string_equal(steps(f, "a:1v", text), "");
	voter(f, "b", 2);
	assert_string_equal(steps(f, "a:1v", text), "+b:2");
}

/* The disk of a server is its memory: under a new id it is a new server. */
static void a_name_with_a_new_server_id_replaces_the_old_one(void **state)
{
	struct fixture *f = *state;
	char text[256];

	voter(f, "a", 1);
	voter(f, "b", 2);
	remove_node(f, "b");
	voter(f, "b", 9);
	assert_string_equal(steps(f, "a:1v b:2v", text), "-b:2 +b:9");
}

static void the_leader_itself_may_have_to_go(void **state)
{
	struct fixture *f = *state;
	char text[256];

	voter(f, "a", 1);
	voter(f, "b", 2);
	remove_node(f, "a");
	assert_string_equal(steps(f, "a:1v b:2v", text), "-a:1");
}

static void put_acl(struct fixture *f, const char *name, enum acl_action action,
		    const char *pattern)
{
	struct entry *e = new_entry();
	struct acl acl = { .action = action };
	struct error err;

	snprintf(acl.name, sizeof(acl.name), "%s", name);
	ok(acl_add_pattern(&acl, pattern, &err), &err);
	ok(command_put_acl(e, &acl, &err), &err);
	acl_fini(&acl);
	apply(f, e);
}

/* Whoever votes already goes on: taking votes away is an administrator's decision, node by node. */
static void a_raft_acl_keeps_out_who_does_not_vote_yet(void **state)
{
	struct fixture *f = *state;
	char text[256];

	voter(f, "a", 1);
	voter(f, "b", 2);
	voter(f, "c", 3);
	put_acl(f, "only-c", ACL_ALLOW, "c");
	assert_string_equal(steps(f, "a:1v", text), "+c:3");
	assert_string_equal(steps(f, "a:1v b:2l c:3l", text), "^c:3");
	assert_string_equal(steps(f, "a:1v b:2v", text), "+c:3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(a_group_that_is_what_the_state_says_is_left_alone),
		with_stores(a_voter_becomes_a_learner_and_then_a_voter),
		with_stores(what_lags_does_not_hide_what_could_be_done),
		with_stores(a_server_whose_node_is_gone_is_removed_before_anything_is_added),
		with_stores(a_voter_that_joins_again_as_an_observer_leaves_the_group),
		with_stores(a_name_with_a_new_server_id_replaces_the_old_one),
		with_stores(the_leader_itself_may_have_to_go),
		with_stores(a_raft_acl_keeps_out_who_does_not_vote_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
