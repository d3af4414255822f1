// SPDX-License-Identifier: Apache-2.0
/* The log's two halves, memory and disk, read as one. */
#include "../cmocka.h"

#include <string.h>

#include "raft/log.h"
#include "raft/raft.h"

enum { DISK_MAX = 1000 };

/* Terms of the entries on disk, by index; 0: not there. */
struct disk {
	uint64_t terms[DISK_MAX];
	unsigned int reads;
	bool broken;
};

static int disk_term_at(void *data, uint64_t index, uint64_t *ret_term, struct error *err)
{
	struct disk *disk = data;

	disk->reads++;
	if (disk->broken)
		return error_set(err, ERR_IO, "disk is broken");
	assert_true(index < DISK_MAX && disk->terms[index]);
	*ret_term = disk->terms[index];
	return 0;
}

static int disk_read(void *data, uint64_t from, size_t count_max, size_t bytes_max,
		     struct raft_entry **ret_entries, size_t *ret_count, struct error *err)
{
	struct disk *disk = data;

	disk->reads++;
	if (disk->broken)
		return error_set(err, ERR_IO, "disk is broken");
	for (size_t i = 0; i < count_max; i++) {
		assert_true(disk->terms[from + i]);
		ret_entries[i] = raft_entry_new(from + i, disk->terms[from + i], RAFT_ENTRY_DATA,
						"d", 1);
	}
	*ret_count = count_max;
	return 0;
}

struct fixture {
	struct disk disk;
	struct raft_log log;
};

/* @last entries of term 1 on disk. */
static void init(struct fixture *f, uint64_t last)
{
	struct raft_log_reader reader = { &f->disk, disk_term_at, disk_read };
	struct raft_start start = {
		.first_index = 1, .last_index = last, .last_term = last ? 1 : 0,
	};

	memset(f, 0, sizeof(*f));
	for (uint64_t i = 1; i <= last; i++)
		f->disk.terms[i] = 1;
	raft_log_init(&f->log, &start, &reader);
}

static void append(struct fixture *f, uint64_t count, uint64_t term, size_t len)
{
	static const uint8_t zeroes[4096];

	for (uint64_t i = 0; i < count; i++) {
		struct raft_entry *e = raft_entry_new(f->log.last + 1, term, RAFT_ENTRY_DATA,
						      zeroes, len);

		assert_int_equal(raft_log_append(&f->log, e, NULL), 0);
		raft_entry_unref(e);
	}
}

static void store(struct fixture *f, uint64_t index)
{
	for (uint64_t i = f->log.stored + 1; i <= index; i++)
		f->disk.terms[i] = raft_log_in_memory(&f->log, i)->term;
	raft_log_set_stored(&f->log, index);
}

static uint64_t term_at(struct fixture *f, uint64_t index)
{
	uint64_t term = 0;

	assert_int_equal(raft_log_term_at(&f->log, index, &term, NULL), 0);
	return term;
}

static size_t slice(struct fixture *f, uint64_t from, uint64_t to, size_t count_max,
		    size_t bytes_max)
{
	struct raft_entry *entries[64];
	size_t count = 0;

	assert_int_equal(raft_log_slice(&f->log, from, to, count_max, bytes_max, entries, &count,
					NULL), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(entries[i]->index, from + i);
		raft_entry_unref(entries[i]);
	}
	return count;
}

static void an_empty_log_has_term_0_before_its_first_entry(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	assert_int_equal(term_at(&f, 0), 0);
	assert_null(raft_log_in_memory(&f.log, 0));
	assert_null(raft_log_in_memory(&f.log, 1));
	raft_log_fini(&f.log);
}

static void terms_come_from_memory_and_from_disk(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 10);
	append(&f, 5, 2, 8);
	assert_int_equal(term_at(&f, 10), 1);
	assert_int_equal(term_at(&f, 11), 2);
	assert_int_equal(term_at(&f, 15), 2);
	assert_int_equal(f.log.last_term, 2);
	assert_int_equal(f.disk.reads, 1);
	raft_log_fini(&f.log);
}

static void a_slice_stops_at_its_limits(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	append(&f, 20, 1, 100);
	assert_int_equal(slice(&f, 1, 20, 64, 1 << 20), 20);
	assert_int_equal(slice(&f, 5, 6, 64, 1 << 20), 2);
	assert_int_equal(slice(&f, 1, 20, 3, 1 << 20), 3);
	assert_int_equal(slice(&f, 1, 20, 64, 250), 2);
	assert_int_equal(slice(&f, 1, 20, 64, 1), 1);
	raft_log_fini(&f.log);
}

static void a_slice_from_disk_ends_where_memory_begins(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 10);
	append(&f, 5, 2, 8);
	assert_int_equal(slice(&f, 8, 15, 64, 1 << 20), 3);
	assert_int_equal(slice(&f, 8, 9, 64, 1 << 20), 2);
	assert_int_equal(slice(&f, 11, 15, 64, 1 << 20), 5);
	raft_log_fini(&f.log);
}

static void only_stored_entries_leave_memory(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	append(&f, 20, 1, 100);
	raft_log_trim(&f.log, 20, 0);
	assert_int_equal(f.log.tail_first, 1);
	store(&f, 8);
	raft_log_trim(&f.log, 5, 0);
	assert_int_equal(f.log.tail_first, 6);
	raft_log_trim(&f.log, 20, 0);
	assert_int_equal(f.log.tail_first, 9);
	assert_int_equal(f.log.tail_bytes, f.log.unstored_bytes);
	assert_int_equal(slice(&f, 1, 20, 64, 1 << 20), 8);
	store(&f, 20);
	raft_log_trim(&f.log, 20, 0);
	assert_int_equal(f.log.tail_bytes, 0);
	assert_int_equal(f.log.unstored_bytes, 0);
	assert_int_equal(term_at(&f, 20), 1);
	append(&f, 1, 2, 1);
	assert_int_equal(slice(&f, 21, 21, 64, 1 << 20), 1);
	raft_log_fini(&f.log);
}

static void trimming_keeps_what_fits(void **state)
{
	struct fixture f;
	size_t all;

	(void)state;
	init(&f, 0);
	append(&f, 20, 1, 100);
	store(&f, 20);
	all = f.log.tail_bytes;
	raft_log_trim(&f.log, 20, all / 2);
	assert_int_equal(f.log.tail_first, 11);
	assert_int_equal(f.log.tail_bytes, all / 2);
	raft_log_fini(&f.log);
}

static void a_truncated_suffix_is_not_stored_any_more(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 10);
	append(&f, 5, 2, 8);
	store(&f, 13);
	assert_int_equal(raft_log_truncate(&f.log, 12, NULL), 0);
	assert_int_equal(f.log.last, 11);
	assert_int_equal(f.log.stored, 11);
	assert_int_equal(f.log.unstored_bytes, 0);
	append(&f, 2, 3, 8);
	assert_int_equal(term_at(&f, 11), 2);
	assert_int_equal(term_at(&f, 12), 3);
	assert_int_equal(f.log.stored, 11);
	raft_log_fini(&f.log);
}

static void truncation_reaches_below_memory(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 10);
	append(&f, 5, 2, 8);
	assert_int_equal(raft_log_truncate(&f.log, 4, NULL), 0);
	assert_int_equal(f.log.last, 3);
	assert_int_equal(f.log.last_term, 1);
	assert_int_equal(f.log.stored, 3);
	assert_int_equal(f.log.tail_bytes, 0);
	append(&f, 1, 3, 8);
	assert_int_equal(raft_log_in_memory(&f.log, 4)->term, 3);
	assert_int_equal(raft_log_truncate(&f.log, 1, NULL), 0);
	assert_int_equal(f.log.last, 0);
	assert_int_equal(f.log.last_term, 0);
	raft_log_fini(&f.log);
}

/* Long enough for the ring to wrap at many places and to grow while wrapped. */
static void the_ring_wraps_and_grows_without_losing_anything(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	for (unsigned int round = 1; round < 60; round++) {
		append(&f, round % 17, round, round % 5);
		store(&f, f.log.last);
		if (round % 20 < 8)
			raft_log_trim(&f.log, f.log.last - round % 7 * (f.log.last > 7), 0);
		for (uint64_t i = f.log.tail_first; i <= f.log.last; i++)
			assert_int_equal(raft_log_in_memory(&f.log, i)->term, f.disk.terms[i]);
	}
	assert_true(f.log.last > 400);
	assert_true(f.log.capacity > 64);
	raft_log_fini(&f.log);
}

static void errors_of_the_disk_are_passed_on(void **state)
{
	struct raft_entry *entries[4];
	struct fixture f;
	struct error err;
	uint64_t term = 77;
	size_t count = 77;

	(void)state;
	init(&f, 10);
	f.disk.broken = true;
	assert_int_equal(raft_log_term_at(&f.log, 5, &term, &err), -ERR_IO);
	assert_int_equal(raft_log_slice(&f.log, 5, 6, 4, 4, entries, &count, &err), -ERR_IO);
	assert_int_equal(raft_log_truncate(&f.log, 5, &err), -ERR_IO);
	assert_string_equal(err.text, "disk is broken");
	assert_int_equal(term, 77);
	assert_int_equal(count, 77);
	assert_int_equal(f.log.last, 10);
	raft_log_fini(&f.log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_log_has_term_0_before_its_first_entry),
		cmocka_unit_test(terms_come_from_memory_and_from_disk),
		cmocka_unit_test(a_slice_stops_at_its_limits),
		cmocka_unit_test(a_slice_from_disk_ends_where_memory_begins),
		cmocka_unit_test(only_stored_entries_leave_memory),
		cmocka_unit_test(trimming_keeps_what_fits),
		cmocka_unit_test(a_truncated_suffix_is_not_stored_any_more),
		cmocka_unit_test(truncation_reaches_below_memory),
		cmocka_unit_test(the_ring_wraps_and_grows_without_losing_anything),
		cmocka_unit_test(errors_of_the_disk_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
