/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the log store share.  Internal to store/. */
#ifndef WGMESH_STORE_LOG_INTERNAL_H
#define WGMESH_STORE_LOG_INTERNAL_H

#include "store/db.h"
#include "store/log_store.h"

enum log_statement {
	LOG_BEGIN, LOG_COMMIT, LOG_ROLLBACK, LOG_INSERT, LOG_TRUNCATE, LOG_COMPACT, LOG_TERM_AT,
	LOG_READ, LOG_GET_META, LOG_SET_META,
	N_LOG_STATEMENTS,
};

/*
 * The row of meta.  The last index stands there too: a damaged page may lose entries
 * from the end, and what is left would look like a shorter log.
 */
struct log_meta {
	struct hard_state hard;
	uint64_t base_index, base_term;		/* of the last entry compacted away */
	uint64_t last_index;
};

struct log_store {
	struct db db;
	sqlite3_stmt *stmts[N_LOG_STATEMENTS];
	struct log_meta meta;
	bool is_new;
};

/* In log_store.c. */
uint32_t log_entry_crc(const struct log_entry *e);
/* ERR_CORRUPT with the remedy. */
int log_corrupt(struct log_store *log, struct error *err, const char *what, uint64_t index);
/* SQLite's own complaints about a damaged file lack the remedy: @r, and @err with it. */
int log_with_remedy(int r, struct error *err);

/* In log_meta.c. */
int log_meta_write(struct log_store *log, const struct log_meta *m, struct error *err);
int log_meta_read(struct log_store *log, struct error *err);	/* into log->meta */

#endif
