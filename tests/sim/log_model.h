/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log as a plain array: what a disk holds, or what a core has handed out to
 * be stored.  Each item carries a hash of itself and all before it, so that
 * "equal here" means "equal up to here".
 */
#ifndef WGMESH_SIM_LOG_MODEL_H
#define WGMESH_SIM_LOG_MODEL_H

#include <stddef.h>

#include "raft/entry.h"

struct log_item {
	struct raft_entry *entry;
	uint64_t prefix;
};

struct log_model {
	struct log_item *items;		/* items[0] has index 1 */
	uint64_t last;
	/* compacted up to here: kept for the oracle, not to be read */
	uint64_t base;
	size_t capacity;
};

void log_model_append(struct log_model *log, struct raft_entry *entry);
void log_model_truncate(struct log_model *log, uint64_t from);	/* beyond the end: nothing */
void log_model_copy(struct log_model *to, const struct log_model *from);
void log_model_fini(struct log_model *log);

/* Of 1 … last; term is 0 for others. */
const struct log_item *log_model_at(const struct log_model *log, uint64_t index);
uint64_t log_model_term(const struct log_model *log, uint64_t index);

uint64_t entry_hash(const struct raft_entry *entry);

#endif
