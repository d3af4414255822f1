/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Raft log and hard state of one server, in a SQLite database of its own.
 *
 * What log_store_append() has taken survives the loss of power (WAL, synchronous=FULL: one
 * fsync per call, so batch).  Opening reads and verifies everything; a log that is not what was
 * written is refused with ERR_CORRUPT and the remedy, never shortened or skipped.  Two things
 * it cannot see: damage within the very last write before a crash, which looks like a torn one,
 * and a "-wal" file that somebody removed.
 *
 * The database is locked as long as it is open: a second daemon on the same directory gets
 * ERR_PRECONDITION.
 *
 * One thread at a time.  Calls block on the disk.
 */
#ifndef WGMESH_STORE_LOG_STORE_H
#define WGMESH_STORE_LOG_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { LOG_ENTRY_DATA_MAX = 8 << 20 /* bytes */ };

/* The numbers are stored and travel; the Raft core has the same. */
enum log_entry_kind { LOG_ENTRY_DATA = 0, LOG_ENTRY_NOOP = 1, LOG_ENTRY_CONFIGURATION = 2 };

struct log_entry {
	uint64_t index;		/* from 1, without gaps */
	uint64_t term;		/* never falls from one entry to the next */
	uint32_t kind;		/* enum log_entry_kind */
	uint32_t len;
	const void *data;
};

/* Raft §5.1: what a server must not forget, and how far it knows the log committed. */
struct hard_state {
	uint64_t term;
	uint64_t vote;		/* server id; 0: none in this term */
	uint64_t commit;	/* a lower bound: losing some of it is harmless */
};

/* Applied in this order and all or nothing. */
struct log_batch {
	uint64_t truncate_from;		/* drop this index and all behind it; 0: none */
	const struct log_entry *entries;	/* continue the log behind what is left of it */
	size_t n_entries;
	const struct hard_state *hard_state;	/* NULL: unchanged */
	/*
	 * At last forget the entries up to and with this one, which was in the log before; 0:
	 * none.  Only what the state has on disk (state_sync()) may go.
	 */
	uint64_t compact_to;
};

struct log_store;

/*
 * Creates the file if it is missing; log_store_is_new() then tells a server that has voted
 * before that its memory is gone.  Errors: ERR_CORRUPT, ERR_PRECONDITION (in use), ERR_IO,
 * ERR_DENIED.
 */
int log_store_open(const char *path, struct log_store **ret, struct error *err);
bool log_store_is_new(const struct log_store *log);
void log_store_close(struct log_store *log);

/*
 * Returns 0 when the batch is on disk.  ERR_INVALID: it does not continue the log, drops what is
 * committed, or takes term or vote back; nothing is stored.  ERR_IO, ERR_EXHAUSTED (disk
 * full): the store is as before, and a leader has to step down; but the batch may turn up after
 * a crash, as if the crash had come before the answer.  It may be tried again.
 */
int log_store_append(struct log_store *log, const struct log_batch *batch, struct error *err);

/* From memory.  An empty log: first = last + 1. */
uint64_t log_store_first_index(const struct log_store *log);
uint64_t log_store_last_index(const struct log_store *log);
struct hard_state log_store_hard_state(const struct log_store *log);

/* Also for the index just below the first one; ERR_NOT_FOUND outside of the log. */
int log_store_term_at(struct log_store *log, uint64_t index, uint64_t *ret_term, struct error *err);

/*
 * @entry lives until the function returns; non-zero stops and is passed on.  No store calls
 * inside.
 */
typedef int (*log_entry_fn)(const struct log_entry *entry, void *data);

/*
 * Entries @from to @to, in order, until their data adds up to @max_bytes; the first one is given
 * whatever its size.  ERR_NOT_FOUND: @from or @to is outside of the log.
 */
int log_store_read(struct log_store *log, uint64_t from, uint64_t to, uint64_t max_bytes,
		   log_entry_fn fn, void *data, struct error *err);

/*
 * A snapshot of the state, with all up to @index of @term, is on disk: forget the log up to
 * there, and all of it unless it has that very entry (thesis 5.3).  The term rises to @term if it
 * was lower.  ERR_INVALID: the log begins behind @index, or more is committed.
 */
int log_store_install(struct log_store *log, uint64_t index, uint64_t term, struct error *err);

/*
 * The same where nobody counts on what is in the log: all of it goes, committed or not, and the
 * log goes on behind @index of @term.  Term and vote are kept as above.
 */
int log_store_replace(struct log_store *log, uint64_t index, uint64_t term, struct error *err);

#endif
