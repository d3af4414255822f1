// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "wmctl/output.h"

static const struct output_column columns[] = {
	{ .head = "ID", .key = "id" },
	{ .head = "PORT", .key = "port", .wide = true },
	{ .head = "AT", .key = "at", .empty = "nowhere" },
	{ .head = "PATTERNS", .key = "patterns" },
};

static void expect(const char *value, bool wide, const char *wanted)
{
	json_t *list = json_loads(value, 0, NULL);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(list);
	assert_non_null(out);
	assert_true(output_list(out, wide, list, columns, sizeof(columns) / sizeof(columns[0])));
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(list);
}

#define TWO "[{\"id\":\"n1\",\"port\":8443,\"at\":\"192.0.2.1\",\"patterns\":[\"a*\",\"b\"]}," \
	    "{\"id\":\"node-2\",\"port\":1,\"at\":\"\",\"patterns\":[]}]"

static void a_list_is_a_table_with_a_row_for_each(void **state)
{
	expect(TWO, false,
	       "ID      AT         PATTERNS\n"
	       "n1      192.0.2.1  a*,b\n"
	       "node-2  nowhere    -\n");
}

static void what_is_wide_is_there_on_demand(void **state)
{
	expect(TWO, true,
	       "ID      PORT  AT         PATTERNS\n"
	       "n1      8443  192.0.2.1  a*,b\n"
	       "node-2  1     nowhere    -\n");
}

static void one_object_is_a_row_and_an_empty_list_is_the_head(void **state)
{
	expect("{\"id\":\"n1\",\"at\":\"x\"}", false, "ID  AT  PATTERNS\nn1  x   -\n");
	expect("[]", false, "ID  AT  PATTERNS\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_a_table_with_a_row_for_each),
		cmocka_unit_test(what_is_wide_is_there_on_demand),
		cmocka_unit_test(one_object_is_a_row_and_an_empty_list_is_the_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
