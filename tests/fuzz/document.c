// SPDX-License-Identifier: Apache-2.0
/* config: a file of settings.  Bounds hold, and a text that is written is read as the same. */
#include "fuzz.h"

#include "config/document.h"

static void write_again(const char *text)
{
	struct buf out = BUF_INIT(8 * DOCUMENT_BYTES_MAX);
	struct document *d;
	const struct document_value *v;

	buf_append_text(&out, "- ");
	must(document_write_text(&out, text));
	must(!document_parse("again", (const char *)out.data, out.len, &d, NULL));
	v = document_root(d);
	must(v->kind == DOCUMENT_LIST && v->first && v->first->kind == DOCUMENT_SCALAR);
	must(strcmp(v->first->text, text) == 0);
	document_free(d);
	buf_fini(&out);
}

static unsigned int walk(const struct document_value *v, unsigned int depth)
{
	unsigned int values = 1;

	must(depth <= DOCUMENT_DEPTH_MAX + 1 && v->at.line && v->at.column);
	must((v->kind == DOCUMENT_SCALAR) == (v->text != NULL));
	if (v->text)
		write_again(v->text);
	for (const struct document_value *child = v->first; child; child = child->next) {
		must((v->kind == DOCUMENT_MAP) == (child->key != NULL));
		if (child->key)
			must(document_lookup(v, child->key) == child);
		values += walk(child, depth + 1);
	}
	return values;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *text = fuzz_copy(data, size);
	struct document *d;

	if (!document_parse("fuzz", (const char *)text, size, &d, NULL)) {
		if (document_root(d))
			must(walk(document_root(d), 0) <= DOCUMENT_VALUES_MAX);
		document_free(d);
	}
	free(text);
	return 0;
}
