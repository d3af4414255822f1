/* SPDX-License-Identifier: Apache-2.0 */
/* A random schedule: which faults there are, how bad, and when, all by the seed. */
#ifndef WGMESH_SIM_CHAOS_H
#define WGMESH_SIM_CHAOS_H

#include <stdint.h>
#include <stdio.h>

struct chaos_result {
	unsigned long long acknowledged, reads, messages, refused;
	unsigned int elections;
	char violation[300];	/* "": none */
};

/* @steps units of time with faults, then calm until the cluster works again. @trace may be NULL. */
void chaos_run(uint64_t seed, unsigned int steps, FILE *trace, struct chaos_result *ret);

#endif
