/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of the replicated log: immutable once made, shared by counted
 * references between the log, messages and batches.  The count is plain: all
 * references of one entry belong to one thread.
 */
#ifndef WGMESH_RAFT_ENTRY_H
#define WGMESH_RAFT_ENTRY_H

#include <stddef.h>
#include <stdint.h>

/* Numbers as in proto/ext/v1/replication.proto. */
enum raft_entry_kind {
	RAFT_ENTRY_DATA = 0,		/* the state machine's */
	RAFT_ENTRY_NOOP = 1,		/* opens a leader's term (thesis 6.4) */
	RAFT_ENTRY_CONFIGURATION = 2,	/* raft/configuration.h */
};

enum { RAFT_ENTRY_BYTES_MAX = 2 * 1024 * 1024 };	/* of data, in one entry */

struct raft_entry {
	uint64_t index;		/* 1 is the first of a log */
	uint64_t term;		/* 1 or more */
	enum raft_entry_kind kind;
	uint32_t refs;		/* by raft_entry_ref() and raft_entry_unref() only */
	size_t len;		/* bytes of data */
	uint8_t data[];
};

/* With one reference and a copy of @data; NULL when memory is out. */
struct raft_entry *raft_entry_new(uint64_t index, uint64_t term, enum raft_entry_kind kind,
				  const void *data, size_t len);

/* One more reference; returns @entry. */
struct raft_entry *raft_entry_ref(struct raft_entry *entry);

/* One reference less, and with the last one the memory goes; NULL is fine. */
void raft_entry_unref(struct raft_entry *entry);

#endif
