/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log as one sequence (thesis 3.5): its end in memory, the rest on the
 * driver's disk.  What is not stored is always in memory; what is stored may be
 * dropped from it.  Inside the core only.
 */
#ifndef WGMESH_RAFT_LOG_H
#define WGMESH_RAFT_LOG_H

#include <stdbool.h>

#include "raft/entry.h"
#include "raft/log_reader.h"

struct raft_start;

struct raft_log {
	struct raft_log_reader reader;
	uint64_t first;		/* lowest index that exists */
	uint64_t base_term;	/* of first - 1 */
	uint64_t last;
	uint64_t last_term;
	uint64_t stored;	/* the disk agrees with this log up to here */
	uint64_t tail_first;	/* lowest index in memory; last + 1: none */
	struct raft_entry **ring;	/* tail_first … last, wrapping */
	size_t head;		/* of tail_first, modulo capacity */
	size_t capacity;	/* a power of two, or 0 */
	size_t tail_bytes;	/* of entries in memory */
	size_t unstored_bytes;	/* the part of it above stored */
};

void raft_log_init(struct raft_log *log, const struct raft_start *start,
		   const struct raft_log_reader *reader);
void raft_log_fini(struct raft_log *log);

/* Takes a reference.  @entry is the one after last, and its term does not fall. */
int raft_log_append(struct raft_log *log, struct raft_entry *entry, struct error *err);

/* Drop @from (first … last + 1) and all above it. */
int raft_log_truncate(struct raft_log *log, uint64_t from, struct error *err);

/* Of an index from first - 1 to last. */
int raft_log_term_at(const struct raft_log *log, uint64_t index, uint64_t *ret_term,
		     struct error *err);

/* NULL when not in memory; no reference given. */
struct raft_entry *raft_log_in_memory(const struct raft_log *log, uint64_t index);

/*
 * Entries @from … @to (both in the log) up to @count_max and, but for the
 * first, @bytes_max; with a reference each.  May stop short of all limits.
 */
int raft_log_slice(const struct raft_log *log, uint64_t from, uint64_t to, size_t count_max,
		   size_t bytes_max, struct raft_entry **ret_entries, size_t *ret_count,
		   struct error *err);

/* The disk holds this log up to @index (not below stored). */
void raft_log_set_stored(struct raft_log *log, uint64_t index);

/* Forget all up to @index (stored, in the log): it is gone, or may go, from the disk. */
int raft_log_compact(struct raft_log *log, uint64_t index, struct error *err);

/* While more than @bytes_max are in memory, drop stored entries up to @index. */
void raft_log_trim(struct raft_log *log, uint64_t index, size_t bytes_max);

#endif
