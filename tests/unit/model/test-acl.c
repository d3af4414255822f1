// SPDX-License-Identifier: Apache-2.0
/* Patterns and the order in which ACLs decide. */
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/acl.h"

static struct acl make(const char *name, enum acl_action action, const char *pattern)
{
	struct acl acl = { .action = action };

	snprintf(acl.name, sizeof(acl.name), "%s", name);
	assert_int_equal(acl_add_pattern(&acl, pattern, NULL), 0);
	return acl;
}

static void patterns_match_the_whole_text(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "a", "a", true }, { "a", "ab", false }, { "ab", "a", false },
		{ "", "", true }, { "", "a", false }, { "*", "", true }, { "*", "any.node", true },
		{ "?", "", false }, { "?", "a", true }, { "?", "ab", false },
		{ "web-*", "web-1", true }, { "web-*", "web-", true }, { "web-*", "db-1", false },
		{ "*.lab", "a.b.lab", true }, { "*.lab", "a.lab.x", false },
		{ "a*b*c", "aXbYc", true }, { "a*b*c", "abbc", true }, { "a*b*c", "acb", false },
		{ "*a?", "aab", true }, { "*a?", "aba", false }, { "**", "x", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (acl_pattern_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("\"%s\" against \"%s\"", cases[i].pattern, cases[i].text);
}

/* The definition itself: exponential, and right. */
static bool oracle(const char *p, const char *t)
{
	if (!*p)
		return !*t;
	if (*p == '*')
		return oracle(p + 1, t) || (*t && oracle(p, t + 1));
	return *t && (*p == '?' || *p == *t) && oracle(p + 1, t + 1);
}

static void random_text(char *out, size_t max, const char *alphabet)
{
	size_t len = (size_t)rand() % max;

	for (size_t i = 0; i < len; i++)
		out[i] = alphabet[(size_t)rand() % strlen(alphabet)];
	out[len] = '\0';
}

static void patterns_agree_with_the_definition(void **state)
{
	char pattern[8], text[10];

	srand(1);
	for (int i = 0; i < 200000; i++) {
		random_text(pattern, sizeof(pattern), "ab*?");
		random_text(text, sizeof(text), "ab");
		if (acl_pattern_matches(pattern, text) != oracle(pattern, text))
			fail_msg("\"%s\" against \"%s\"", pattern, text);
	}
}

static void a_hostile_pattern_takes_no_time(void **state)
{
	char pattern[ACL_PATTERN_MAX + 1], text[64];
	clock_t start = clock();

	for (size_t i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = i % 2 ? '*' : 'a';
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = '\0';
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(acl_pattern_matches(pattern, text));
	assert_true(clock() - start < CLOCKS_PER_SEC);
}

static void without_acls_everybody_may(void **state)
{
	const struct acl *decider = (const struct acl *)1;

	assert_true(acl_allows(NULL, 0, "n1", &decider));
	assert_null(decider);
}

static void without_a_match_nobody_may(void **state)
{
	struct acl acls[] = { make("a", ACL_ALLOW, "web-*") };

	assert_true(acl_allows(acls, 1, "web-1", NULL));
	assert_false(acl_allows(acls, 1, "db-1", NULL));
	acl_fini(&acls[0]);
}

static void the_first_match_by_name_decides(void **state)
{
	struct acl acls[] = {
		make("c", ACL_DENY, "*"), make("b", ACL_ALLOW, "web-*"),
		make("a", ACL_DENY, "web-9"),
	};
	const struct acl *decider;

	assert_true(acl_allows(acls, 3, "web-1", &decider));
	assert_string_equal(decider->name, "b");
	assert_false(acl_allows(acls, 3, "web-9", &decider));
	assert_string_equal(decider->name, "a");
	assert_false(acl_allows(acls, 3, "db-1", &decider));
	assert_string_equal(decider->name, "c");
	for (int i = 0; i < 3; i++)
		acl_fini(&acls[i]);
}

static void deny_goes_before_allow_of_the_same_name(void **state)
{
	struct acl acls[] = { make("a", ACL_ALLOW, "*"), make("a", ACL_DENY, "n1") };

	assert_false(acl_allows(acls, 2, "n1", NULL));
	assert_true(acl_allows(acls, 2, "n2", NULL));
	acl_fini(&acls[0]);
	acl_fini(&acls[1]);
}

static void bad_acls_are_refused_with_the_field(void **state)
{
	struct acl acl = { .name = "ops", .action = ACL_ALLOW };
	struct error err;

	assert_int_equal(acl_validate(&acl, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "patterns"));
	assert_int_equal(acl_add_pattern(&acl, "UPPER", &err), -ERR_INVALID);
	assert_int_equal(acl_add_pattern(&acl, "", &err), -ERR_INVALID);
	assert_int_equal(acl_add_pattern(&acl, "a\nb", &err), -ERR_INVALID);
	assert_int_equal(acl_add_pattern(&acl, "*", &err), 0);
	assert_int_equal(acl_validate(&acl, &err), 0);
	strcpy(acl.name, "-ops");
	assert_int_equal(acl_validate(&acl, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "name"));
	acl_fini(&acl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_the_whole_text),
		cmocka_unit_test(patterns_agree_with_the_definition),
		cmocka_unit_test(a_hostile_pattern_takes_no_time),
		cmocka_unit_test(without_acls_everybody_may),
		cmocka_unit_test(without_a_match_nobody_may),
		cmocka_unit_test(the_first_match_by_name_decides),
		cmocka_unit_test(deny_goes_before_allow_of_the_same_name),
		cmocka_unit_test(bad_acls_are_refused_with_the_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
