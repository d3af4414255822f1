// SPDX-License-Identifier: Apache-2.0
/* Entries: what goes in comes out, and nothing malformed gets through. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "store/entry_pack.h"

static const uint8_t id[ENTRY_REQUEST_ID] = { 1, 2, 3, [15] = 16 };

static const struct sql_value one_of_each[] = {
	{ .type = SQL_NULL },
	{ .type = SQL_INT, .i = INT64_MIN },
	{ .type = SQL_DOUBLE, .d = 1.5 },
	{ .type = SQL_BOOL, .i = 1 },
	{ .type = SQL_BYTES, .bytes = { "a\0b", 3 } },
	{ .type = SQL_TEXT, .text = "text" },
	{ .type = SQL_TIME, .i = 1700000000123456789 },
	{ .type = SQL_TIME, .i = -1 },
};

enum { EACH = sizeof(one_of_each) / sizeof(*one_of_each) };

static void encode(const struct entry *e, const uint8_t **data, size_t *len)
{
	struct error err;

	ok(entry_encode(e, data, len, &err), &err);
}

static void assert_value(const struct sql_value *a, const struct sql_value *b)
{
	assert_int_equal(a->type, b->type);
	switch (a->type) {
	case SQL_NULL:
		break;
	case SQL_DOUBLE:
		assert_true(a->d == b->d);
		break;
	case SQL_BYTES:
		assert_int_equal(a->bytes.len, b->bytes.len);
		assert_memory_equal(a->bytes.data, b->bytes.data, a->bytes.len);
		break;
	case SQL_TEXT:
		assert_string_equal(a->text, b->text);
		break;
	default:
		assert_true(a->i == b->i);
	}
}

static void statements_and_parameters_come_out_as_they_went_in(void **state)
{
	struct entry *e = entry_new(id);
	struct entry_header h;
	struct statement st;
	const uint8_t *data;
	size_t len, pos = 0;
	struct error err;

	ok(entry_add(e, ENTRY_MUST_CHANGE, "first", one_of_each, EACH, &err), &err);
	ok(entry_add(e, 0, "second", NULL, 0, &err), &err);
	encode(e, &data, &len);
	ok(entry_decode(data, len, &h, &err), &err);
	assert_int_equal(h.kind, ENTRY_SQL);
	assert_true(h.has_request_id);
	assert_memory_equal(h.request_id, id, sizeof(id));
	assert_int_equal(statement_next(&h, &pos, &st, &err), 1);
	assert_string_equal(st.sql, "first");
	assert_int_equal(st.flags, ENTRY_MUST_CHANGE);
	assert_int_equal(st.n_params, EACH);
	for (size_t i = 0; i < EACH; i++) {
		struct sql_value v;

		ok(statement_param(&st, i, &v, &err), &err);
		assert_value(&v, &one_of_each[i]);
	}
	statement_fini(&st);
	assert_int_equal(statement_next(&h, &pos, &st, &err), 1);
	assert_string_equal(st.sql, "second");
	assert_int_equal(st.n_params, 0);
	statement_fini(&st);
	assert_int_equal(statement_next(&h, &pos, &st, &err), 0);
	entry_free(e);
}

static void bounds_are_kept(void **state)
{
	struct sql_value big = { .type = SQL_BYTES, .bytes = { calloc(1, ENTRY_MAX), ENTRY_MAX } };
	struct sql_value many[ENTRY_PARAMS_MAX + 1] = { { .type = SQL_NULL } };
	struct entry *e = new_entry();
	const uint8_t *data;
	size_t len;

	assert_int_equal(entry_encode(e, &data, &len, NULL), -ERR_INVALID);
	assert_int_equal(entry_add(e, 0, "x", many, ENTRY_PARAMS_MAX + 1, NULL), -ERR_EXHAUSTED);
	for (int i = 0; i < ENTRY_STATEMENTS_MAX; i++)
		assert_int_equal(entry_add(e, 0, "x", NULL, 0, NULL), 0);
	assert_int_equal(entry_add(e, 0, "x", NULL, 0, NULL), -ERR_EXHAUSTED);
	encode(e, &data, &len);
	entry_free(e);
	e = new_entry();
	assert_int_equal(entry_add(e, 0, "x", &big, 1, NULL), -ERR_EXHAUSTED);
	assert_int_equal(entry_encode(e, &data, &len, NULL), -ERR_EXHAUSTED);
	entry_free(e);
	free((void *)big.bytes.data);
}

static void newer_versions_and_kinds_are_told_apart_from_garbage(void **state)
{
	struct entry *e = new_entry();
	struct entry_header h;
	uint8_t copy[256];
	const uint8_t *data;
	size_t len;

	assert_int_equal(entry_add(e, 0, "x", NULL, 0, NULL), 0);
	encode(e, &data, &len);
	memcpy(copy, data, len);
	assert_int_equal(entry_decode(copy, len, &h, NULL), 0);
	assert_false(h.has_request_id);
	copy[0] = ENTRY_VERSION + 1;
	assert_int_equal(entry_decode(copy, len, &h, NULL), -ERR_UNSUPPORTED);
	copy[0] = ENTRY_VERSION;
	copy[1] = 77;
	assert_int_equal(entry_decode(copy, len, &h, NULL), -ERR_UNSUPPORTED);
	assert_int_equal(entry_decode(data, 17, &h, NULL), -ERR_INVALID);
	assert_int_equal(entry_decode(data, 18, &h, NULL), -ERR_INVALID);
	entry_free(e);
}

static void a_schema_entry_carries_its_version(void **state)
{
	struct entry *e = entry_new_schema(5);
	struct entry_header h;
	const uint8_t *data;
	size_t len;

	assert_int_equal(entry_add(e, 0, "x", NULL, 0, NULL), -ERR_INTERNAL);
	encode(e, &data, &len);
	assert_int_equal(entry_decode(data, len, &h, NULL), 0);
	assert_int_equal(h.kind, ENTRY_SCHEMA);
	assert_int_equal(h.schema, 5);
	assert_int_equal(entry_decode(data, len - 1, &h, NULL), -ERR_INVALID);
	entry_free(e);
}

/* Walks all statements of whatever it is given; the sanitizers watch. */
static void walk(const uint8_t *data, size_t len)
{
	struct entry_header h;
	struct statement st;
	struct sql_value v;
	size_t pos = 0;

	if (entry_decode(data, len, &h, NULL) < 0 || h.kind != ENTRY_SQL)
		return;
	while (statement_next(&h, &pos, &st, NULL) > 0) {
		for (size_t i = 0; i < st.n_params; i++) {
			if (statement_param(&st, i, &v, NULL) == 0 && v.type == SQL_TEXT)
				assert_true(strlen(v.text) <= len);
			assert_non_null(statement_param_name(&st, i));
		}
		statement_fini(&st);
	}
}

static void mangled_entries_are_refused_or_harmless(void **state)
{
	struct entry *e = entry_new(id);
	const uint8_t *data;
	uint8_t *copy;
	size_t len;

	assert_int_equal(entry_add(e, 0, "first", one_of_each, EACH, NULL), 0);
	assert_int_equal(entry_add(e, 0, "second", one_of_each, 2, NULL), 0);
	encode(e, &data, &len);
	srand(3);
	for (int i = 0; i < 20000; i++) {
		size_t cut = rand() % 4 ? len : 1 + (size_t)rand() % len;

		copy = malloc(cut);	/* exact, so that reading past its end is seen */
		memcpy(copy, data, cut);
		for (int k = rand() % 4; k > 0; k--)
			copy[(size_t)rand() % cut] ^= (uint8_t)(1 << rand() % 8);
		walk(copy, cut);
		free(copy);
	}
	entry_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_and_parameters_come_out_as_they_went_in),
		cmocka_unit_test(bounds_are_kept),
		cmocka_unit_test(newer_versions_and_kinds_are_told_apart_from_garbage),
		cmocka_unit_test(a_schema_entry_carries_its_version),
		cmocka_unit_test(mangled_entries_are_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
