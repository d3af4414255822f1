// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include "daemon/message_list.h"

enum { MANY = 1000 };

struct item {
	int message;
	const int *itself;	/* what it points into moves with it, or not at all */
};

static void items_stay_where_they_are_while_the_list_grows(void **state)
{
	struct message_list list = { 0 };

	for (int i = 0; i < MANY; i++) {
		struct item *item = message_list_add(&list, sizeof(*item));

		assert_non_null(item);
		assert_int_equal(item->message, 0);
		item->message = i;
		item->itself = &item->message;
	}
	assert_int_equal(list.count, MANY);
	for (int i = 0; i < MANY; i++) {
		const struct item *item = list.items[i];

		assert_int_equal(item->message, i);
		assert_ptr_equal(item->itself, &item->message);
	}
	message_list_fini(&list);
	assert_int_equal(list.count, 0);
	assert_null(list.items);
}

static void an_empty_list_has_nothing_to_free(void **state)
{
	struct message_list list = { 0 };

	message_list_fini(&list);
	assert_null(list.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_stay_where_they_are_while_the_list_grows),
		cmocka_unit_test(an_empty_list_has_nothing_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
