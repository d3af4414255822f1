// SPDX-License-Identifier: Apache-2.0
#include "store/entry.h"

#include <stdlib.h>
#include <string.h>

#include "store/entry_pack.h"

enum { HEADER = 2 + ENTRY_REQUEST_ID };

struct entry {
	struct buf buf;
	unsigned int n_statements;
	enum entry_kind kind;
};

static struct entry *new_entry(enum entry_kind kind, const uint8_t request_id[ENTRY_REQUEST_ID])
{
	static const uint8_t none[ENTRY_REQUEST_ID];
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->kind = kind;
	e->buf = BUF_INIT(ENTRY_MAX);
	buf_append_u8(&e->buf, ENTRY_VERSION);
	buf_append_u8(&e->buf, (uint8_t)kind);
	buf_append(&e->buf, request_id ? request_id : none, ENTRY_REQUEST_ID);
	if (e->buf.failed) {
		entry_free(e);
		return NULL;
	}
	return e;
}

struct entry *entry_new(const uint8_t request_id[ENTRY_REQUEST_ID])
{
	return new_entry(ENTRY_SQL, request_id);
}

struct entry *entry_new_schema(uint32_t version)
{
	struct entry *e = new_entry(ENTRY_SCHEMA, NULL);

	if (e && !buf_append_u32(&e->buf, version)) {
		entry_free(e);
		return NULL;
	}
	return e;
}

struct entry *entry_new_digest(uint64_t index, const uint8_t digest[STATE_DIGEST])
{
	struct entry *e = new_entry(ENTRY_DIGEST, NULL);

	if (e && (!buf_append_u64(&e->buf, index) || !buf_append(&e->buf, digest, STATE_DIGEST))) {
		entry_free(e);
		return NULL;
	}
	return e;
}

void entry_free(struct entry *e)
{
	if (!e)
		return;
	buf_fini(&e->buf);
	free(e);
}

int entry_add(struct entry *e, unsigned int flags, const char *sql,
	      const struct sql_value *params, size_t n_params, struct error *err)
{
	if (e->kind != ENTRY_SQL)
		return error_set(err, ERR_INTERNAL, "an entry of kind %d has no statements",
				 e->kind);
	if (e->n_statements == ENTRY_STATEMENTS_MAX || n_params > ENTRY_PARAMS_MAX)
		return error_set(err, ERR_EXHAUSTED,
				 "an entry holds %d statements of %d parameters; use several",
				 ENTRY_STATEMENTS_MAX, ENTRY_PARAMS_MAX);
	if (!statement_pack(&e->buf, (uint8_t)flags, sql, params, n_params))
		return error_set(err, ERR_EXHAUSTED,
				 "an entry holds %d bytes; use several entries", ENTRY_MAX);
	e->n_statements++;
	return 0;
}

int entry_encode(const struct entry *e, const uint8_t **ret_data, size_t *ret_len,
		 struct error *err)
{
	if (e->buf.failed)
		return error_set(err, ERR_EXHAUSTED, "an entry holds %d bytes; use several entries",
				 ENTRY_MAX);
	if (e->kind == ENTRY_SQL && e->n_statements == 0)
		return error_set(err, ERR_INVALID, "an entry without a statement changes nothing");
	*ret_data = e->buf.data;
	*ret_len = e->buf.len;
	return 0;
}

static int decode_body(const uint8_t *body, size_t len, struct entry_header *h, struct error *err)
{
	if (h->kind == ENTRY_SCHEMA) {
		if (len != 4)
			return error_set(err, ERR_INVALID,
					 "an entry's schema version has %zu bytes, not 4", len);
		h->schema = load_u32(body);
		return 0;
	}
	if (h->kind == ENTRY_DIGEST) {
		if (len != 8 + STATE_DIGEST)
			return error_set(err, ERR_INVALID, "an entry's digest has %zu bytes", len);
		h->digest_index = load_u64(body);
		memcpy(h->digest, body + 8, STATE_DIGEST);
		return 0;
	}
	if (len == 0)
		return error_set(err, ERR_INVALID, "an entry has no statement");
	h->body = body;
	h->body_len = len;
	return 0;
}

int entry_decode(const void *data, size_t len, struct entry_header *ret, struct error *err)
{
	static const uint8_t none[ENTRY_REQUEST_ID];
	struct entry_header h = { 0 };
	const uint8_t *p = data;
	int r;

	if (len < HEADER || len > ENTRY_MAX)
		return error_set(err, ERR_INVALID, "an entry of %zu bytes is malformed", len);
	if (p[0] != ENTRY_VERSION || p[1] < ENTRY_SQL || p[1] > ENTRY_DIGEST)
		return error_set(err, ERR_UNSUPPORTED,
				 "an entry of version %u and kind %u is of a newer release; "
				 "upgrade wgmeshd",
				 p[0], p[1]);
	h.kind = p[1];
	memcpy(h.request_id, p + 2, ENTRY_REQUEST_ID);
	h.has_request_id = memcmp(h.request_id, none, ENTRY_REQUEST_ID) != 0;
	r = decode_body(p + HEADER, len - HEADER, &h, err);
	if (r == 0)
		*ret = h;
	return r;
}
