// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "wmctl/difference.h"

#define AT "2026-01-02T03:04:05Z"

static json_t *parse(const char *text)
{
	json_t *value;

	if (!text)
		return NULL;
	value = json_loads(text, 0, NULL);
	assert_non_null(value);
	return value;
}

static void expect(const char *before, const char *after, const char *key, const char *restless,
		   const char *wanted)
{
	json_t *a = parse(before), *b = parse(after), *changes = difference(a, b, key, restless, AT);
	char *found;

	assert_non_null(changes);
	found = json_dumps(changes, JSON_COMPACT);
	assert_string_equal(found, wanted);
	free(found);
	json_decref(changes);
	json_decref(b);
	json_decref(a);
}

#define CHANGE(what, object) "{\"time\":\"" AT "\",\"change\":\"" what "\",\"object\":" object "}"

static void all_are_added_at_the_first_look(void **state)
{
	expect(NULL, "[{\"id\":\"b\"},{\"id\":\"a\"}]", "id", NULL,
	       "[" CHANGE("added", "{\"id\":\"b\"}") "," CHANGE("added", "{\"id\":\"a\"}") "]");
	expect(NULL, "[]", "id", NULL, "[]");
	expect(NULL, "{\"x\":1}", NULL, NULL, "[" CHANGE("added", "{\"x\":1}") "]");
}

static void what_stays_is_no_change_wherever_it_stands(void **state)
{
	expect("[{\"id\":\"a\",\"l\":[1,{\"z\":2}]},{\"id\":\"b\"}]",
	       "[{\"id\":\"b\"},{\"l\":[1,{\"z\":2}],\"id\":\"a\"}]", "id", NULL, "[]");
}

static void objects_come_change_and_go(void **state)
{
	expect("[{\"id\":\"a\",\"v\":1},{\"id\":\"b\",\"v\":1}]",
	       "[{\"id\":\"b\",\"v\":2},{\"id\":\"c\",\"v\":1}]", "id", NULL,
	       "[" CHANGE("changed", "{\"id\":\"b\",\"v\":2}") ","
	       CHANGE("added", "{\"id\":\"c\",\"v\":1}") ","
	       CHANGE("removed", "{\"id\":\"a\",\"v\":1}") "]");
	expect("[{\"id\":\"a\"}]", "[]", "id", NULL, "[" CHANGE("removed", "{\"id\":\"a\"}") "]");
}

static void one_object_is_a_list_of_it(void **state)
{
	expect("{\"id\":\"a\",\"v\":1}", "{\"id\":\"a\",\"v\":2}", "id", NULL,
	       "[" CHANGE("changed", "{\"id\":\"a\",\"v\":2}") "]");
	expect("{\"id\":\"a\"}", "[]", "id", NULL, "[" CHANGE("removed", "{\"id\":\"a\"}") "]");
	/* Without a key it is the same one, whatever it is called. */
	expect("{\"id\":\"a\"}", "{\"id\":\"b\"}", NULL, NULL,
	       "[" CHANGE("changed", "{\"id\":\"b\"}") "]");
}

static void what_never_rests_is_no_change_at_any_depth(void **state)
{
	expect("{\"age\":1,\"s\":[{\"age\":5,\"v\":1}]}", "{\"age\":2,\"s\":[{\"age\":6,\"v\":1}]}",
	       NULL, "age", "[]");
	expect("{\"age\":1,\"s\":[{\"age\":5,\"v\":1}]}", "{\"age\":2,\"s\":[{\"age\":6,\"v\":2}]}",
	       NULL, "age",
	       "[" CHANGE("changed", "{\"age\":2,\"s\":[{\"age\":6,\"v\":2}]}") "]");
}

static void a_field_or_an_item_more_or_less_is_a_change(void **state)
{
	expect("{\"v\":1}", "{\"v\":1,\"w\":1}", NULL, NULL,
	       "[" CHANGE("changed", "{\"v\":1,\"w\":1}") "]");
	expect("{\"v\":1,\"w\":1}", "{\"v\":1,\"x\":1}", NULL, NULL,
	       "[" CHANGE("changed", "{\"v\":1,\"x\":1}") "]");
	expect("{\"l\":[1,2]}", "{\"l\":[1]}", NULL, NULL, "[" CHANGE("changed", "{\"l\":[1]}") "]");
	expect("{\"l\":[]}", "{\"l\":{}}", NULL, NULL, "[" CHANGE("changed", "{\"l\":{}}") "]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_added_at_the_first_look),
		cmocka_unit_test(what_stays_is_no_change_wherever_it_stands),
		cmocka_unit_test(objects_come_change_and_go),
		cmocka_unit_test(one_object_is_a_list_of_it),
		cmocka_unit_test(what_never_rests_is_no_change_at_any_depth),
		cmocka_unit_test(a_field_or_an_item_more_or_less_is_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
