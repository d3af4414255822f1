// SPDX-License-Identifier: Apache-2.0
/* The tables that came after the first version: what they hold, and that a state without them does without. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void raise_schema(struct fixture *f, uint32_t version)
{
	feed_ok(f, entry_new_schema(version));
}

static int append_route(const struct route *route, void *data)
{
	char prefix[PREFIX_TEXT_MAX], *text = data;
	size_t len = strlen(text);

	snprintf(text + len, 256 - len, "%s=%s ", prefix_format(&route->prefix, prefix),
		 route->node_id);
	return 0;
}

static void check_routes(struct fixture *f, const char *wanted)
{
	char text[256] = "";

	assert_int_equal(state_each_route(f->state, append_route, text, NULL), 0);
	assert_string_equal(text, wanted);
}

static void announce(struct fixture *f, const struct node *node, const char *routes)
{
	struct entry *e = join_node(node);
	struct route_list list;

	assert_int_equal(route_list_parse(routes, &list, NULL), 0);
	assert_int_equal(command_set_routes(e, node->id, &list, NULL), 0);
	feed_ok(f, e);
}

static void routes_come_with_their_table_and_go_with_their_node(void **state)
{
	uint8_t before[STATE_DIGEST], after[STATE_DIGEST];
	struct fixture *f = *state;
	struct node a = make_node(1), b = make_node(2);
	struct route_list list;
	struct entry *e;

	feed_ok(f, join_node(&a));
	assert_false(state_has_routes(f->state));
	check_routes(f, "");
	assert_int_equal(state_get_routes(f->state, "n1", &list, NULL), 0);
	assert_int_equal(list.count, 0);
	raise_schema(f, 2);
	assert_true(state_has_routes(f->state));
	announce(f, &b, "192.168.5.0/24");
	assert_int_equal(state_store_digest(f->state, before, NULL), 0);
	announce(f, &a, "192.168.6.0/24,192.168.5.0/24,::/0");
	assert_int_equal(state_store_digest(f->state, after, NULL), 0);
	assert_memory_not_equal(before, after, STATE_DIGEST);
	check_routes(f, "192.168.5.0/24=n1 192.168.5.0/24=n2 192.168.6.0/24=n1 ::/0=n1 ");
	announce(f, &a, "192.168.7.0/24");
	assert_int_equal(state_get_routes(f->state, "n1", &list, NULL), 0);
	assert_int_equal(list.count, 1);
	feed_ok(f, join_node(&a));	/* says nothing of routes */
	check_routes(f, "192.168.5.0/24=n2 192.168.7.0/24=n1 ");
	e = new_entry();
	assert_int_equal(command_remove_node(e, "n1", NULL), 0);
	feed_ok(f, e);
	check_routes(f, "192.168.5.0/24=n2 ");
	feed_ok(f, join_node(&a));	/* another machine, of the same name */
	check_routes(f, "192.168.5.0/24=n2 ");
}

static struct apply_result announce_key(struct fixture *f, const char *id, uint8_t key, int64_t now)
{
	struct entry *e = new_entry();
	struct key next = { { key } };

	assert_int_equal(command_announce_key(e, id, &next, now, NULL), 0);
	return feed(f, e);
}

static int first_rotation(const struct rotation_record *rotation, void *data)
{
	*(struct rotation_record *)data = *rotation;
	return 1;
}

static void a_key_is_announced_and_forgotten_when_the_node_has_it(void **state)
{
	struct node a = make_node(1), b = make_node(2);
	struct rotation_record r = { 0 };
	struct fixture *f = *state;
	struct entry *e;

	feed_ok(f, join_node(&a));
	feed_ok(f, join_node(&b));
	assert_int_equal(state_get_rotation(f->state, "n1", &r, NULL), -ERR_NOT_FOUND);
	assert_int_equal(state_each_rotation(f->state, first_rotation, &r, NULL), 0);
	raise_schema(f, state_schema_latest());
	e = new_entry();
	assert_int_equal(command_ask_rotation(e, "n1", 5, NULL), 0);
	feed_ok(f, e);
	assert_int_equal(state_get_rotation(f->state, "n1", &r, NULL), 0);
	assert_int_equal(r.asked_at, 5);
	assert_true(key_is_zero(&r.next));
	assert_int_equal(state_each_rotation(f->state, first_rotation, &r, NULL), 0);
	assert_int_equal(announce_key(f, "n1", 0xa1, 9).error.kind, ERR_NONE);
	assert_int_equal(announce_key(f, "n2", 0xa2, 8).error.kind, ERR_NONE);
	assert_int_equal(state_each_rotation(f->state, first_rotation, &r, NULL), 1);
	assert_string_equal(r.node_id, "n2");
	assert_int_equal(state_get_rotation(f->state, "n1", &r, NULL), 0);
	assert_int_equal(r.next.bytes[0], 0xa1);
	assert_true(key_equal(&r.current, &a.public_key));
	feed_ok(f, join_node(&a));		/* with the key that it has: nothing is over */
	assert_int_equal(state_get_rotation(f->state, "n1", &r, NULL), 0);
	a.public_key = r.next;
	feed_ok(f, join_node(&a));
	assert_int_equal(state_get_rotation(f->state, "n1", &r, NULL), -ERR_NOT_FOUND);
	e = new_entry();
	assert_int_equal(command_remove_node(e, "n2", NULL), 0);
	feed_ok(f, e);
	assert_int_equal(state_get_rotation(f->state, "n2", &r, NULL), -ERR_NOT_FOUND);
}

static void a_key_that_a_node_has_or_has_announced_is_nobody_elses(void **state)
{
	struct node a = make_node(1), b = make_node(2), c = make_node(3);
	struct fixture *f = *state;

	feed_ok(f, join_node(&a));
	feed_ok(f, join_node(&b));
	raise_schema(f, state_schema_latest());
	assert_int_equal(announce_key(f, "nobody", 0xa0, 9).error.kind, ERR_PRECONDITION);
	assert_int_equal(announce_key(f, "n1", 0xa1, 9).error.kind, ERR_NONE);
	assert_int_equal(announce_key(f, "n2", 0xa1, 9).error.kind, ERR_EXISTS);
	b.public_key = c.public_key = (struct key){ { 0xa1 } };
	assert_int_equal(feed(f, join_node(&b)).error.kind, ERR_EXISTS);
	assert_int_equal(feed(f, join_node(&c)).error.kind, ERR_EXISTS);
	a.public_key = b.public_key;
	feed_ok(f, join_node(&a));
	assert_int_equal(announce_key(f, "n2", 0xa1, 9).error.kind, ERR_PRECONDITION);
}

static int append_admin(const struct admin_record *admin, void *data)
{
	size_t len = strlen(data);

	snprintf((char *)data + len, 256 - len, "%s/%s%s ", admin->name, admin->serial,
		 admin->revoked ? "!" : "");
	return 0;
}

static void check_admins(struct fixture *f, const char *wanted)
{
	char text[256] = "";

	assert_int_equal(state_each_admin(f->state, append_admin, text, NULL), 0);
	assert_string_equal(text, wanted);
}

static void put_admin(struct fixture *f, const char *name, const char *serial, int64_t expires_at)
{
	struct admin_record admin = { .expires_at = expires_at };
	struct entry *e = new_entry();

	strcpy(admin.name, name);
	strcpy(admin.serial, serial);
	assert_int_equal(command_put_admin(e, &admin, NULL), 0);
	feed_ok(f, e);
}

static void revoke_admin(struct fixture *f, const char *name, const char *serial)
{
	struct entry *e = new_entry();

	assert_int_equal(command_revoke_admin(e, name, serial, NULL), 0);
	feed_ok(f, e);
}

static void what_is_revoked_of_an_administrator_stays_so(void **state)
{
	struct fixture *f = *state;
	struct entry *e;

	assert_false(state_has_admins(f->state));
	check_admins(f, "");
	raise_schema(f, state_schema_latest());
	assert_true(state_has_admins(f->state));
	put_admin(f, "ann", "a1", 100);
	put_admin(f, "ann", "a2", 300);
	revoke_admin(f, "ann", "a1");
	revoke_admin(f, "bob", "");
	revoke_admin(f, "bob", "");
	put_admin(f, "bob", "b1", 100);
	check_admins(f, "ann/a1! ann/a2 bob/! bob/b1 ");
	put_admin(f, "ann", "a1", 100);		/* an entry that was late */
	check_admins(f, "ann/a1! ann/a2 bob/! bob/b1 ");
	e = new_entry();
	assert_int_equal(command_forget_admins(e, 200, NULL), 0);
	feed_ok(f, e);
	check_admins(f, "ann/a2 bob/! ");
	e = new_entry();
	assert_int_equal(command_revoke_admin(e, "No Name", "", NULL), -ERR_INVALID);
	entry_free(e);
}

static void set_guest(struct fixture *f, const struct node *node, uint32_t seconds)
{
	struct entry *e = join_node(node);
	struct error err;

	ok(command_set_guest(e, node->id, seconds, &err), &err);
	feed_ok(f, e);
}

static int note_guest(const struct guest_record *guest, void *data)
{
	char *text = data;

	sprintf(text + strlen(text), "%s=%u@%ld ", guest->node_id, guest->seconds,
		(long)guest->joined_at);
	return 0;
}

static void check_guests(struct fixture *f, const char *wanted)
{
	char text[256] = "";
	struct error err;

	ok(state_each_guest(f->state, note_guest, text, &err), &err);
	assert_string_equal(text, wanted);
}

static void guests_are_told_with_their_last_join(void **state)
{
	struct fixture *f = *state;
	struct node a = make_node(1), b = make_node(2);
	uint32_t seconds = 9;

	feed_ok(f, join_node(&a));
	check_guests(f, "");
	assert_int_equal(state_get_guest(f->state, "n1", &seconds, NULL), 0);
	assert_int_equal(seconds, 0);
	raise_schema(f, 5);
	assert_true(state_has_guests(f->state));
	set_guest(f, &b, 60);
	set_guest(f, &a, 5);
	check_guests(f, "n1=5@1001 n2=60@1002 ");
	a.updated_at = 2000;
	feed_ok(f, join_node(&a));	/* says nothing of it */
	set_guest(f, &b, 70);
	check_guests(f, "n1=5@2000 n2=70@1002 ");
	assert_int_equal(state_get_guest(f->state, "n2", &seconds, NULL), 0);
	assert_int_equal(seconds, 70);
	set_role(f, "n1", NODE_VOTER, 77);
	check_guests(f, "n2=70@1002 ");
	set_guest(f, &b, 0);
	feed_ok(f, leave_node("n1"));
	check_guests(f, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_state, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(routes_come_with_their_table_and_go_with_their_node),
		TEST(a_key_is_announced_and_forgotten_when_the_node_has_it),
		TEST(a_key_that_a_node_has_or_has_announced_is_nobody_elses),
		TEST(what_is_revoked_of_an_administrator_stays_so),
		TEST(guests_are_told_with_their_last_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
