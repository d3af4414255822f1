/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state that entries make: one register, and a lease of an address for each request.  The
 * address was chosen by whoever proposed, from what he knew; whether it is free is decided here,
 * by the log alone.  A request that comes again changes nothing.
 */
#ifndef WGMESH_SIM_MACHINE_H
#define WGMESH_SIM_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "raft/entry.h"

/*
 * An entry's data begin with the request, which is the register's new value, and the address; 8
 * bytes each.
 */
enum { MACHINE_DATA = 16 };

struct machine {
	uint64_t applied;
	uint64_t value;		/* of the register */
	uint64_t digest;	/* of all that was ever changed */
	/* by request: 0: not seen yet; UINT64_MAX: refused; else its address */
	uint64_t *leases;
	uint64_t *holders;	/* by address: 0: free; else the request */
	size_t lease_capacity, holder_capacity;
};

/* @entry is the next one. */
void machine_apply(struct machine *m, const struct raft_entry *entry);
/* 0: refused, or not seen. */
uint64_t machine_lease(const struct machine *m, uint64_t request);
/* The lowest free address from @from, which is 1 or more, on. */
uint64_t machine_free_address(const struct machine *m, uint64_t from);

void machine_copy(struct machine *to, const struct machine *from);
void machine_fini(struct machine *m);

#endif
