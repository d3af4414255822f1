/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do all nodes have the same state?  Each takes a digest of its own at the same indices, in the
 * background; the leader's goes into the log, and whoever reads it there compares.  Owner thread.
 */
#ifndef WGMESH_DAEMON_AGREEMENT_H
#define WGMESH_DAEMON_AGREEMENT_H

#include <stdbool.h>

#include <uv.h>

#include "store/entry.h"

struct agreement;

/* This node's digest at @index is known: the leader proposes it. */
typedef void (*agreement_known_fn)(void *data, uint64_t index, const uint8_t digest[STATE_DIGEST]);

/* @path: of the state database.  NULL: no memory. */
struct agreement *agreement_new(uv_loop_t *loop, const char *path, agreement_known_fn known,
				void *data);
/* @closed comes from the loop when the memory is gone and the pool has no work left. */
void agreement_free(struct agreement *a, void (*closed)(void *data), void *data);

/* True: the database must not be replaced now. */
bool agreement_busy(const struct agreement *a);

/* The state is that of @index now: takes a digest of it, unless one is being taken. */
void agreement_boundary(struct agreement *a, uint64_t index);
/* Another node's digest at @index. */
void agreement_compare(struct agreement *a, uint64_t index, const uint8_t digest[STATE_DIGEST]);

/* "" while all that was compared agreed; else what did not, until the state is replaced. */
const char *agreement_trouble(const struct agreement *a);
/* The state was replaced by another's: what was known of it is void. */
void agreement_reset(struct agreement *a);

#endif
