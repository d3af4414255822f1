/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the state store share.  Internal to store/. */
#ifndef WGMESH_STORE_STATE_INTERNAL_H
#define WGMESH_STORE_STATE_INTERNAL_H

#include "store/changes.h"
#include "store/db.h"
#include "store/entry.h"
#include "store/node_cache.h"
#include "store/state_store.h"
#include "store/stmt_cache.h"

/* The store's own statements; their text is in state_store.c and state_query.c. */
enum own_statement {
	OWN_BEGIN, OWN_COMMIT, OWN_ROLLBACK,
	OWN_SAVEPOINT, OWN_RELEASE, OWN_UNDO,
	OWN_SET_CONFIGURATION, OWN_SET_PROGRESS,
	OWN_RECALL, OWN_REMEMBER, OWN_FORGET,
	N_OWN,
};

enum query_statement {
	QUERY_NODE, QUERY_NODE_BY_KEY, QUERY_NODES, QUERY_OBSERVERS, QUERY_COUNT_NODES,
	QUERY_MESH, QUERY_TOKEN, QUERY_TOKENS, QUERY_CERTIFICATE, QUERY_CERTIFICATE_OF,
	QUERY_ABILITY, QUERY_LOWEST_ABILITY, QUERY_MEMBER, QUERY_MEMBERS, QUERY_ACLS,
	QUERY_COUNT_ACLS, QUERY_LEASED, QUERY_GAP,
	N_QUERIES,
};

extern const char *const state_queries[N_QUERIES + 1];

struct state_store {
	struct db db;
	bool guarded;		/* the authorizer looks on: SQL of an entry is compiled */
	bool in_batch;
	int wal_pages;		/* not copied into the database yet, or some of them */
	uint64_t applied_index, applied_term;
	uint64_t committed_index, committed_term;	/* at the start of the batch */
	int committed_schema;
	struct change_log changes;
	struct stmt_cache cache;
	struct node_cache nodes;	/* empty while a batch is open */
	sqlite3_stmt *own[N_OWN];
	sqlite3_stmt *queries[N_QUERIES];
};

/* In state_digest.c: of what @db sees, in a read transaction if it has one. */
int state_digest(struct db *db, uint8_t ret[STATE_DIGEST], struct error *err);

/* In state_apply.c: one data entry.  Returns as state_store_apply() does. */
int state_apply_data(struct state_store *s, const struct log_entry *entry,
		     struct apply_result *ret, struct error *err);

/*
 * In state_run.c: the statements of an entry within the savepoint of the caller.  1: all ran;
 * 0: refused, @ret says why; negative: this node's failure.
 */
int state_run_statements(struct state_store *s, const struct entry_header *h,
			 struct apply_result *ret, struct error *err);

#endif
