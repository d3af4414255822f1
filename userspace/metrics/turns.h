/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a loop's turns take, its waiting apart: while one lasts nothing else of that thread
 * happens.  A value; one thread.
 */
#ifndef WGMESH_METRICS_TURNS_H
#define WGMESH_METRICS_TURNS_H

#include <stdint.h>

enum { TURNS_BUCKETS = 10 };

struct turns {
	uint64_t buckets[TURNS_BUCKETS];	/* turns of at most turns_bounds[i], and longer than the one before */
	uint64_t count;				/* of all */
	uint64_t sum, longest;			/* ns */
};

extern const uint64_t turns_bounds[TURNS_BUCKETS];	/* ns, growing */

void turns_add(struct turns *t, uint64_t ns);

#endif
