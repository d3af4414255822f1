// SPDX-License-Identifier: Apache-2.0
/* Configurations: equal values are equal bytes, and anything else is refused. */
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "raft/configuration.h"

static void add(struct raft_configuration *c, uint64_t id, enum raft_server_role role,
		const char *name)
{
	assert_int_equal(raft_configuration_add(c, id, role, name, NULL), 0);
}

static struct raft_configuration three(void)
{
	struct raft_configuration c = { 0 };

	add(&c, 7, RAFT_LEARNER, "c");
	add(&c, 1, RAFT_VOTER, "a");
	add(&c, UINT64_MAX, RAFT_VOTER,
	    "longest-name-longest-name-longest-name-longest-name-longest-nam");
	return c;
}

static struct buf encoded(const struct raft_configuration *c)
{
	struct buf b = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);

	assert_int_equal(raft_configuration_encode(c, &b, NULL), 0);
	return b;
}

static void what_is_encoded_decodes_to_itself(void **state)
{
	struct raft_configuration c = three(), back;
	struct buf b = encoded(&c);

	(void)state;
	assert_int_equal(raft_configuration_decode(b.data, b.len, &back, NULL), 0);
	assert_memory_equal(&back, &c, sizeof(c));
	assert_int_equal(back.servers[0].id, 1);
	assert_int_equal(raft_configuration_voters(&back), 2);
	buf_fini(&b);
}

static void a_full_configuration_fits_its_maximum(void **state)
{
	struct raft_configuration c = { 0 };
	char name[RAFT_NAME_MAX];
	struct error err;
	struct buf b;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[RAFT_NAME_MAX - 1] = 0;
	for (int i = 1; i <= RAFT_SERVERS_MAX; i++) {
		name[0] = (char)('a' + i);
		add(&c, (uint64_t)i, RAFT_VOTER, name);
	}
	b = encoded(&c);
	assert_int_equal(b.len, RAFT_CONFIGURATION_BYTES_MAX);
	assert_int_equal(raft_configuration_add(&c, 99, RAFT_VOTER, "more", &err), -ERR_EXHAUSTED);
	buf_fini(&b);
}

static void servers_that_cannot_be_are_refused(void **state)
{
	struct raft_configuration c = three(), before = c;
	char name[RAFT_NAME_MAX + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[RAFT_NAME_MAX] = 0;
	assert_int_equal(raft_configuration_add(&c, 0, RAFT_VOTER, "n", NULL), -ERR_INVALID);
	assert_int_equal(raft_configuration_add(&c, 2, 0, "n", NULL), -ERR_INVALID);
	assert_int_equal(raft_configuration_add(&c, 2, 3, "n", NULL), -ERR_INVALID);
	assert_int_equal(raft_configuration_add(&c, 2, RAFT_VOTER, "", NULL), -ERR_INVALID);
	assert_int_equal(raft_configuration_add(&c, 2, RAFT_VOTER, NULL, NULL), -ERR_INVALID);
	assert_int_equal(raft_configuration_add(&c, 2, RAFT_VOTER, name, NULL), -ERR_INVALID);
	assert_int_equal(raft_configuration_add(&c, 7, RAFT_VOTER, "n", NULL), -ERR_EXISTS);
	assert_int_equal(raft_configuration_add(&c, 2, RAFT_VOTER, "c", NULL), -ERR_EXISTS);
	assert_memory_equal(&c, &before, sizeof(c));
}

static void servers_are_found_until_removed(void **state)
{
	struct raft_configuration c = three();

	(void)state;
	assert_true(raft_configuration_is_voter(&c, 1));
	assert_false(raft_configuration_is_voter(&c, 7));
	assert_int_equal(raft_configuration_lookup_name(&c, "c")->id, 7);
	raft_configuration_remove(&c, 7);
	raft_configuration_remove(&c, 7);
	assert_null(raft_configuration_lookup(&c, 7));
	assert_null(raft_configuration_lookup_name(&c, "c"));
	assert_int_equal(c.count, 2);
	assert_int_equal(c.servers[1].id, UINT64_MAX);
}

static void without_a_voter_it_is_not_encoded(void **state)
{
	struct raft_configuration c = { 0 };
	struct buf b = BUF_INIT(RAFT_CONFIGURATION_BYTES_MAX);

	(void)state;
	assert_int_equal(raft_configuration_encode(&c, &b, NULL), -ERR_INVALID);
	add(&c, 1, RAFT_LEARNER, "l");
	assert_int_equal(raft_configuration_encode(&c, &b, NULL), -ERR_INVALID);
	assert_int_equal(b.len, 0);
}

static void refuse(const void *data, size_t len)
{
	struct raft_configuration c, before;
	struct error err = { 0 };
	void *exact = malloc(len + 1);	/* so that a sanitizer sees a byte too far */

	memset(&c, 0x5a, sizeof(c));
	before = c;
	memcpy(exact, data, len);
	exact = realloc(exact, len ? len : 1);
	assert_int_equal(raft_configuration_decode(exact, len, &c, &err), -ERR_INVALID);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_true(err.text[0]);
	assert_memory_equal(&c, &before, sizeof(c));
	free(exact);
}

static void every_shorter_and_longer_form_is_refused(void **state)
{
	struct raft_configuration c = three();
	struct buf b = encoded(&c);

	(void)state;
	for (size_t len = 0; len < b.len; len++)
		refuse(b.data, len);
	b.max++;
	buf_append_u8(&b, 0);
	refuse(b.data, b.len);
	buf_fini(&b);
}

/* Every byte to every value: what is taken nevertheless is the one form of another value. */
static void no_configuration_has_two_forms(void **state)
{
	struct raft_configuration c = three(), other;
	struct buf b = encoded(&c);

	(void)state;
	for (size_t at = 0; at < b.len; at++) {
		uint8_t was = b.data[at];

		for (int v = 0; v < 256; v++) {
			b.data[at] = (uint8_t)v;
			if (raft_configuration_decode(b.data, b.len, &other, NULL) == 0) {
				struct buf again = encoded(&other);

				assert_int_equal(again.len, b.len);
				assert_memory_equal(again.data, b.data, b.len);
				buf_fini(&again);
			}
		}
		b.data[at] = was;
	}
	buf_fini(&b);
}

static void wrong_fields_are_refused(void **state)
{
	static const uint8_t bad[][24] = {
		{ 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 'a' },	/* version */
		{ 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 'a' },	/* count too small */
		{ 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 'a' },	/* count too large */
		{ 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 'a' },	/* id 0 */
		{ 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 'a' },	/* role 0 */
		{ 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 3, 1, 'a' },	/* role 3 */
		{ 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 'a' },	/* no voter */
		{ 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0 },	/* NUL in the name */
		{ 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 'a' },	/* name longer than what is left */
	};
	static const uint8_t doubled[] = {
		1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 'b',
	};
	static const uint8_t same_name[] = {
		1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 2, 1, 1, 'a',
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(bad[i], 13);
	refuse(doubled, sizeof(doubled));
	refuse(same_name, sizeof(same_name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_decodes_to_itself),
		cmocka_unit_test(a_full_configuration_fits_its_maximum),
		cmocka_unit_test(servers_that_cannot_be_are_refused),
		cmocka_unit_test(servers_are_found_until_removed),
		cmocka_unit_test(without_a_voter_it_is_not_encoded),
		cmocka_unit_test(every_shorter_and_longer_form_is_refused),
		cmocka_unit_test(no_configuration_has_two_forms),
		cmocka_unit_test(wrong_fields_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
