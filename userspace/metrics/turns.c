// SPDX-License-Identifier: Apache-2.0
#include "metrics/turns.h"

#define MS 1000000ull

const uint64_t turns_bounds[TURNS_BUCKETS] = {
	MS / 10, MS / 2, MS, 5 * MS, 10 * MS, 50 * MS, 100 * MS, 500 * MS, 1000 * MS, 5000 * MS,
};

void turns_add(struct turns *t, uint64_t ns)
{
	int i = 0;

	while (i < TURNS_BUCKETS && ns > turns_bounds[i])
		i++;
	if (i < TURNS_BUCKETS)
		t->buckets[i]++;
	t->count++;
	t->sum += ns;
	if (ns > t->longest)
		t->longest = ns;
}
