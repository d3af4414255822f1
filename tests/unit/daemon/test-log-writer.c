// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <string.h>

struct writing {
	struct log_entry entry;
	struct hard_state hard_state;
	struct log_batch batch;
	unsigned int done;
	struct error err;
};

static void written(void *data, const struct error *err)
{
	struct writing *w = data;

	w->done++;
	w->err = *err;
}

static bool is_done(void *data)
{
	return ((struct writing *)data)->done;
}

static void start(struct fixture *f, struct writing *w, uint64_t index, uint64_t term)
{
	*w = (struct writing){ .entry = { .index = index, .term = term, .len = 1, .data = "x" },
			       .hard_state = { .term = term } };
	w->batch = (struct log_batch){ .entries = &w->entry, .n_entries = 1,
				       .hard_state = &w->hard_state };
	assert_false(log_writer_busy(f->writer));
	log_writer_append(f->writer, &w->batch, written, w);
	assert_true(log_writer_busy(f->writer));
}

static void a_batch_is_on_disk_when_its_callback_comes(void **state)
{
	struct fixture *f = *state;
	struct writing w;

	start(f, &w, 1, 1);
	assert_int_equal(w.done, 0);
	run_until(f, is_done, &w);
	ok(-(int)w.err.kind, &w.err);
	assert_false(log_writer_busy(f->writer));
	reopen(f);
	assert_int_equal(log_writer_bounds(f->writer).last, 1);
	assert_int_equal(log_writer_bounds(f->writer).hard_state.term, 1);
}

/* The owner asks while the pool's thread writes: it sees the log with the batch, always. */
static void reading_waits_for_the_write_under_way(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 1; i <= 50; i++) {
		struct writing w;
		uint64_t term = 0;
		struct error err;

		start(f, &w, i, i);
		if (i % 2) {
			assert_int_equal(log_writer_bounds(f->writer).last, i);
		} else {
			ok(log_writer_term_at(f->writer, i, &term, &err), &err);
			assert_int_equal(term, i);
		}
		assert_int_equal(w.done, 0);
		run_until(f, is_done, &w);
		ok(-(int)w.err.kind, &w.err);
	}
}

static int count(const struct log_entry *entry, void *data)
{
	++*(unsigned int *)data;
	return 0;
}

static void a_write_that_is_forgotten_is_on_disk_and_calls_nobody(void **state)
{
	struct fixture *f = *state;
	unsigned int n = 0;
	struct writing w;
	struct error err;

	start(f, &w, 1, 1);
	log_writer_forget(f->writer);
	assert_false(log_writer_busy(f->writer));
	ok(log_writer_read(f->writer, 1, 1, 100, count, &n, &err), &err);
	assert_int_equal(n, 1);
	run_for(f, 50);
	assert_int_equal(w.done, 0);
	start(f, &w, 2, 1);
	run_until(f, is_done, &w);
	ok(-(int)w.err.kind, &w.err);
}

static void a_batch_that_does_not_fit_fails_and_the_next_one_does_not(void **state)
{
	struct fixture *f = *state;
	struct writing w;

	start(f, &w, 7, 1);
	run_until(f, is_done, &w);
	assert_int_equal(w.err.kind, ERR_INVALID);
	assert_int_equal(log_writer_bounds(f->writer).last, 0);
	start(f, &w, 1, 1);
	run_until(f, is_done, &w);
	ok(-(int)w.err.kind, &w.err);
}

static void a_writer_may_go_while_it_writes(void **state)
{
	struct fixture *f = *state;
	struct writing w;

	start(f, &w, 1, 1);
	reopen(f);
	assert_int_equal(w.done, 0);
	assert_int_equal(log_writer_bounds(f->writer).last, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(a_batch_is_on_disk_when_its_callback_comes),
		with_stores(reading_waits_for_the_write_under_way),
		with_stores(a_write_that_is_forgotten_is_on_disk_and_calls_nobody),
		with_stores(a_batch_that_does_not_fit_fails_and_the_next_one_does_not),
		with_stores(a_writer_may_go_while_it_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
