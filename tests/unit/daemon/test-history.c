// SPDX-License-Identifier: Apache-2.0
/* Which followers a source takes as they are, and which it gives its own history. */
#include "../cmocka.h"

#include "daemon/history.h"

#define WITHIN(i, t, own)	{ .index = i, .term = t, .where = HISTORY_WITHIN, .own_term = own }
#define BEFORE(i, t, own)	{ .index = i, .term = t, .where = HISTORY_BEFORE, .own_term = own }
#define AHEAD(i, t, own)	{ .index = i, .term = t, .where = HISTORY_AHEAD, .own_term = own }

/* What an observer, a leader and a leader that is sure of it say. */
static void judged(struct history_claim claim, enum history_verdict observer,
		   enum history_verdict leader, enum history_verdict confirmed)
{
	assert_int_equal(history_judge(&claim), observer);
	claim.leads = true;
	assert_int_equal(history_judge(&claim), leader);
	claim.confirmed = true;
	assert_int_equal(history_judge(&claim), confirmed);
}

static void all_say(struct history_claim claim, enum history_verdict verdict)
{
	judged(claim, verdict, verdict, verdict);
}

static void who_has_nothing_begins(void **state)
{
	all_say((struct history_claim)BEFORE(0, 0, 9), HISTORY_GOES_ON);
	all_say((struct history_claim)WITHIN(0, 0, 0), HISTORY_GOES_ON);
}

static void the_same_term_at_the_same_index_is_the_same_history(void **state)
{
	all_say((struct history_claim)WITHIN(40, 3, 3), HISTORY_GOES_ON);
}

static void who_has_an_older_term_there_has_another_history(void **state)
{
	all_say((struct history_claim)WITHIN(40, 3, 7), HISTORY_FORKED);
}

static void of_a_newer_term_only_the_leader_knows_better(void **state)
{
	judged((struct history_claim)WITHIN(40, 7, 3), HISTORY_UNKNOWN, HISTORY_UNCLEAR,
	       HISTORY_FORKED);
	judged((struct history_claim)BEFORE(40, 7, 3), HISTORY_UNKNOWN, HISTORY_UNCLEAR,
	       HISTORY_FORKED);
}

static void what_is_compacted_may_have_had_any_term_up_to_the_next_one(void **state)
{
	all_say((struct history_claim)BEFORE(40, 3, 3), HISTORY_GOES_ON);
	all_say((struct history_claim)BEFORE(40, 2, 3), HISTORY_GOES_ON);
}

static void who_is_ahead_of_a_source_that_lags_asks_another(void **state)
{
	judged((struct history_claim)AHEAD(40, 3, 3), HISTORY_UNKNOWN, HISTORY_UNCLEAR,
	       HISTORY_FORKED);
	judged((struct history_claim)AHEAD(40, 4, 3), HISTORY_UNKNOWN, HISTORY_UNCLEAR,
	       HISTORY_FORKED);
}

static void nobody_is_ahead_with_a_lower_term(void **state)
{
	all_say((struct history_claim)AHEAD(40, 3, 7), HISTORY_FORKED);
}

static void who_does_not_tell_its_term_is_believed_unless_it_is_ahead(void **state)
{
	all_say((struct history_claim)WITHIN(40, 0, 7), HISTORY_GOES_ON);
	all_say((struct history_claim)BEFORE(40, 0, 7), HISTORY_GOES_ON);
	all_say((struct history_claim)AHEAD(40, 0, 7), HISTORY_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_nothing_begins),
		cmocka_unit_test(the_same_term_at_the_same_index_is_the_same_history),
		cmocka_unit_test(who_has_an_older_term_there_has_another_history),
		cmocka_unit_test(of_a_newer_term_only_the_leader_knows_better),
		cmocka_unit_test(what_is_compacted_may_have_had_any_term_up_to_the_next_one),
		cmocka_unit_test(who_is_ahead_of_a_source_that_lags_asks_another),
		cmocka_unit_test(nobody_is_ahead_with_a_lower_term),
		cmocka_unit_test(who_does_not_tell_its_term_is_believed_unless_it_is_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
