/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client saw: when it asked to write or read the one register, when it was answered, and
 * with what.  Knows nothing of servers, terms or indices, so that it cannot share a mistake
 * with whoever computes these.
 */
#ifndef WGMESH_SIM_HISTORY_H
#define WGMESH_SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct operation {
	bool write;
	uint64_t value;		/* written once in a history; read: as answered */
	uint64_t invoked;
	uint64_t returned;	/* UINT64_MAX: never answered, and perhaps done */
};

struct history {
	struct operation *operations;
	size_t count, capacity;
	uint64_t clock;		/* each event is a moment of its own */
};

/* Returns the operation's number; @value of a read is not known yet. */
size_t history_invoke(struct history *h, bool write, uint64_t value);
/* Once per operation; further answers to a write are ignored. */
void history_return(struct history *h, size_t operation, uint64_t value);

/*
 * Could one register, which holds 0 at first, have answered so (Herlihy and Wing 1990)?  As each
 * value is written once, the rule of Gibbons and Korach (1997) decides: what is written and
 * read of one value spans a zone, and zones must not overlap in certain ways.  False:
 * *@ret_value names a value that fits nowhere.
 */
bool history_is_linearizable(const struct history *h, uint64_t *ret_value);

void history_fini(struct history *h);

#endif
