/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts log batches on disk without holding up the owner thread: one batch at a
 * time goes to a thread of its own, and what comes meanwhile is the next one, so
 * everybody who waits shares one fsync (group commit).
 *
 * The log store itself knows one thread at a time: reads of the owner go
 * through here too, and wait for a write under way.  Owner thread only.
 */
#ifndef WGMESH_DAEMON_LOG_WRITER_H
#define WGMESH_DAEMON_LOG_WRITER_H

#include <stdbool.h>

#include <uv.h>

#include "metrics/durations.h"
#include "store/log_store.h"

struct log_writer;

/* @err->kind is ERR_NONE when the batch is on disk; else nothing of it is. */
typedef void (*log_written_fn)(void *data, const struct error *err);

/* @log and @loop must outlive the writer. */
/* NULL: no memory, or no thread */
struct log_writer *log_writer_new(uv_loop_t *loop, struct log_store *log);
/* as log_writer_forget(); the memory follows through the loop; NULL is fine */
void log_writer_free(struct log_writer *w);

bool log_writer_busy(const struct log_writer *w);
/* A write is under way for longer than a read should make the owner wait. */
bool log_writer_stalls(const struct log_writer *w);

/* @batch and all that it points to stay valid until @done; not while busy. */
void log_writer_append(struct log_writer *w, const struct log_batch *batch, log_written_fn done,
		       void *data);
/* log_store_install() and log_store_replace(), in the same way. */
void log_writer_install(struct log_writer *w, uint64_t index, uint64_t term, log_written_fn done,
			void *data);
void log_writer_replace(struct log_writer *w, uint64_t index, uint64_t term, log_written_fn done,
			void *data);
/* How long writes took, failed ones too. */
const struct durations *log_writer_durations(const struct log_writer *w);
/* Waits until the write under way is on disk; its callback does not come any more. */
void log_writer_forget(struct log_writer *w);

int log_writer_term_at(struct log_writer *w, uint64_t index, uint64_t *ret_term,
		       struct error *err);
int log_writer_read(struct log_writer *w, uint64_t from, uint64_t to, uint64_t max_bytes,
		    log_entry_fn fn, void *data, struct error *err);

/* Of the log as it is on disk now. */
struct log_writer_bounds {
	uint64_t first, last;	/* first = last + 1: empty */
	struct hard_state hard_state;
};
struct log_writer_bounds log_writer_bounds(struct log_writer *w);

#endif
