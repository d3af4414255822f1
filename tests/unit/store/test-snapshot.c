// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/snapshot.h"

static struct entry *join(unsigned int i)
{
	struct entry *e = new_entry();
	struct node node = make_node(i);
	struct error err;

	ok(command_register_node(e, &node, &err), &err);
	return e;
}

enum { PAGE = 4096 };

static char *beside(const struct fixture *f, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	return path;
}

static bool has_node(struct state_store *s, unsigned int i)
{
	struct node node = make_node(i), found;

	return state_get_node(s, node.id, &found, NULL) == 0;
}

static void digest(struct state_store *s, uint8_t ret[STATE_DIGEST])
{
	struct error err;

	ok(state_store_digest(s, ret, &err), &err);
}

static void a_snapshot_is_the_state_of_one_index(void **state)
{
	struct fixture *f = *state;
	struct snapshot_info written, checked;
	uint8_t before[STATE_DIGEST], after[STATE_DIGEST];
	struct state_store *copy;
	char *path = beside(f, "snapshot.db");
	struct error err;

	for (unsigned int i = 1; i <= 50; i++)
		feed_ok(f, join(i));
	digest(f->state, before);
	ok(snapshot_write(f->path, path, &written, &err), &err);
	feed_ok(f, join(51));
	ok(snapshot_check(path, &checked, &err), &err);
	assert_int_equal(checked.index, 50);
	assert_int_equal(checked.term, written.term);
	assert_int_equal(checked.size, file_size(path));
	ok(state_store_open(path, &copy, &err), &err);
	digest(copy, after);
	assert_memory_equal(before, after, STATE_DIGEST);
	state_store_close(copy);
}

static void a_store_becomes_the_snapshot_and_goes_on(void **state)
{
	struct fixture *f = *state;
	struct snapshot_info info;
	char *path = beside(f, "snapshot.db");
	struct error err;

	for (unsigned int i = 1; i <= 3; i++)
		feed_ok(f, join(i));
	ok(snapshot_write(f->path, path, &info, &err), &err);
	feed_ok(f, join(4));
	assert_true(has_node(f->state, 4));
	ok(state_store_replace(f->state, path, &err), &err);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(state_store_applied(f->state), 3);
	assert_true(has_node(f->state, 3));
	assert_false(has_node(f->state, 4));
	f->index = 3;
	feed_ok(f, join(5));
	assert_true(has_node(f->state, 5));
	state_store_close(f->state);
	ok(state_store_open(f->path, &f->state, &err), &err);
	assert_int_equal(state_store_applied(f->state), 4);
}

/*
 * The places of cells, in all pages but the first: what a database looks like from outside is as
 * it was.
 */
static void spoil(const char *path)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	for (long page = PAGE; page < file_size(path); page += PAGE) {
		assert_int_equal(fseek(file, page + 8, SEEK_SET), 0);
		for (int i = 0; i < 16; i++)
			fputc(0xff, file);
	}
	assert_int_equal(fclose(file), 0);
}

static void what_is_no_snapshot_is_refused(void **state)
{
	struct fixture *f = *state;
	struct snapshot_info info;
	char *path = beside(f, "snapshot.db");
	struct error err;

	assert_int_equal(snapshot_check(path, &info, NULL), -ERR_NOT_FOUND);
	fclose(fopen(path, "w"));
	assert_int_equal(snapshot_check(path, &info, NULL), -ERR_CORRUPT);
	for (unsigned int i = 1; i <= 200; i++)
		feed_ok(f, join(i));
	ok(snapshot_write(f->path, path, &info, &err), &err);
	ok(snapshot_check(path, &info, &err), &err);
	spoil(path);
	assert_int_equal(snapshot_check(path, &info, &err), -ERR_CORRUPT);
	assert_non_null(strstr(err.text, "no sound snapshot"));
	ok(snapshot_write(f->path, path, &info, &err), &err);
	assert_int_equal(truncate(path, file_size(path) / 2), 0);
	assert_int_equal(snapshot_check(path, &info, &err), -ERR_CORRUPT);
	assert_non_null(strstr(err.text, path));
}

static void a_journal_begins_anew_when_told_to(void **state)
{
	struct fixture *f = *state;
	struct error err;
	size_t before;

	for (unsigned int i = 1; i <= 5; i++)
		feed_ok(f, join(i));
	before = state_store_journal(f->state);
	ok(state_store_restart_journal(f->state, &err), &err);
	feed_ok(f, join(6));
	assert_true(state_store_journal(f->state) < before);
	assert_true(has_node(f->state, 1) && has_node(f->state, 6));
}

static void a_journal_stays_while_somebody_reads_it(void **state)
{
	struct fixture *f = *state;
	struct state_view *view;
	struct error err;
	size_t before;

	feed_ok(f, join(1));
	ok(state_view_open(f->path, &view, &err), &err);
	before = state_store_journal(f->state);
	feed_ok(f, join(2));
	ok(state_store_restart_journal(f->state, &err), &err);
	feed_ok(f, join(3));
	assert_true(state_store_journal(f->state) > before);
	state_view_close(view);
}

static int count_node(const struct node *node, void *data)
{
	(*(int *)data)++;
	return strcmp(node->id, "none") == 0;
}

static void a_view_tells_the_nodes_of_its_index_while_others_come(void **state)
{
	struct fixture *f = *state;
	struct state_view *view;
	struct error err;
	int count = 0;

	feed_ok(f, join(1));
	feed_ok(f, join(2));
	ok(state_view_open(f->path, &view, &err), &err);
	feed_ok(f, join(3));
	assert_true(has_node(f->state, 3));
	ok(state_view_each_node(view, count_node, &count, &err), &err);
	assert_int_equal(count, 2);
	state_view_close(view);
}

/* The dead database's journal would be taken for the snapshot's. */
static void a_snapshot_that_moves_in_finds_no_journal_of_another(void **state)
{
	struct fixture *f = *state;
	char path[128], to[128], journal[140];
	struct snapshot_info info;
	struct error err;

	feed_ok(f, join(1));
	strcpy(path, beside(f, "snapshot.db"));
	strcpy(to, beside(f, "moved.db"));
	ok(snapshot_write(f->path, path, &info, &err), &err);
	snprintf(journal, sizeof(journal), "%s-wal", to);
	fclose(fopen(journal, "w"));
	ok(snapshot_move(path, to, &err), &err);
	assert_int_equal(access(journal, F_OK), -1);
	assert_int_equal(access(to, F_OK), 0);
}

/* A reader of old state must not make a sync promise too much. */
static void a_sync_waits_for_those_who_read_old_state(void **state)
{
	struct fixture *f = *state;
	struct state_view *view;
	uint64_t index = 0;
	struct error err;

	feed_ok(f, join(1));
	ok(state_view_open(f->path, &view, &err), &err);
	feed_ok(f, join(2));
	assert_int_equal(state_sync(f->path, &index, &err), -ERR_UNAVAILABLE);
	assert_int_equal(index, 0);
	state_view_close(view);
	ok(state_sync(f->path, &index, &err), &err);
	assert_int_equal(index, 2);
}

static void the_owner_goes_on_while_others_read(void **state)
{
	struct fixture *f = *state;
	struct snapshot_info info;
	uint64_t index = 0;
	struct error err;

	feed_ok(f, join(1));
	ok(state_sync(f->path, &index, &err), &err);
	assert_int_equal(index, 1);
	for (unsigned int i = 2; i <= 40; i++) {
		feed_ok(f, join(i));
		if (i % 10 == 0)
			ok(snapshot_write(f->path, beside(f, "snapshot.db"), &info, &err), &err);
	}
	assert_true(state_store_journal(f->state) > 0);
	ok(state_sync(f->path, &index, &err), &err);
	assert_int_equal(index, 40);
}

static void the_last_configuration_applied_is_kept(void **state)
{
	struct fixture *f = *state;
	struct buf data = BUF_INIT(64);
	struct log_entry e = { .term = 1, .kind = LOG_ENTRY_CONFIGURATION, .data = "abc",
			       .len = 3 };
	struct apply_result result;
	uint64_t index = 9;
	struct error err;

	ok(state_store_configuration(f->state, &index, &data, &err), &err);
	assert_int_equal(index, 0);
	feed_ok(f, join(1));
	e.index = ++f->index;
	ok(state_store_begin(f->state, &err), &err);
	ok(state_store_apply(f->state, &e, &result, &err), &err);
	ok(state_store_commit(f->state, NULL, &err), &err);
	feed_ok(f, join(2));
	state_store_close(f->state);
	ok(state_store_open(f->path, &f->state, &err), &err);
	ok(state_store_configuration(f->state, &index, &data, &err), &err);
	assert_int_equal(index, 2);
	assert_int_equal(data.len, 3);
	assert_memory_equal(data.data, "abc", 3);
	buf_fini(&data);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_state, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_snapshot_is_the_state_of_one_index),
		TEST(a_store_becomes_the_snapshot_and_goes_on),
		TEST(what_is_no_snapshot_is_refused),
		TEST(a_journal_begins_anew_when_told_to),
		TEST(a_journal_stays_while_somebody_reads_it),
		TEST(a_view_tells_the_nodes_of_its_index_while_others_come),
		TEST(a_snapshot_that_moves_in_finds_no_journal_of_another),
		TEST(a_sync_waits_for_those_who_read_old_state),
		TEST(the_owner_goes_on_while_others_read),
		TEST(the_last_configuration_applied_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
