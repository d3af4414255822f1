/* SPDX-License-Identifier: Apache-2.0 */
/* All chance in a simulation comes from one seed. */
#ifndef WGMESH_SIM_RNG_H
#define WGMESH_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* From @low to @high, both possible. */
static inline uint64_t rng_range(struct rng *r, uint64_t low, uint64_t high)
{
	return low + rng_next(r) % (high - low + 1);
}

/* True @n times in a thousand. */
static inline bool rng_chance(struct rng *r, unsigned int n)
{
	return rng_next(r) % 1000 < n;
}

#endif
