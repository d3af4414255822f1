/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linearisable reads that wait until the state has all that was acknowledged before they were
 * asked.  Each is answered exactly once.  Owner thread.
 */
#ifndef WGMESH_DAEMON_READS_H
#define WGMESH_DAEMON_READS_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/error.h"

/* @err->kind ERR_NONE: the state here has it all; else ERR_UNAVAILABLE. */
typedef void (*read_done_fn)(void *data, const struct error *err);

struct waiting_read;
STAILQ_HEAD(reads, waiting_read);

/* In the order in which Raft was asked, by whose @id it answers.  ERR_MEMORY. */
int reads_add(struct reads *reads, uint64_t id, read_done_fn done, void *data, struct error *err);

/* Raft's answer to @id; one for whom there was no memory does not wait. */
void reads_answer(struct reads *reads, uint64_t id, const struct error *err);

/* Answers all of them with ERR_UNAVAILABLE and @why. */
void reads_fail(struct reads *reads, const char *why);

#endif
