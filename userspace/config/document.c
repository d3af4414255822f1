// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/,"

struct document {
	char *name;
	struct document_value *root;
};

struct reader {
	const struct document *document;
	yaml_parser_t yaml;
	unsigned int values;
};

/* ---- errors ---- */

static struct document_place place_of(yaml_mark_t mark)
{
	return (struct document_place){ (unsigned int)mark.line + 1,
					(unsigned int)mark.column + 1 };
}

int document_error(const struct document *d, const struct document_place *at, struct error *err,
		   const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(err, ERR_INVALID, "%s:%u:%u: %s", d->name, at->line, at->column, text);
}

static int error_at(const struct reader *r, yaml_mark_t mark, struct error *err, const char *why)
{
	const struct document_place at = place_of(mark);

	return document_error(r->document, &at, err, "%s", why);
}

static int no_memory(const struct reader *r, struct error *err)
{
	return error_set(err, ERR_MEMORY, "%s: no memory to read it", r->document->name);
}

/* ---- reading ---- */

static int next_event(struct reader *r, yaml_event_t *ret, struct error *err)
{
	const yaml_parser_t *yaml = &r->yaml;

	if (yaml_parser_parse(&r->yaml, ret))
		return 0;
	if (yaml->error == YAML_MEMORY_ERROR)
		return no_memory(r, err);
	/* What is no text at all has an offset, and no mark. */
	return error_at(r, yaml->error == YAML_READER_ERROR ? yaml->mark : yaml->problem_mark, err,
			yaml->problem ? yaml->problem : "this is no YAML");
}

/* NULL: nothing is wrong with it. */
static const char *refusal(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return "aliases are not read: write the value itself";
	case YAML_SCALAR_EVENT:
		if (e->data.scalar.anchor || e->data.scalar.tag)
			break;
		return strlen((const char *)e->data.scalar.value) == e->data.scalar.length
			? NULL : "a text has no NUL in it";
	case YAML_SEQUENCE_START_EVENT:
		if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
			break;
		return NULL;
	case YAML_MAPPING_START_EVENT:
		if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
			break;
		return NULL;
	default:
		return "a value is missing";
	}
	return "anchors and tags are not read: leave out what begins with & or !";
}

static int read_value(struct reader *r, const yaml_event_t *e, unsigned int depth,
		      struct document_value *v, struct error *err);

/* A new value behind the last one, with the event that begins it. */
static int read_member(struct reader *r, const yaml_event_t *e, unsigned int depth,
		       struct document_value ***at, char *key, struct error *err)
{
	struct document_value *v = calloc(1, sizeof(*v));

	if (!v) {
		free(key);
		return no_memory(r, err);
	}
	v->key = key;
	**at = v;
	*at = &v->next;
	return read_value(r, e, depth + 1, v, err);
}

static int read_list(struct reader *r, unsigned int depth, struct document_value *list,
		     struct error *err)
{
	struct document_value **at = &list->first;
	yaml_event_t e;
	int rc;

	list->kind = DOCUMENT_LIST;
	while ((rc = next_event(r, &e, err)) == 0) {
		bool end = e.type == YAML_SEQUENCE_END_EVENT;

		if (!end)
			rc = read_member(r, &e, depth, &at, NULL, err);
		yaml_event_delete(&e);
		if (end || rc < 0)
			break;
	}
	return rc;
}

static int check_key(const struct reader *r, const struct document_value *map,
		     const yaml_event_t *e, struct error *err)
{
	const struct document_place at = place_of(e->start_mark);
	const char *why = e->type == YAML_SCALAR_EVENT ? refusal(e) : "a key must be a word";
	const char *key = (const char *)e->data.scalar.value;

	if (why)
		return error_at(r, e->start_mark, err, why);
	if (document_lookup(map, key))
		return document_error(r->document, &at, err, "%s is here already, in line %u", key,
				      document_lookup(map, key)->key_at.line);
	return 0;
}

static int read_entry(struct reader *r, const yaml_event_t *key, unsigned int depth,
		      struct document_value *map, struct document_value ***at, struct error *err)
{
	struct document_value **link = *at;
	yaml_event_t e;
	char *name;
	int rc = check_key(r, map, key, err);

	if (rc < 0)
		return rc;
	rc = next_event(r, &e, err);
	if (rc < 0)
		return rc;
	name = strdup((const char *)key->data.scalar.value);
	rc = name ? read_member(r, &e, depth, at, name, err) : no_memory(r, err);
	if (*link)
		(*link)->key_at = place_of(key->start_mark);
	yaml_event_delete(&e);
	return rc;
}

static int read_map(struct reader *r, unsigned int depth, struct document_value *map,
		    struct error *err)
{
	struct document_value **at = &map->first;
	yaml_event_t e;
	int rc;

	map->kind = DOCUMENT_MAP;
	while ((rc = next_event(r, &e, err)) == 0) {
		bool end = e.type == YAML_MAPPING_END_EVENT;

		if (!end)
			rc = read_entry(r, &e, depth, map, &at, err);
		yaml_event_delete(&e);
		if (end || rc < 0)
			break;
	}
	return rc;
}

static int read_value(struct reader *r, const yaml_event_t *e, unsigned int depth,
		      struct document_value *v, struct error *err)
{
	const char *why = refusal(e);

	v->at = place_of(e->start_mark);
	if (!why && depth > DOCUMENT_DEPTH_MAX)
		why = "values are nested too deeply";
	if (!why && ++r->values > DOCUMENT_VALUES_MAX)
		why = "there are too many values";
	if (why)
		return error_at(r, e->start_mark, err, why);
	if (e->type == YAML_SEQUENCE_START_EVENT)
		return read_list(r, depth, v, err);
	if (e->type == YAML_MAPPING_START_EVENT)
		return read_map(r, depth, v, err);
	v->text = strdup((const char *)e->data.scalar.value);
	return v->text ? 0 : no_memory(r, err);
}

/* The stream: its begin, one document or none, its end. */
static int read_stream(struct reader *r, struct document_value **ret, struct error *err)
{
	struct document_value **at = ret;
	bool end = false;
	yaml_event_t e;
	int rc = 0;

	while (!end && rc == 0 && (rc = next_event(r, &e, err)) == 0) {
		switch (e.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_STREAM_END_EVENT:
			end = true;
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (*ret)
				rc = error_at(r, e.start_mark, err,
					      "a second document begins here: "
					      "there may be one");
			break;
		default:
			rc = read_member(r, &e, 0, &at, NULL, err);
		}
		yaml_event_delete(&e);
	}
	return rc;
}

int document_parse(const char *name, const char *text, size_t len, struct document **ret,
		   struct error *err)
{
	struct document *d = calloc(1, sizeof(*d));
	struct reader r = { .document = d };
	int rc;

	if (d)
		d->name = strdup(name);
	if (!d || !d->name || !yaml_parser_initialize(&r.yaml)) {
		document_free(d);
		return error_set(err, ERR_MEMORY, "%s: no memory to read it", name);
	}
	/* An empty file has no text at all, which libyaml does not take for none. */
	yaml_parser_set_input_string(&r.yaml, (const unsigned char *)(text ?: ""), len);
	rc = read_stream(&r, &d->root, err);
	yaml_parser_delete(&r.yaml);
	if (rc < 0)
		document_free(d);
	else
		*ret = d;
	return rc;
}

int document_read(const char *path, struct document **ret, struct error *err)
{
	struct buf text = BUF_INIT(DOCUMENT_BYTES_MAX);
	int rc = file_read(path, &text, err);

	if (rc == 0)
		rc = document_parse(path, (const char *)text.data, text.len, ret, err);
	buf_fini(&text);
	return rc;
}

static void free_values(struct document_value *v)
{
	struct document_value *next;

	for (; v; v = next) {
		next = v->next;
		free_values(v->first);
		free(v->key);
		free(v->text);
		free(v);
	}
}

void document_free(struct document *d)
{
	if (!d)
		return;
	free_values(d->root);
	free(d->name);
	free(d);
}

/* ---- looking, and writing ---- */

const struct document_value *document_root(const struct document *d)
{
	return d->root;
}

const struct document_value *document_lookup(const struct document_value *map, const char *key)
{
	const struct document_value *v = map->first;

	while (v && strcmp(v->key, key) != 0)
		v = v->next;
	return v;
}

/* Nothing in it, and not its beginning either, means anything to YAML. */
static bool is_plain(const char *text)
{
	return *text && *text != '-' && *text != '.' && *text != ',' &&
	       strspn(text, PLAIN) == strlen(text);
}

/*
 * Bytes of the UTF-8 character at @text if YAML would take it for the end of a line, or for no text
 * at all, and *@ret_code; 0: it can stand as it is.
 */
static unsigned int unprintable(const char *text, unsigned int *ret_code)
{
	const unsigned char *c = (const unsigned char *)text;

	*ret_code = c[0];
	if (c[0] < ' ' || c[0] == 0x7f)
		return 1;
	*ret_code = c[1];
	if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
		return 2;
	if ((c[0] & 0xf0) != 0xe0 || !c[1] || !c[2])
		return 0;
	*ret_code = (c[0] & 15u) << 12 | (c[1] & 63u) << 6 | (c[2] & 63u);
	return *ret_code == 0x2028 || *ret_code == 0x2029 || *ret_code == 0xfeff ||
	       *ret_code == 0xfffe || *ret_code == 0xffff ? 3 : 0;
}

bool document_write_text(struct buf *out, const char *text)
{
	unsigned int code, len;

	if (is_plain(text))
		return buf_append_text(out, text);
	buf_append_text(out, "\"");
	for (; *text; text++) {
		len = 0;
		if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else if ((len = unprintable(text, &code)) > 0)
			buf_printf(out, "\\u%04x", code);
		else
			buf_append(out, text, 1);
		text += len ? len - 1 : 0;
	}
	return buf_append_text(out, "\"");
}
