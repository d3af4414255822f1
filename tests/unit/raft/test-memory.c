// SPDX-License-Identifier: Apache-2.0
/*
 * Each allocation fails once: nothing leaks, nothing crashes, and the caller is told, by the call
 * itself or by the core's failure, which then stays.
 */
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "driver.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

static unsigned int countdown;	/* the allocation that fails; 0: none */
static bool has_failed;

static bool fails(void)
{
	if (!countdown || --countdown)
		return false;
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

static int new_core(struct driver *d, struct error *err)
{
	struct raft_start start = { .first_index = 1 };
	struct raft_log_reader reader = driver_reader(d);
	struct raft_config config;

	raft_config_defaults(&config, 1, 7);
	config.tail_bytes_max = 1;	/* reads go to the disk */
	return raft_new(&config, &start, &reader, &d->raft, err);
}

static int wait_for_leadership(struct driver *d, struct error *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < 20; i++) {
		rc = raft_tick(d->raft, err);
		if (!rc)
			rc = driver_pump(d, err);
	}
	return rc;
}

static int propose_many(struct driver *d, struct error *err)
{
	struct raft_position pos;
	int rc = 0;

	for (int i = 0; !rc && i < 30; i++)
		rc = raft_propose(d->raft, "data", 4, &pos, err);
	return rc ? rc : driver_pump(d, err);
}

static int add_learner(struct driver *d, struct error *err)
{
	struct raft_change change = { .kind = RAFT_ADD_LEARNER, .id = 2, .name = "n2" };
	struct raft_position pos;
	int rc = raft_change_membership(d->raft, &change, &pos, err);

	return rc ? rc : driver_pump(d, err);
}

/* The learner has nothing: all of the log goes out, from the disk. */
static int feed_learner(struct driver *d, struct error *err)
{
	struct raft_message m = {
		.type = RAFT_APPEND_REPLY, .from = 2, .to = 1, .term = 2, .log_index = 33,
		.reject = true,
	};
	int rc = raft_step(d->raft, &m, err);

	return rc ? rc : driver_pump(d, err);
}

static int read_once(struct driver *d, struct error *err)
{
	int rc = raft_read_index(d->raft, 1, err);

	return rc ? rc : driver_pump(d, err);
}

/* A leader of a later term overwrites the end. */
static int follow(struct driver *d, struct error *err)
{
	struct raft_entry *entry = raft_entry_new(d->last + 1, 9, RAFT_ENTRY_DATA, "other", 5);
	struct raft_message m = {
		.type = RAFT_APPEND, .from = 2, .to = 1, .term = 9, .log_index = d->last,
		.log_term = 2, .entries = &entry, .entry_count = 1,
	};
	int rc;

	if (!entry)
		return error_set(err, ERR_MEMORY, "no memory for the test's entry");
	rc = raft_step(d->raft, &m, err);
	raft_entry_unref(entry);
	return rc ? rc : driver_pump(d, err);
}

static int live(struct driver *d, struct error *err)
{
	int rc = new_core(d, err);

	if (!rc)
		rc = raft_bootstrap(d->raft, "n1", err);
	if (!rc)
		rc = driver_pump(d, err);
	if (!rc)
		rc = wait_for_leadership(d, err);
	if (!rc)
		rc = propose_many(d, err);
	if (!rc)
		rc = add_learner(d, err);
	if (!rc)
		rc = feed_learner(d, err);
	if (!rc)
		rc = read_once(d, err);
	return rc ? rc : follow(d, err);
}

static void without_failures_all_of_it_works(void **state)
{
	struct driver d = { 0 };
	struct error err = { 0 };

	(void)state;
	countdown = 0;
	if (live(&d, &err))
		fail_msg("%s", err.text);
	assert_int_equal(d.last, 34);
	assert_int_equal(d.applied, 33);
	assert_true(d.read.ok);
	assert_int_equal(driver_last_sent(&d, RAFT_APPEND)->entry_count, 33);
	assert_int_equal(driver_last_sent(&d, RAFT_APPEND_REPLY)->log_index, 34);
	driver_fini(&d);
}

static void check_told(const struct driver *d, int rc, const struct error *err)
{
	assert_int_equal(rc, -ERR_MEMORY);
	assert_int_equal(err->kind, ERR_MEMORY);
	assert_true(err->text[0]);
	if (d->raft && raft_failure(d->raft))
		assert_int_equal(raft_tick(d->raft, NULL), -ERR_MEMORY);
}

static void every_failed_allocation_is_told(void **state)
{
	unsigned int n = 1;

	(void)state;
	for (;; n++) {
		struct driver d = { 0 };
		struct error err = { 0 };
		int rc;

		countdown = n;
		has_failed = false;
		rc = live(&d, &err);
		countdown = 0;
		if (has_failed)
			check_told(&d, rc, &err);
		driver_fini(&d);
		if (!has_failed)
			break;
	}
	assert_true(n > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_failures_all_of_it_works),
		cmocka_unit_test(every_failed_allocation_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
