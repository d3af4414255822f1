/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data of a log entry: a change of the replicated state, all or nothing.
 *
 *	byte   0	version of this header (1)
 *	byte   1	kind
 *	bytes  2-17	request id; all zero: none
 *	kind ENTRY_SQL, then for each statement
 *		u8	flags
 *		u32	length, big-endian
 *		…	a packed v1.RaftLogEntry: EXECUTE, one SQLExec with typed parameters
 *	kind ENTRY_SCHEMA, then
 *		u32	the schema's version from here on
 *	kind ENTRY_DIGEST, then, changing nothing
 *		u64	an index before this entry's own
 *		…	the digest of the proposer's state with that index applied
 *
 * A request id makes a retry harmless: an entry whose id was applied within the last
 * STATE_REQUESTS entries is not applied again, and answers as the first time.  A proposer
 * that was told "unavailable" proposes the same bytes again.
 */
#ifndef WGMESH_STORE_ENTRY_H
#define WGMESH_STORE_ENTRY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	ENTRY_VERSION = 1,
	ENTRY_MAX = 1 << 20,		/* bytes, encoded */
	ENTRY_STATEMENTS_MAX = 64,
	ENTRY_PARAMS_MAX = 32,		/* of one statement */
	ENTRY_REQUEST_ID = 16,		/* bytes; random */
	STATE_DIGEST = 16,		/* bytes */
};

enum entry_kind { ENTRY_SQL = 1, ENTRY_SCHEMA = 2, ENTRY_DIGEST = 3 };

/* Flags of a statement. */
enum {
	ENTRY_MUST_CHANGE = 1 << 0,	/* to change no row is an error: ERR_PRECONDITION */
};

enum sql_type { SQL_NULL, SQL_INT, SQL_DOUBLE, SQL_BOOL, SQL_BYTES, SQL_TEXT, SQL_TIME };

struct sql_value {
	enum sql_type type;
	union {
		int64_t i;	/* SQL_INT, SQL_BOOL; SQL_TIME: ns since the epoch */
		double d;
		const char *text;
		struct {
			const void *data;
			size_t len;
		} bytes;
	};
};

struct entry;

/* @request_id may be NULL: none.  NULL: no memory. */
struct entry *entry_new(const uint8_t request_id[ENTRY_REQUEST_ID]);
struct entry *entry_new_schema(uint32_t version);
struct entry *entry_new_digest(uint64_t index, const uint8_t digest[STATE_DIGEST]);
void entry_free(struct entry *e);

/* @params bind to ?1, ?2, …  Copies everything.  ERR_EXHAUSTED: a bound above. */
int entry_add(struct entry *e, unsigned int flags, const char *sql,
	      const struct sql_value *params, size_t n_params, struct error *err);

/* What goes into the log: borrowed, until the entry is changed or freed. */
int entry_encode(const struct entry *e, const uint8_t **ret_data, size_t *ret_len,
		 struct error *err);

struct entry_header {
	enum entry_kind kind;
	uint8_t request_id[ENTRY_REQUEST_ID];
	bool has_request_id;
	uint32_t schema;		/* ENTRY_SCHEMA */
	uint64_t digest_index;		/* ENTRY_DIGEST */
	uint8_t digest[STATE_DIGEST];
	const uint8_t *body;		/* ENTRY_SQL: the statements, inside the input */
	size_t body_len;
};

/* ERR_UNSUPPORTED: version or kind of a newer release; ERR_INVALID: malformed. */
int entry_decode(const void *data, size_t len, struct entry_header *ret, struct error *err);

#endif
