// SPDX-License-Identifier: Apache-2.0
/* store: an entry of the log and its statements.  Written again it reads as the same. */
#include "fuzz.h"

#include "store/entry.h"
#include "store/entry_pack.h"

/* False: a parameter, or all of them, that an entry of ours would not have. */
static bool add_again(struct entry *e, const struct statement *st)
{
	struct sql_value params[ENTRY_PARAMS_MAX];

	must(st->n_params <= ENTRY_PARAMS_MAX && st->sql);
	for (size_t i = 0; i < st->n_params; i++) {
		must(statement_param_name(st, i));
		if (statement_param(st, i, &params[i], NULL))
			return false;
	}
	return entry_add(e, st->flags, st->sql, params, st->n_params, NULL) == 0;
}

static bool add_all(struct entry *e, const struct entry_header *h)
{
	struct statement st;
	size_t pos = 0;
	bool good = true;
	int r;

	while (good && (r = statement_next(h, &pos, &st, NULL)) > 0) {
		must(pos <= h->body_len);
		good = add_again(e, &st);
		statement_fini(&st);
	}
	return good && r == 0;
}

/* The entry that @data is; NULL: none, or not one that we would write. */
static struct entry *read_entry(const uint8_t *data, size_t size)
{
	struct entry_header h;
	struct entry *e;

	if (entry_decode(data, size, &h, NULL))
		return NULL;
	if (h.kind == ENTRY_SCHEMA)
		return entry_new_schema(h.schema);
	if (h.kind == ENTRY_DIGEST)
		return entry_new_digest(h.digest_index, h.digest);
	e = entry_new(h.has_request_id ? h.request_id : NULL);
	must(e && h.body + h.body_len == data + size);
	if (add_all(e, &h))
		return e;
	entry_free(e);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry *first = read_entry(data, size), *second;
	const uint8_t *a, *b;
	size_t a_len, b_len;

	if (!first)
		return 0;
	must(!entry_encode(first, &a, &a_len, NULL));
	second = read_entry(a, a_len);
	must(second && !entry_encode(second, &b, &b_len, NULL));
	must(a_len == b_len && memcmp(a, b, a_len) == 0);
	entry_free(first);
	entry_free(second);
	return 0;
}
