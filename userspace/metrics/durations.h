/* SPDX-License-Identifier: Apache-2.0 */
/* How long something takes that happens again and again, as a histogram.  A value; one thread. */
#ifndef WGMESH_METRICS_DURATIONS_H
#define WGMESH_METRICS_DURATIONS_H

#include <stdint.h>

enum { DURATIONS_BUCKETS = 10 };

struct durations {
	/* those of at most durations_bounds[i], and longer than the bound before */
	uint64_t buckets[DURATIONS_BUCKETS];
	uint64_t count;			/* of all */
	uint64_t sum, longest;		/* ns */
};

extern const uint64_t durations_bounds[DURATIONS_BUCKETS];	/* ns, growing */

void durations_add(struct durations *d, uint64_t ns);

#endif
