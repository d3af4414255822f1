// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings_sources.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/document.h"
#include "config/nearest.h"
#include "daemon/setting_kind.h"
#include "store/local_store.h"

#define SAVED_FILE "settings.yaml"

enum { NAME_MAX_BYTES = 64, HELP_COLUMN = 25, HELP_WIDTH = 98 };

static const char *suggestion(const char *typed)
{
	const char *best = NULL;

	for (int i = 0; i < SETTINGS_COUNT; i++)
		nearest_consider(typed, settings_table[i].name, &best);
	return best;
}

/* ---- the command line ---- */

/* getopt gives back the row's number behind these. */
enum { OPT_CONFIG = 256, OPT_ROW };

static void fill_options(struct option options[SETTINGS_COUNT + 2])
{
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *t = &settings_table[i];

		options[i] = (struct option){ t->name,
			t->bare ? optional_argument : required_argument, NULL, OPT_ROW + i };
	}
	options[SETTINGS_COUNT] = (struct option){ "config", required_argument, NULL, OPT_CONFIG };
	options[SETTINGS_COUNT + 1] = (struct option){ 0 };
}

static int set_file(struct settings *s, const char *path, struct error *err)
{
	if (strlen(path) >= sizeof(s->file))
		return error_set(err, ERR_INVALID,
				 "the path of the configuration file is too long");
	memcpy(s->file, path, strlen(path) + 1);
	return 0;
}

static int wrong_option(int option, const char *word, struct error *err)
{
	const char *near = suggestion(word + strspn(word, "-"));

	if (option == ':')
		return error_set(err, ERR_INVALID, "%s: a value is missing; see --help", word);
	if (near)
		return error_set(err, ERR_INVALID,
				 "%s: unknown option, did you mean --%s? see --help",
				 word, near);
	return error_set(err, ERR_INVALID, "%s: unknown option; see --help", word);
}

static int tell_option(struct settings *s, int option, const char *value, struct error *err)
{
	int row = option - OPT_ROW;
	int r = settings_tell(s, row, value ?: "on", ORIGIN_FLAG, 0, err);

	return r < 0 ? error_prefix(err, "--%s", settings_table[row].name) : 0;
}

/* *@ret_named: the command line names a configuration file, which is in @s then. */
static int parse_options(struct settings *s, int argc, char **argv, bool *ret_named, int *ret_rest,
			 struct error *err)
{
	struct option options[SETTINGS_COUNT + 2];
	int option, r = 0;

	fill_options(options);
	optind = 0;
	opterr = 0;
	while (r == 0 && (option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == OPT_CONFIG) {
			*ret_named = true;
			r = set_file(s, optarg, err);
		} else if (option >= OPT_ROW) {
			r = tell_option(s, option, optarg, err);
		} else {
			r = wrong_option(option, argv[optind - 1], err);
		}
	}
	if (r == 0)
		*ret_rest = optind;
	return r;
}

/* ---- the environment ---- */

static const char *variable(const char *name, char out[NAME_MAX_BYTES])
{
	size_t n = (size_t)snprintf(out, NAME_MAX_BYTES, "WGMESH_%s", name);

	for (size_t i = 0; i < n; i++)
		out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
	return out;
}

static int parse_environment(struct settings *s, struct error *err)
{
	char name[NAME_MAX_BYTES];

	for (int i = 0; i < SETTINGS_COUNT; i++) {
		const char *value = getenv(variable(settings_table[i].name, name));

		if (value && *value && settings_tell(s, i, value, ORIGIN_ENVIRONMENT, 0, err) < 0)
			return error_prefix(err, "$%s", name);
	}
	return 0;
}

/* ---- files ---- */

static int tell_scalar(struct settings *s, const struct document *d, int row,
		       const struct document_value *v, enum settings_origin origin,
		       struct error *err)
{
	const struct setting *t = &settings_table[row];
	struct error why = { 0 };

	if (v->kind != DOCUMENT_SCALAR)
		return document_error(d, &v->at, err, "%s: takes %s, not a list or a map", t->name,
				      t->takes);
	if (settings_tell(s, row, v->text, origin, v->at.line, &why) < 0)
		return document_error(d, &v->at, err, "%s: %s", t->name, why.text);
	return 0;
}

static int tell_entry(struct settings *s, const struct document *d,
		      const struct document_value *v, enum settings_origin origin,
		      struct error *err)
{
	int row = settings_lookup(v->key), r = 0;
	const char *near = suggestion(v->key);

	if (row < 0 && near)
		return document_error(d, &v->key_at, err,
				      "there is no setting \"%s\": did you mean %s?",
				      v->key, near);
	if (row < 0)
		return document_error(d, &v->key_at, err,
				      "there is no setting \"%s\": wgmeshd --help lists them",
				      v->key);
	if (v->kind != DOCUMENT_LIST || !setting_is_list(&settings_table[row]))
		return tell_scalar(s, d, row, v, origin, err);
	if (!v->first)
		return settings_tell(s, row, "none", origin, v->at.line, err);
	for (v = v->first; r == 0 && v; v = v->next)
		r = tell_scalar(s, d, row, v, origin, err);
	return r;
}

static int tell_document(struct settings *s, const struct document *d,
			 enum settings_origin origin, struct error *err)
{
	const struct document_value *root = document_root(d);
	int r = 0;

	if (!root)
		return 0;
	if (root->kind != DOCUMENT_MAP)
		return document_error(d, &root->at, err,
				      "settings are lines of the form \"name: value\"");
	for (const struct document_value *v = root->first; r == 0 && v; v = v->next)
		r = tell_entry(s, d, v, origin, err);
	return r;
}

static int read_settings(struct settings *s, const char *path, enum settings_origin origin,
			 struct error *err)
{
	struct document *d;
	int r = document_read(path, &d, err);

	if (r < 0)
		return r;
	r = tell_document(s, d, origin, err);
	document_free(d);
	return r;
}

int settings_read_file(struct settings *s, const char *path, struct error *err)
{
	int r = set_file(s, path, err);

	return r < 0 ? r : read_settings(s, path, ORIGIN_FILE, err);
}

/* An empty name means none; the usual one may be absent. */
static int parse_file(struct settings *s, bool named, struct error *err)
{
	const char *path = named ? s->file : getenv("WGMESH_CONFIG");
	struct error why = { 0 };
	int r;

	if (path) {
		r = set_file(s, path, err);
		return r < 0 || !*path ? r : read_settings(s, s->file, ORIGIN_FILE, err);
	}
	r = settings_read_file(s, SETTINGS_FILE, &why);
	if (r == -ERR_NOT_FOUND) {
		s->file[0] = 0;
		return 0;
	}
	return r < 0 ? error_set(err, why.kind, "%s", why.text) : 0;
}

int settings_parse(struct settings *s, int argc, char **argv, int *ret_rest, struct error *err)
{
	bool named = false;
	int rest, r = parse_options(s, argc, argv, &named, &rest, err);

	if (r == 0)
		r = parse_environment(s, err);
	if (r == 0)
		r = parse_file(s, named, err);
	if (r == 0)
		*ret_rest = rest;
	return r;
}

/* ---- what is kept in the state folder ---- */

bool settings_print(const struct settings *s, int row, struct buf *out)
{
	struct buf value = BUF_INIT(SETTINGS_VALUE_MAX);

	settings_format(s, row, &value);
	buf_printf(out, "%s: ", settings_table[row].name);
	document_write_text(out, buf_text(&value));
	out->failed |= value.failed;
	buf_fini(&value);
	return !out->failed;
}

/* What the configuration file says is at home there: it can be taken away again. */
static bool is_kept(const struct settings *s, int row)
{
	enum settings_origin origin = s->told[row].origin;

	return origin == ORIGIN_FLAG || origin == ORIGIN_ENVIRONMENT || origin == ORIGIN_SAVED ||
	       settings_table[row].kind == SETTING_ID;
}

static int save_file(const struct settings *s, struct error *err)
{
	struct buf text = BUF_INIT(DOCUMENT_BYTES_MAX);
	char path[PATH_MAX];
	int r;

	buf_append_text(&text, "# What wgmeshd init or join was told.  The configuration file, the "
			"environment and options\n# go before it: see wgmeshd config show.\n");
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		if (is_kept(s, i) && strcmp(settings_table[i].name, "state-dir") != 0) {
			settings_print(s, i, &text);
			buf_append_text(&text, "\n");
		}
	}
	if (text.failed)
		r = error_set(err, ERR_MEMORY, "no memory for the settings");
	else
		r = file_write_atomic(settings_path(s, SAVED_FILE, path), text.data, text.len, 0600,
				      err);
	buf_fini(&text);
	return r;
}

int settings_save(const struct settings *s, struct local_store *local, struct error *err)
{
	int r = save_file(s, err);

	if (r == 0)
		r = local_store_set_text(local, LOCAL_ROLE, s->voter ? "voter" : "observer", err);
	return r;
}

int settings_load_file(struct settings *s, struct error *err)
{
	char path[PATH_MAX];

	return read_settings(s, settings_path(s, SAVED_FILE, path), ORIGIN_SAVED, err);
}

/* ---- what releases before the file have kept: lines "option=value" in the local database ---- */

#define OLD_NAME "settings"

static int load_line(struct settings *s, char *line, struct error *err)
{
	char *value = strchr(line, '=');
	int row;

	if (!value)
		return error_set(err, ERR_CORRUPT, "the saved settings have a line without \"=\"");
	*value++ = 0;
	row = settings_lookup(line);
	if (row < 0)
		return error_set(err, ERR_CORRUPT, "the saved settings have an unknown \"%s\"",
				 line);
	return settings_tell(s, row, *value ? value : "on", ORIGIN_SAVED, 0, err);
}

/* Into settings of their own: what this run is told besides is not to be kept. */
static int load_old(struct settings *s, struct local_store *local, struct error *err)
{
	struct settings old;
	char *text, *line, *rest;
	int r = local_store_get_text(local, OLD_NAME, &text, err);

	if (r < 0)
		return r;
	settings_init(&old);
	memcpy(old.state_dir, s->state_dir, sizeof(old.state_dir));
	rest = text;
	while (r == 0 && (line = strsep(&rest, "\n")))
		if (*line)
			r = load_line(&old, line, err);
	free(text);
	if (r == 0)
		r = save_file(&old, err);
	return r < 0 ? r : settings_load_file(s, err);
}

int settings_load(struct settings *s, struct local_store *local, struct error *err)
{
	char *role;
	int r = settings_load_file(s, err);

	if (r == -ERR_NOT_FOUND)
		r = load_old(s, local, err);
	if (r == 0)
		r = local_store_get_text(local, LOCAL_ROLE, &role, err);
	if (r < 0)
		return r;
	s->voter = strcmp(role, "voter") == 0;
	free(role);
	return 0;
}

/* ---- for people ---- */

char *settings_origin(const struct settings *s, int row, char out[SETTINGS_ORIGIN_TEXT_MAX])
{
	const char *name = settings_table[row].name;
	char text[PATH_MAX];

	switch (s->told[row].origin) {
	case ORIGIN_FLAG:
		snprintf(out, SETTINGS_ORIGIN_TEXT_MAX, "--%s", name);
		break;
	case ORIGIN_ENVIRONMENT:
		snprintf(out, SETTINGS_ORIGIN_TEXT_MAX, "$%s", variable(name, text));
		break;
	case ORIGIN_FILE:
		snprintf(out, SETTINGS_ORIGIN_TEXT_MAX, "%s:%u", s->file, s->told[row].line);
		break;
	case ORIGIN_SAVED:
		snprintf(out, SETTINGS_ORIGIN_TEXT_MAX, "%s:%u", settings_path(s, SAVED_FILE, text),
			 s->told[row].line);
		break;
	default:
		snprintf(out, SETTINGS_ORIGIN_TEXT_MAX, "default");
	}
	return out;
}

/* Words of @text from HELP_COLUMN on, in lines of HELP_WIDTH; the first one stands at @at. */
static void print_wrapped(FILE *out, const char *text, int at)
{
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > HELP_COLUMN && at + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			at = HELP_COLUMN;
		}
		at += fprintf(out, "%s%.*s", at > HELP_COLUMN ? " " : "", len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const char *name, const char *takes, const char *help)
{
	int at = fprintf(out, "  --%s%s%s", name, *takes ? " " : "", takes);

	if (at >= HELP_COLUMN)
		at = fprintf(out, "\n") - 1;
	fprintf(out, "%*s", HELP_COLUMN - at, "");
	print_wrapped(out, help, HELP_COLUMN);
}

void settings_print_help(FILE *out)
{
	struct settings defaults;
	char help[512];

	settings_init(&defaults);
	print_option(out, "config", "FILE",
		     "the configuration file (" SETTINGS_FILE ", if there is one)");
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *t = &settings_table[i];
		struct buf value = BUF_INIT(SETTINGS_VALUE_MAX);

		settings_format(&defaults, i, &value);
		snprintf(help, sizeof(help), "%s (%s)", t->help, t->otherwise ?: buf_text(&value));
		print_option(out, t->name, t->bare ? "" : t->takes, help);
		buf_fini(&value);
	}
	fputs("\n"
	      "Each is a line \"name: value\" of the configuration file, too, and a variable of\n"
	      "the environment: $WGMESH_GRPC_PORT. Options go before variables, these before\n"
	      "the file, and the file before what init or join was told.\n", out);
}
