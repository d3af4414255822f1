// SPDX-License-Identifier: Apache-2.0
/*
 * What reaches the disk, and what happens when the disk refuses.  This file defines the calls
 * by which SQLite writes and syncs, so that they are counted and can be made to fail.
 */
#include "fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/snapshot.h"

static struct {
	unsigned int syncs, writes;
	bool unsynced;		/* something was written since the last sync */
	int fail_sync, fail_write;	/* errno to fail with; 0: do it */
} disk;

int fdatasync(int fd)
{
	static int (*real)(int);

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	if (disk.fail_sync) {
		errno = disk.fail_sync;
		return -1;
	}
	disk.syncs++;
	disk.unsynced = false;
	return real(fd);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	static ssize_t (*real)(int, const void *, size_t, off64_t);

	if (!real)
		real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT,
									      "pwrite64");
	if (disk.fail_write) {
		errno = disk.fail_write;
		return -1;
	}
	disk.writes++;
	disk.unsynced = true;
	return real(fd, data, len, offset);
}

static int setup(void **state)
{
	memset(&disk, 0, sizeof(disk));
	return setup_dir(state);
}

static struct log_store *open_log(struct fixture *f)
{
	struct log_store *log = NULL;
	struct error err;

	ok(log_store_open(f->path, &log, &err), &err);
	return log;
}

static int append(struct log_store *log, uint64_t n, struct error *err)
{
	struct log_entry entries[64];
	uint64_t next = log_store_last_index(log) + 1;

	for (uint64_t i = 0; i < n; i++)
		entries[i] = (struct log_entry){
			.index = next + i, .term = 1, .data = "data", .len = 4,
		};
	return log_store_append(log, &(struct log_batch){ .entries = entries, .n_entries = n },
				err);
}

static void a_batch_is_one_sync_whatever_its_size(void **state)
{
	struct log_store *log = open_log(*state);
	struct hard_state vote = { .term = 2, .vote = 1 };
	struct error err;

	ok(append(log, 1, &err), &err);	/* the first also syncs the WAL's header */
	for (uint64_t n = 1; n <= 64; n *= 4) {
		unsigned int syncs = disk.syncs, writes = disk.writes;

		ok(append(log, n, &err), &err);
		assert_int_equal(disk.syncs, syncs + 1);
		assert_true(disk.writes > writes);
		assert_false(disk.unsynced);
	}
	ok(log_store_append(log, &(struct log_batch){ .hard_state = &vote }, &err), &err);
	assert_false(disk.unsynced);
	log_store_close(log);
}

static void assert_append_fails(struct log_store *log, enum error_kind kind)
{
	uint64_t last = log_store_last_index(log);
	struct hard_state vote = { .term = 9, .vote = 9 };
	struct error err;

	assert_int_equal(append(log, 3, &err), -(int)kind);
	assert_int_equal(log_store_last_index(log), last);
	assert_int_equal(log_store_append(log, &(struct log_batch){ .hard_state = &vote }, &err),
			 -(int)kind);
	assert_int_equal(log_store_hard_state(log).vote, 0);
}

static void a_disk_that_refuses_is_told_and_survived(void **state)
{
	struct log_store *log = open_log(*state);
	struct error err;

	ok(append(log, 5, &err), &err);
	disk.fail_write = ENOSPC;
	assert_append_fails(log, ERR_EXHAUSTED);
	disk.fail_write = EIO;
	assert_append_fails(log, ERR_IO);
	disk.fail_write = 0;
	disk.fail_sync = EIO;
	assert_append_fails(log, ERR_IO);
	disk.fail_sync = 0;
	ok(append(log, 2, &err), &err);
	assert_int_equal(log_store_last_index(log), 7);
	log_store_close(log);
	log = open_log(*state);
	assert_int_equal(log_store_last_index(log), 7);
	assert_int_equal(log_store_hard_state(log).vote, 0);
	log_store_close(log);
}

static struct entry *join(unsigned int i)
{
	struct entry *e = new_entry();
	struct node n = make_node(i);

	assert_int_equal(command_register_node(e, &n, NULL), 0);
	return e;
}

/* Refusals are answers; a full disk is not one of them. */
static void a_full_disk_is_no_answer_of_the_state(void **state)
{
	struct fixture *f = *state;
	struct log_entry log = { .index = 1, .term = 1 };
	struct entry *e = join(1);
	struct apply_result r;
	struct error err;
	const uint8_t *data;
	uint64_t n = 9;
	size_t len;

	ok(state_store_open(f->path, &f->state, &err), &err);
	ok(entry_encode(e, &data, &len, &err), &err);
	log.data = data;
	log.len = (uint32_t)len;
	ok(state_store_begin(f->state, &err), &err);
	ok(state_store_apply(f->state, &log, &r, &err), &err);
	disk.fail_write = ENOSPC;
	assert_int_equal(state_store_commit(f->state, NULL, &err), -ERR_EXHAUSTED);
	assert_non_null(strstr(err.text, "make room"));
	assert_int_equal(state_store_applied(f->state), 0);
	disk.fail_write = 0;
	ok(state_count_nodes(f->state, &n, &err), &err);
	assert_int_equal(n, 0);
	entry_free(e);
	feed_ok(f, join(1));
	assert_int_equal(state_store_applied(f->state), 1);
}

static void what_sync_promised_is_synced(void **state)
{
	struct fixture *f = *state;
	unsigned int syncs;
	uint64_t index = 0;
	struct error err;

	ok(state_store_open(f->path, &f->state, &err), &err);
	syncs = disk.syncs;
	feed_ok(f, join(1));
	assert_int_equal(disk.syncs, syncs);	/* the log has it: no need */
	ok(state_sync(f->path, &index, &err), &err);
	assert_int_equal(index, 1);
	assert_true(disk.syncs > syncs);
	assert_false(disk.unsynced);
	feed_ok(f, join(2));
	disk.fail_sync = EIO;
	assert_int_equal(state_sync(f->path, &index, &err), -ERR_IO);
	assert_int_equal(index, 1);
	disk.fail_sync = 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_batch_is_one_sync_whatever_its_size),
		TEST(a_disk_that_refuses_is_told_and_survived),
		TEST(a_full_disk_is_no_answer_of_the_state),
		TEST(what_sync_promised_is_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
