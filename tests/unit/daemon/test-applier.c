// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/applier.h"

struct told {
	unsigned int outcomes, changes;
	uint64_t indexes[8];
	enum error_kind kinds[8];
	size_t nodes;		/* in the change told last */
	bool committed;		/* when the outcome came */
	uint64_t boundary, applied_then;	/* the last one, and what the state had */
	struct state_store *state;
};

static void applied(void *data, const struct log_entry *entry, const struct apply_result *result)
{
	struct told *t = data;

	t->indexes[t->outcomes] = entry->index;
	t->kinds[t->outcomes++] = result->error.kind;
	t->committed = state_store_begin(t->state, NULL) == 0;	/* none is open any more */
	state_store_rollback(t->state);
}

static void changed(void *data, const struct state_changes *changes)
{
	struct told *t = data;

	t->changes++;
	t->nodes = changes->n_nodes;
}

static void boundary(void *data, uint64_t index)
{
	struct told *t = data;

	t->boundary = index;
	t->applied_then = state_store_applied(t->state);
}

static struct log_entry node_entry(const char *id, uint64_t index)
{
	struct node node = make_node(id, NODE_OBSERVER, 0);
	struct entry *e = new_entry();
	struct error err;

	ok(command_register_node(e, &node, &err), &err);
	return entry_of(e, index, 1);
}

static struct log_entry removal_entry(const char *id, uint64_t index)
{
	struct entry *e = new_entry();
	struct error err;

	ok(command_remove_node(e, id, &err), &err);
	return entry_of(e, index, 1);
}

static int run(struct fixture *f, struct log_entry *entries, size_t n, struct told *t,
	       struct error *err)
{
	const struct applier_listener listener = { .changed = changed, .boundary = boundary,
						    .data = t };
	int r;

	t->state = f->state;
	r = applier_apply(f->state, entries, n, &listener, applied, t, err);
	for (size_t i = 0; i < n; i++)
		free((void *)entries[i].data);
	return r;
}

static void outcomes_come_in_order_after_the_commit_and_changes_once(void **state)
{
	struct fixture *f = *state;
	struct log_entry entries[] = { node_entry("a", 1), node_entry("b", 2),
				       removal_entry("a", 3) };
	struct told t = { 0 };
	struct error err;

	ok(run(f, entries, 3, &t, &err), &err);
	assert_int_equal(t.outcomes, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(t.indexes[i], i + 1);
	assert_true(t.committed);
	assert_int_equal(t.changes, 1);
	assert_int_equal(t.nodes, 2);
	assert_int_equal(state_store_applied(f->state), 3);
}

static void a_change_that_is_refused_is_its_own_outcome_and_nobody_elses(void **state)
{
	struct fixture *f = *state;
	struct log_entry entries[] = { removal_entry("nobody", 1), node_entry("b", 2) };
	struct told t = { 0 };
	struct error err;
	struct node node;

	ok(run(f, entries, 2, &t, &err), &err);
	assert_int_equal(t.kinds[0], ERR_PRECONDITION);
	assert_int_equal(t.kinds[1], ERR_NONE);
	ok(state_get_node(f->state, "b", &node, &err), &err);
	assert_int_equal(state_store_applied(f->state), 2);
}

static void when_one_entry_cannot_be_applied_none_of_the_batch_is(void **state)
{
	struct fixture *f = *state;
	struct log_entry entries[] = { node_entry("a", 1), node_entry("b", 2) };
	struct told t = { 0 };
	struct error err = { 0 };
	struct node node;

	*(uint8_t *)entries[1].data = 99;	/* made by a release to come */
	assert_int_equal(run(f, entries, 2, &t, &err), -ERR_UNSUPPORTED);
	assert_int_equal(t.outcomes + t.changes, 0);
	assert_int_equal(state_store_applied(f->state), 0);
	assert_int_equal(state_get_node(f->state, "a", &node, NULL), -ERR_NOT_FOUND);
	entries[0] = node_entry("a", 1);
	ok(run(f, entries, 1, &t, &err), &err);
}

static void a_gap_is_refused(void **state)
{
	struct fixture *f = *state;
	struct log_entry entries[] = { node_entry("a", 2) };
	struct told t = { 0 };
	struct error err = { 0 };

	assert_true(run(f, entries, 1, &t, &err) < 0);
	assert_int_equal(t.outcomes + t.changes, 0);
	assert_int_equal(state_store_applied(f->state), 0);
}

/* Who is new in the group is compared with the others at once. */
static void the_state_of_a_configuration_is_a_boundary(void **state)
{
	struct fixture *f = *state;
	struct log_entry entries[] = { node_entry("a", 1),
				       { .index = 2, .term = 1, .kind = LOG_ENTRY_CONFIGURATION },
				       node_entry("b", 3) };
	struct told t = { 0 };
	struct error err;

	ok(run(f, entries, 3, &t, &err), &err);
	assert_int_equal(t.boundary, 2);
	assert_int_equal(t.applied_then, 2);
	assert_int_equal(t.changes, 2);
	assert_int_equal(t.outcomes, 3);
	assert_int_equal(state_store_applied(f->state), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(outcomes_come_in_order_after_the_commit_and_changes_once),
		with_stores(a_change_that_is_refused_is_its_own_outcome_and_nobody_elses),
		with_stores(when_one_entry_cannot_be_applied_none_of_the_batch_is),
		with_stores(a_gap_is_refused),
		with_stores(the_state_of_a_configuration_is_a_boundary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
