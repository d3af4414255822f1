// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "crypto/ca.h"
#include "daemon/renewal.h"

#define DAY 86400

static struct cert_info certificate(int64_t from, int64_t seconds, const char *serial)
{
	struct cert_info info = { .not_before = from - CERT_BACKDATE_SECONDS,
				  .not_after = from + seconds };

	strcpy(info.serial, serial);
	return info;
}

static void the_last_third_is_for_renewal(void **state)
{
	struct cert_info info = certificate(1000 * DAY, 90 * DAY, "00000000aaaaaaaaaaaaaaaaaaaaaaaa");

	assert_int_equal(renewal_due(&info), 1060 * DAY);
	info = certificate(1000 * DAY, 30, info.serial);
	assert_int_equal(renewal_due(&info), 1000 * DAY + 20);
}

static void those_of_one_moment_are_spread_over_a_twelfth(void **state)
{
	int64_t first = INT64_MAX, last = 0;
	char serial[33];

	for (unsigned int i = 0; i < 1000; i++) {
		struct cert_info info;
		int64_t due;

		snprintf(serial, sizeof(serial), "%08x%024x", i * 2654435761u, i);
		info = certificate(1000 * DAY, 120 * DAY, serial);
		due = renewal_due(&info);
		assert_in_range(due, 1070 * DAY, 1080 * DAY);
		first = due < first ? due : first;
		last = due > last ? due : last;
	}
	assert_true(last - first > 9 * DAY);
}

static void what_never_held_is_due_at_its_end(void **state)
{
	struct cert_info info = certificate(1000 * DAY, -2 * CERT_BACKDATE_SECONDS,
					    "ffffffffffffffffffffffffffffffff");

	assert_int_equal(renewal_due(&info), info.not_after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_third_is_for_renewal),
		cmocka_unit_test(those_of_one_moment_are_spread_over_a_twelfth),
		cmocka_unit_test(what_never_held_is_due_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
