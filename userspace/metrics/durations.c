// SPDX-License-Identifier: Apache-2.0
#include "metrics/durations.h"

#define MS 1000000ull

const uint64_t durations_bounds[DURATIONS_BUCKETS] = {
	MS / 10, MS / 2, MS, 5 * MS, 10 * MS, 50 * MS, 100 * MS, 500 * MS, 1000 * MS, 5000 * MS,
};

void durations_add(struct durations *d, uint64_t ns)
{
	int i = 0;

	while (i < DURATIONS_BUCKETS && ns > durations_bounds[i])
		i++;
	if (i < DURATIONS_BUCKETS)
		d->buckets[i]++;
	d->count++;
	d->sum += ns;
	if (ns > d->longest)
		d->longest = ns;
}
