// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include "daemon/proposals.h"

struct answer {
	unsigned int count;
	const struct apply_result *result;
	struct error err;
};

static void done(void *data, const struct apply_result *result, const struct error *err)
{
	struct answer *a = data;

	a->count++;
	a->result = result;
	a->err = *err;
}

static void add(struct proposals *p, uint64_t index, uint64_t term, struct answer *a)
{
	const struct raft_position at = { .index = index, .term = term };
	struct error err;

	ok(proposals_add(p, &at, done, a, &err), &err);
}

static void a_proposal_is_answered_with_the_result_of_its_entry(void **state)
{
	struct proposals p = TAILQ_HEAD_INITIALIZER(p);
	struct apply_result result = { .rows_affected = 5 };
	struct answer a = { 0 };

	add(&p, 3, 2, &a);
	proposals_applied(&p, 2, 2, &result);
	assert_int_equal(a.count, 0);
	proposals_applied(&p, 3, 2, &result);
	assert_int_equal(a.count, 1);
	assert_ptr_equal(a.result, &result);
	assert_int_equal(a.err.kind, ERR_NONE);
	proposals_applied(&p, 3, 2, &result);
	proposals_fail(&p, "late");
	assert_int_equal(a.count, 1);
}

static void an_entry_of_another_term_in_its_place_is_no_success(void **state)
{
	struct proposals p = TAILQ_HEAD_INITIALIZER(p);
	struct apply_result result = { 0 };
	struct answer a = { 0 };

	add(&p, 3, 2, &a);
	proposals_applied(&p, 3, 4, &result);
	assert_int_equal(a.count, 1);
	assert_null(a.result);
	assert_int_equal(a.err.kind, ERR_UNAVAILABLE);
}

static void those_that_were_passed_over_are_answered_too(void **state)
{
	struct proposals p = TAILQ_HEAD_INITIALIZER(p);
	struct apply_result result = { 0 };
	struct answer a[4] = { 0 };

	for (int i = 0; i < 4; i++)
		add(&p, 3 + (uint64_t)i, 2, &a[i]);
	proposals_applied(&p, 5, 2, &result);
	assert_int_equal(a[0].err.kind, ERR_UNAVAILABLE);
	assert_int_equal(a[1].err.kind, ERR_UNAVAILABLE);
	assert_ptr_equal(a[2].result, &result);
	assert_int_equal(a[3].count, 0);
	proposals_applied(&p, 6, 2, &result);
	for (int i = 0; i < 4; i++)
		assert_int_equal(a[i].count, 1);
}

static void when_all_fail_each_hears_it_once_and_why(void **state)
{
	struct proposals p = TAILQ_HEAD_INITIALIZER(p);
	struct apply_result result = { 0 };
	struct answer a[3] = { 0 };

	for (int i = 0; i < 3; i++)
		add(&p, 3 + (uint64_t)i, 2, &a[i]);
	proposals_fail(&p, "this server is stopping");
	proposals_applied(&p, 9, 2, &result);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(a[i].count, 1);
		assert_null(a[i].result);
		assert_int_equal(a[i].err.kind, ERR_UNAVAILABLE);
		assert_string_equal(a[i].err.text, "this server is stopping: ask again");
	}
}

/* A caller may propose again from inside its answer. */
static void add_another(void *data, const struct apply_result *result, const struct error *err)
{
	static struct answer second;
	struct proposals *p = data;

	add(p, 10, 2, &second);
}

static void an_answer_may_propose_again(void **state)
{
	struct proposals p = TAILQ_HEAD_INITIALIZER(p);
	const struct raft_position at = { .index = 3, .term = 2 };
	struct apply_result result = { 0 };
	struct error err;

	ok(proposals_add(&p, &at, add_another, &p, &err), &err);
	proposals_applied(&p, 3, 2, &result);
	assert_false(TAILQ_EMPTY(&p));
	proposals_fail(&p, "the end");
	assert_true(TAILQ_EMPTY(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proposal_is_answered_with_the_result_of_its_entry),
		cmocka_unit_test(an_entry_of_another_term_in_its_place_is_no_success),
		cmocka_unit_test(those_that_were_passed_over_are_answered_too),
		cmocka_unit_test(when_all_fail_each_hears_it_once_and_why),
		cmocka_unit_test(an_answer_may_propose_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
