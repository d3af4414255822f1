// SPDX-License-Identifier: Apache-2.0
/* The node's own database. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/db.h"
#include "store/local_store.h"

static struct local_store *open_local(struct fixture *f)
{
	struct local_store *l = NULL;
	struct error err;

	ok(local_store_open(f->path, &l, &err), &err);
	return l;
}

static void settings_survive_and_can_be_removed(void **state)
{
	struct local_store *l = open_local(*state);
	char *value = NULL;

	assert_int_equal(local_store_get_text(l, LOCAL_NODE_ID, &value, NULL), -ERR_NOT_FOUND);
	assert_null(value);
	assert_int_equal(local_store_set_text(l, LOCAL_NODE_ID, "n0", NULL), 0);
	assert_int_equal(local_store_set_text(l, LOCAL_NODE_ID, "n1", NULL), 0);
	assert_int_equal(local_store_set_text(l, LOCAL_ROLE, "voter", NULL), 0);
	local_store_close(l);
	l = open_local(*state);
	assert_int_equal(local_store_get_text(l, LOCAL_NODE_ID, &value, NULL), 0);
	assert_string_equal(value, "n1");
	free(value);
	assert_int_equal(local_store_set_text(l, LOCAL_NODE_ID, NULL, NULL), 0);
	assert_int_equal(local_store_get_text(l, LOCAL_NODE_ID, &value, NULL), -ERR_NOT_FOUND);
	assert_int_equal(local_store_set_text(l, "Bad name", "x", NULL), -ERR_INVALID);
	local_store_close(l);
}

static void the_key_survives_with_its_expiry(void **state)
{
	struct local_store *l = open_local(*state);
	struct local_key key = { .expires_at = 12345 }, got;

	assert_int_equal(local_store_get_key(l, &got, NULL), -ERR_NOT_FOUND);
	memset(key.private_key.bytes, 0xab, KEY_BYTES);
	assert_int_equal(local_store_set_key(l, &key, NULL), 0);
	local_store_close(l);
	l = open_local(*state);
	assert_int_equal(local_store_get_key(l, &got, NULL), 0);
	assert_true(key_equal(&got.private_key, &key.private_key));
	assert_int_equal(got.expires_at, 12345);
	local_store_close(l);
}

/* In the database or beside it. */
static bool on_disk(struct fixture *f, const struct key *key)
{
	char journal[sizeof(f->path) + 16];
	bool found = find_in_file(f->path, key->bytes, KEY_BYTES, 0) >= 0;

	snprintf(journal, sizeof(journal), "%s-journal", f->path);
	if (file_size(journal) > 0)
		found |= find_in_file(journal, key->bytes, KEY_BYTES, 0) >= 0;
	return found;
}

static void a_replaced_key_leaves_no_trace_on_disk(void **state)
{
	struct fixture *f = *state;
	struct local_store *l = open_local(f);
	struct local_key old = { 0 }, new = { 0 };

	for (int i = 0; i < KEY_BYTES; i++) {
		old.private_key.bytes[i] = (uint8_t)(0x80 + i);
		new.private_key.bytes[i] = (uint8_t)(0x40 + i);
	}
	assert_int_equal(local_store_set_key(l, &old, NULL), 0);
	assert_true(on_disk(f, &old.private_key));
	assert_int_equal(local_store_set_key(l, &new, NULL), 0);
	assert_true(on_disk(f, &new.private_key));
	assert_false(on_disk(f, &old.private_key));
	local_store_close(l);
	assert_false(on_disk(f, &old.private_key));
}

static void a_removed_setting_leaves_no_trace_on_disk(void **state)
{
	static const char secret[] = "correct horse battery staple";
	struct fixture *f = *state;
	struct local_store *l = open_local(f);

	assert_int_equal(local_store_set_text(l, "some.secret", secret, NULL), 0);
	assert_true(find_in_file(f->path, secret, strlen(secret), 0) >= 0);
	assert_int_equal(local_store_set_text(l, "some.secret", NULL, NULL), 0);
	assert_int_equal(find_in_file(f->path, secret, strlen(secret), 0), -1);
	local_store_close(l);
}

static void the_list_of_members_is_replaced_as_a_whole(void **state)
{
	struct local_store *l = open_local(*state);
	struct local_member members[] = {
		{ 7, "n2", "172.16.0.2:9443", "198.51.100.2:8443", true },
		{ 5, "n1", "172.16.0.1:9443", "198.51.100.1:8443", false },
	}, *got = NULL;
	struct local_member twice[] = { members[0], members[0] };
	size_t n = 9;

	assert_int_equal(local_store_list_members(l, &got, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_null(got);
	assert_int_equal(local_store_set_members(l, members, 2, NULL), 0);
	assert_int_equal(local_store_set_members(l, twice, 2, NULL), -ERR_EXISTS);
	assert_int_equal(local_store_list_members(l, &got, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(got[0].node_id, "n1");
	assert_int_equal(got[0].server_id, 5);
	assert_false(got[0].voter);
	assert_string_equal(got[1].raft_address, "172.16.0.2:9443");
	assert_string_equal(got[1].grpc_address, "198.51.100.2:8443");
	assert_true(got[1].voter);
	free(got);
	assert_int_equal(local_store_set_members(l, members, 1, NULL), 0);
	assert_int_equal(local_store_list_members(l, &got, &n, NULL), 0);
	assert_int_equal(n, 1);
	free(got);
	local_store_close(l);
}

static void rights_of_others_are_taken_away(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	local_store_close(open_local(f));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chmod(f->path, 0644), 0);
	local_store_close(open_local(f));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_second_daemon_is_kept_out(void **state)
{
	struct fixture *f = *state;
	struct local_store *l = open_local(f);
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct local_store *second = NULL;

		_exit(local_store_open(f->path, &second, NULL) == -ERR_PRECONDITION ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	local_store_close(l);
}

static struct local_floor floor_of(uint8_t peer, uint8_t value)
{
	struct local_floor f = { .public_key = { { peer } } };

	memset(f.floor, value, sizeof(f.floor));
	return f;
}

static void assert_floor(struct local_store *l, uint8_t peer, uint8_t value)
{
	struct local_floor wanted = floor_of(peer, value);
	uint8_t found[LOCAL_FLOOR_BYTES];

	assert_int_equal(local_store_get_floor(l, &wanted.public_key, found, NULL), 0);
	assert_memory_equal(found, wanted.floor, sizeof(found));
}

static void floors_survive_and_only_rise(void **state)
{
	struct local_floor first[] = { floor_of(1, 0x40), floor_of(2, 0x90) };
	struct local_floor later[] = { floor_of(1, 0x80), floor_of(2, 0x8f), floor_of(3, 1) };
	struct local_store *l = open_local(*state);

	assert_int_equal(local_store_raise_floors(l, first, 2, NULL), 0);
	assert_int_equal(local_store_raise_floors(l, later, 3, NULL), 0);
	local_store_close(l);
	l = open_local(*state);
	assert_floor(l, 1, 0x80);
	assert_floor(l, 2, 0x90);
	assert_floor(l, 3, 1);
	local_store_close(l);
}

static bool is_odd(void *data, const struct key *public_key)
{
	(void)data;
	return public_key->bytes[0] % 2;
}

static void floors_are_forgotten_but_those_that_are_wanted(void **state)
{
	struct local_store *l = open_local(*state);
	struct local_floor floors[200];
	uint8_t found[LOCAL_FLOOR_BYTES];
	struct error err;

	for (int i = 0; i < 200; i++)
		floors[i] = floor_of((uint8_t)i, 7);
	assert_int_equal(local_store_raise_floors(l, floors, 200, NULL), 0);
	ok(local_store_keep_floors(l, is_odd, NULL, &err), &err);
	for (int i = 0; i < 200; i++)
		assert_int_equal(local_store_get_floor(l, &floors[i].public_key, found, NULL),
				 i % 2 ? 0 : -ERR_NOT_FOUND);
	local_store_close(l);
}

static void the_next_key_takes_the_place_of_the_key_and_is_gone(void **state)
{
	struct fixture *f = *state;
	struct local_store *l = open_local(f);
	struct local_key old = { .expires_at = 1 }, now;
	struct key next, none;

	for (int i = 0; i < KEY_BYTES; i++) {
		old.private_key.bytes[i] = (uint8_t)(0x80 + i);
		next.bytes[i] = (uint8_t)(0x40 + i);
	}
	assert_int_equal(local_store_set_key(l, &old, NULL), 0);
	assert_int_equal(local_store_get_next_key(l, &none, NULL), -ERR_NOT_FOUND);
	assert_int_equal(local_store_take_next_key(l, 2, NULL), -ERR_NOT_FOUND);
	assert_int_equal(local_store_set_next_key(l, &next, NULL), 0);
	local_store_close(l);
	l = open_local(f);
	assert_int_equal(local_store_take_next_key(l, 2, NULL), 0);
	assert_int_equal(local_store_get_key(l, &now, NULL), 0);
	assert_memory_equal(&now.private_key, &next, sizeof(next));
	assert_int_equal(now.expires_at, 2);
	assert_int_equal(local_store_get_next_key(l, &none, NULL), -ERR_NOT_FOUND);
	assert_false(on_disk(f, &old.private_key));
	local_store_close(l);
}

/* The file of a release that kept no floors. */
static void a_file_of_the_first_schema_is_carried_on(void **state)
{
	struct local_floor floor = floor_of(1, 0x40);
	struct fixture *f = *state;
	struct local_store *l = open_local(f);
	struct db db = { 0 };
	struct error err;

	assert_int_equal(local_store_set_text(l, LOCAL_NODE_ID, "n1", NULL), 0);
	local_store_close(l);
	ok(db_open(&db, f->path, DB_EXCLUSIVE, "PRAGMA synchronous=FULL", 3, &err), &err);
	ok(db_exec(&db, "DROP TABLE floors; DROP TABLE next_key; PRAGMA user_version=1", &err), &err);
	db_close(&db);
	l = open_local(f);
	ok(local_store_raise_floors(l, &floor, 1, &err), &err);
	assert_floor(l, 1, 0x40);
	local_store_close(l);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_dir, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(settings_survive_and_can_be_removed),
		TEST(the_key_survives_with_its_expiry),
		TEST(a_replaced_key_leaves_no_trace_on_disk),
		TEST(the_next_key_takes_the_place_of_the_key_and_is_gone),
		TEST(a_removed_setting_leaves_no_trace_on_disk),
		TEST(the_list_of_members_is_replaced_as_a_whole),
		TEST(floors_survive_and_only_rise),
		TEST(floors_are_forgotten_but_those_that_are_wanted),
		TEST(a_file_of_the_first_schema_is_carried_on),
		TEST(rights_of_others_are_taken_away),
		TEST(a_second_daemon_is_kept_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
