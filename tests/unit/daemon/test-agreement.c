// SPDX-License-Identifier: Apache-2.0
/* Two copies of the state: one that differs is found, by whoever hears the other's digest. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/agreement.h"
#include "daemon/applier.h"

struct scene {
	struct fixture *f;
	struct agreement *agreement;
	uint64_t known;			/* index of the digest that came last */
	uint8_t digest[STATE_DIGEST];
	uint64_t boundary, applied_then;
	bool gone;
};

static void on_known(void *data, uint64_t index, const uint8_t digest[STATE_DIGEST])
{
	struct scene *s = data;

	s->known = index;
	memcpy(s->digest, digest, STATE_DIGEST);
}

static void on_boundary(void *data, uint64_t index)
{
	struct scene *s = data;

	s->boundary = index;
	s->applied_then = state_store_applied(s->f->state);
	agreement_boundary(s->agreement, index);
}

static void on_digest(void *data, uint64_t index, const uint8_t digest[STATE_DIGEST])
{
	agreement_compare(((struct scene *)data)->agreement, index, digest);
}

static void on_changed(void *data, const struct state_changes *changes)
{
}

static void open_scene(struct scene *s, struct fixture *f)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/state.db", f->dir);
	s->f = f;
	s->agreement = agreement_new(&f->loop, path, on_known, s);
	assert_non_null(s->agreement);
}

static bool flagged(void *data)
{
	return *(bool *)data;
}

static void raise_flag(void *data)
{
	*(bool *)data = true;
}

static void close_scene(struct scene *s)
{
	agreement_free(s->agreement, raise_flag, &s->gone);
	run_until(s->f, flagged, &s->gone);
}

static void apply_all(struct scene *s, struct log_entry *entries, size_t n)
{
	const struct applier_listener listener = { .changed = on_changed, .boundary = on_boundary,
						   .digest = on_digest, .data = s };
	struct error err;

	ok(applier_apply(s->f->state, entries, n, &listener, NULL, NULL, &err), &err);
}

/* A node joins, then nothing happens up to @last. */
static void apply_up_to(struct scene *s, const char *id, uint64_t last)
{
	struct log_entry *entries = calloc(last, sizeof(*entries));
	struct node node = make_node(id, NODE_OBSERVER, 0);
	struct entry *e = new_entry();
	struct error err;

	assert_non_null(entries);
	ok(command_register_node(e, &node, &err), &err);
	entries[0] = entry_of(e, 1, 1);
	for (uint64_t i = 1; i < last; i++)
		entries[i] = (struct log_entry){ .index = i + 1, .term = 1,
						 .kind = LOG_ENTRY_NOOP };
	apply_all(s, entries, last);
	free((void *)entries[0].data);
	free(entries);
}

static void apply_digest(struct scene *s, uint64_t index, const uint8_t digest[STATE_DIGEST])
{
	struct log_entry entry = entry_of(entry_new_digest(index, digest),
					  state_store_applied(s->f->state) + 1, 1);

	apply_all(s, &entry, 1);
	free((void *)entry.data);
}

static bool is_known(void *data)
{
	return ((struct scene *)data)->known == APPLIER_BOUNDARY;
}

/* The digest is of the boundary's state, however far the batch went on. */
static void a_digest_is_taken_at_the_boundary_and_agrees_with_an_equal_one(void **state)
{
	struct scene s = { 0 };
	uint8_t direct[STATE_DIGEST];
	struct error err;

	open_scene(&s, *state);
	apply_up_to(&s, "a", APPLIER_BOUNDARY + 300);
	assert_int_equal(s.boundary, APPLIER_BOUNDARY);
	assert_int_equal(s.applied_then, APPLIER_BOUNDARY);
	run_until(s.f, is_known, &s);
	ok(state_store_digest(s.f->state, direct, &err), &err);	/* no-ops change nothing */
	assert_memory_equal(s.digest, direct, STATE_DIGEST);
	apply_digest(&s, APPLIER_BOUNDARY, direct);
	assert_string_equal(agreement_trouble(s.agreement), "");
	close_scene(&s);
}

static void a_digest_that_differs_is_told_whenever_it_comes(void **state)
{
	uint8_t other[STATE_DIGEST] = { 1 };
	struct scene s = { 0 };

	open_scene(&s, *state);
	apply_up_to(&s, "a", APPLIER_BOUNDARY);
	apply_digest(&s, APPLIER_BOUNDARY, other);	/* before our own is there */
	assert_string_equal(agreement_trouble(s.agreement), "");
	run_until(s.f, is_known, &s);
	assert_non_null(strstr(agreement_trouble(s.agreement), "state.db"));
	agreement_reset(s.agreement);
	assert_string_equal(agreement_trouble(s.agreement), "");
	/* Of an index of which nothing is known there is nothing to say. */
	apply_digest(&s, 7, other);
	assert_string_equal(agreement_trouble(s.agreement), "");
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_stores(a_digest_is_taken_at_the_boundary_and_agrees_with_an_equal_one),
		with_stores(a_digest_that_differs_is_told_whenever_it_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
