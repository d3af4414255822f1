// SPDX-License-Identifier: Apache-2.0
#include "wmctl/contexts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "config/document.h"
#include "config/nearest.h"
#include "wmctl/session.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

#define CURRENT_KEY "current-context"
#define LIST_KEY "contexts"

const char *const context_field_names[CONTEXT_FIELDS] = {
	[CONTEXT_ADDRESS] = "address",
	[CONTEXT_IDENTITY] = "identity",
	[CONTEXT_STATE_DIR] = "state-dir",
	[CONTEXT_TIMEOUT] = "timeout",
};

/* ---- one context ---- */

static bool name_valid(const char *name)
{
	size_t len = strnlen(name, CONTEXT_NAME_MAX);

	return len > 0 && len < CONTEXT_NAME_MAX && strspn(name, NAME_CHARACTERS) == len;
}

static int check_field(enum context_field field, const char *value, struct error *err)
{
	unsigned int ms;

	if (field == CONTEXT_ADDRESS && !strchr(value, ':'))
		return error_set(err, ERR_INVALID, "address: \"%s\" is not of the form HOST:PORT",
				 value);
	if (field == CONTEXT_TIMEOUT && !session_parse_seconds(value, &ms))
		return error_set(err, ERR_INVALID, "timeout: \"%s\" is no number from 1 to 3600",
				 value);
	if (strlen(value) >= PATH_MAX)
		return error_set(err, ERR_INVALID, "%s: the value is too long",
				 context_field_names[field]);
	return 0;
}

/* Whoever uses the context later stands in another folder. */
static char *absolute(enum context_field field, const char *value)
{
	char here[PATH_MAX], *path;

	if ((field != CONTEXT_IDENTITY && field != CONTEXT_STATE_DIR) || *value == '/' ||
	    !getcwd(here, sizeof(here)))
		return strdup(value);
	return asprintf(&path, "%s/%s", here, value) < 0 ? NULL : path;
}

int context_set(struct context *item, enum context_field field, const char *value,
		struct error *err)
{
	char *text = NULL;
	int r = *value ? check_field(field, value, err) : 0;

	if (r < 0)
		return r;
	if (*value) {
		text = absolute(field, value);
		if (!text)
			return error_set(err, ERR_MEMORY, "no memory for a context");
	}
	free(item->fields[field]);
	item->fields[field] = text;
	return 0;
}

static void context_fini(struct context *item)
{
	for (int i = 0; i < CONTEXT_FIELDS; i++)
		free(item->fields[i]);
}

/* ---- all ---- */

struct context *contexts_lookup(struct contexts *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].name, name) == 0)
			return &c->items[i];
	return NULL;
}

int contexts_get(struct contexts *c, const char *name, struct context **ret, struct error *err)
{
	const char *best = NULL;
	struct context *found;

	if (!name && !*c->current)
		return error_set(err, ERR_NOT_FOUND,
				 "no context is the current one: wmctl config use-context NAME");
	name = name ?: c->current;
	found = contexts_lookup(c, name);
	if (found) {
		*ret = found;
		return 0;
	}
	for (size_t i = 0; i < c->count; i++)
		nearest_consider(name, c->items[i].name, &best);
	if (best)
		return error_set(err, ERR_NOT_FOUND, "there is no context \"%s\": did you mean %s?",
				 name, best);
	return error_set(err, ERR_NOT_FOUND,
			 "there is no context \"%s\": wmctl config get-contexts lists them", name);
}

int contexts_add(struct contexts *c, const char *name, struct context **ret, struct error *err)
{
	struct context *item = &c->items[c->count];

	if (!name_valid(name))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is no name for a context: 1 to %d characters of a-z "
				 "A-Z 0-9 - . _",
				 name, CONTEXT_NAME_MAX - 1);
	if (c->count == CONTEXTS_MAX)
		return error_set(err, ERR_EXHAUSTED, "%s has %d contexts already", c->path,
				 CONTEXTS_MAX);
	*item = (struct context){ 0 };
	memcpy(item->name, name, strlen(name) + 1);
	c->count++;
	*ret = item;
	return 0;
}

void contexts_remove(struct contexts *c, struct context *item)
{
	if (strcmp(c->current, item->name) == 0)
		c->current[0] = 0;
	context_fini(item);
	c->count--;
	memmove(item, item + 1, (size_t)(c->items + c->count - item) * sizeof(*item));
}

void contexts_free(struct contexts *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		context_fini(&c->items[i]);
	free(c);
}

/* ---- the file ---- */

static int find_path(char *out, size_t cap, struct error *err)
{
	const char *named = getenv("WMCTL_CONFIG"), *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	int n;

	if (named && *named)
		n = snprintf(out, cap, "%s", named);
	else if (base && *base)
		n = snprintf(out, cap, "%s/wgmesh/config.yaml", base);
	else
		n = snprintf(out, cap, "%s/.config/wgmesh/config.yaml", home ?: "");
	if (n < 0 || (size_t)n >= cap)
		return error_set(err, ERR_INVALID, "the path of the contexts' file is too long");
	return 0;
}

static int unknown_key(const struct document *d, const struct document_value *v,
		       const char *const *names, size_t n, struct error *err)
{
	const char *best = NULL;

	for (size_t i = 0; i < n; i++)
		nearest_consider(v->key, names[i], &best);
	return document_error(d, &v->key_at, err, "there is no \"%s\" here%s%s%s", v->key,
			      best ? ": did you mean " : "", best ?: "", best ? "?" : "");
}

static int read_field(const struct document *d, struct context *item,
		      const struct document_value *v, struct error *err)
{
	struct error why = { 0 };
	int field = 0;

	while (field < CONTEXT_FIELDS && strcmp(context_field_names[field], v->key) != 0)
		field++;
	if (field == CONTEXT_FIELDS)
		return unknown_key(d, v, context_field_names, CONTEXT_FIELDS, err);
	if (v->kind != DOCUMENT_SCALAR)
		return document_error(d, &v->at, err, "%s takes a text", v->key);
	if (context_set(item, (enum context_field)field, v->text, &why) < 0)
		return document_error(d, &v->at, err, "%s", why.text);
	return 0;
}

static int read_context(struct contexts *c, const struct document *d,
			const struct document_value *v, struct error *err)
{
	struct error why = { 0 };
	struct context *item;
	int r = 0;

	if (v->kind != DOCUMENT_MAP)
		return document_error(d, &v->at, err,
				      "a context is a map of address, identity and such");
	if (contexts_add(c, v->key, &item, &why) < 0)
		return document_error(d, &v->key_at, err, "%s", why.text);
	for (v = v->first; r == 0 && v; v = v->next)
		r = read_field(d, item, v, err);
	return r;
}

static int read_entry(struct contexts *c, const struct document *d,
		      const struct document_value *v, struct error *err)
{
	static const char *const keys[] = { CURRENT_KEY, LIST_KEY };
	int r = 0;

	if (strcmp(v->key, CURRENT_KEY) == 0) {
		if (v->kind != DOCUMENT_SCALAR || (*v->text && !name_valid(v->text)))
			return document_error(d, &v->at, err, "this is no name of a context");
		memcpy(c->current, v->text, strlen(v->text) + 1);
		return 0;
	}
	if (strcmp(v->key, LIST_KEY) != 0)
		return unknown_key(d, v, keys, 2, err);
	if (v->kind != DOCUMENT_MAP)
		return document_error(d, &v->at, err, "contexts is a map of names and contexts");
	for (v = v->first; r == 0 && v; v = v->next)
		r = read_context(c, d, v, err);
	return r;
}

static int read_all(struct contexts *c, const struct document *d, struct error *err)
{
	const struct document_value *root = document_root(d);
	int r = 0;

	if (!root)
		return 0;
	if (root->kind != DOCUMENT_MAP)
		return document_error(d, &root->at, err, "this is no file of contexts");
	for (const struct document_value *v = root->first; r == 0 && v; v = v->next)
		r = read_entry(c, d, v, err);
	return r;
}

int contexts_load(struct contexts **ret, struct error *err)
{
	struct contexts *c = calloc(1, sizeof(*c));
	struct error why = { 0 };
	struct document *d;
	int r;

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory for the contexts");
	r = find_path(c->path, sizeof(c->path), &why);
	if (r == 0)
		r = document_read(c->path, &d, &why);
	if (r == 0) {
		r = read_all(c, d, &why);
		document_free(d);
	} else if (r == -ERR_NOT_FOUND) {
		r = 0;
	}
	if (r == 0) {
		*ret = c;
		return 0;
	}
	contexts_free(c);
	return error_set(err, why.kind, "%s", why.text);
}

static int make_folders(const char *path, struct error *err)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return error_errno(err, errno, "cannot make the folder %s", dir);
		*slash = '/';
	}
	return 0;
}

static void write_context(const struct context *item, struct buf *out)
{
	bool empty = true;

	buf_append_text(out, "  ");
	document_write_text(out, item->name);
	buf_append_text(out, ":");
	for (int i = 0; i < CONTEXT_FIELDS; i++) {
		if (!item->fields[i])
			continue;
		buf_printf(out, "\n    %s: ", context_field_names[i]);
		document_write_text(out, item->fields[i]);
		empty = false;
	}
	buf_append_text(out, empty ? " {}\n" : "\n");
}

int contexts_save(const struct contexts *c, struct error *err)
{
	struct buf text = BUF_INIT(DOCUMENT_BYTES_MAX);
	int r = make_folders(c->path, err);

	if (*c->current) {
		buf_append_text(&text, CURRENT_KEY ": ");
		document_write_text(&text, c->current);
		buf_append_text(&text, "\n");
	}
	buf_append_text(&text, c->count ? LIST_KEY ":\n" : LIST_KEY ": {}\n");
	for (size_t i = 0; i < c->count; i++)
		write_context(&c->items[i], &text);
	if (r == 0 && text.failed)
		r = error_set(err, ERR_EXHAUSTED, "%s would have more than %d bytes", c->path,
			      DOCUMENT_BYTES_MAX);
	if (r == 0)
		r = file_write_atomic(c->path, text.data, text.len, 0600, err);
	buf_fini(&text);
	return r;
}
