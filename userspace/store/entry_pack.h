/* SPDX-License-Identifier: Apache-2.0 */
/* One statement of an entry as v1.RaftLogEntry, and back.  Internal to store/. */
#ifndef WGMESH_STORE_ENTRY_PACK_H
#define WGMESH_STORE_ENTRY_PACK_H

#include "store/entry.h"

struct V1__RaftLogEntry;

/* A statement as it lies in an entry; @sql and @params point into @message. */
struct statement {
	struct V1__RaftLogEntry *message;
	unsigned int flags;
	const char *sql;
	size_t n_params;
};

/* Appends flags, length and message; false: no room or memory. */
bool statement_pack(struct buf *b, uint8_t flags, const char *sql, const struct sql_value *params,
		    size_t n_params);

/*
 * The statement at *@pos of an entry's body, and *@pos moved behind it.  1: got one, for the caller
 * to free with statement_fini(); 0: at the end.  ERR_INVALID: malformed, on every node alike;
 * ERR_UNSUPPORTED: a flag of a newer release; ERR_MEMORY.
 */
int statement_next(const struct entry_header *h, size_t *pos, struct statement *ret,
		   struct error *err);
void statement_fini(struct statement *st);

/* Parameter @i of it, from 0; borrowed.  ERR_INVALID: a type that is none. */
int statement_param(const struct statement *st, size_t i, struct sql_value *ret, struct error *err);
/* Its name, or "" for a positional one. */
const char *statement_param_name(const struct statement *st, size_t i);

#endif
