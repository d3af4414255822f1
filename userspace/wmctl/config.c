// SPDX-License-Identifier: Apache-2.0
/* wmctl config get-contexts|current-context|use-context|set-context|delete-context. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "wmctl/command.h"
#include "wmctl/contexts.h"

#define USAGE "config get-contexts | current-context | use-context NAME | delete-context NAME | " \
	      "set-context NAME [--address HOST:PORT] [--identity DIR] [--state-dir DIR] " \
	      "[--timeout SECONDS]"

/* ---- telling ---- */

static json_t *context_json(const struct contexts *c, const struct context *item)
{
	json_t *o = json_pack("{s:s, s:b}", "name", item->name, "current",
			      strcmp(c->current, item->name) == 0);

	for (int i = 0; o && i < CONTEXT_FIELDS; i++)
		json_object_set_new(o, i == CONTEXT_STATE_DIR
				    ? "state_dir" : context_field_names[i],
				    json_string(item->fields[i] ?: ""));
	return o;
}

static int print_json(const struct session *s, const struct contexts *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->count; i++)
		json_array_append_new(list, context_json(c, &c->items[i]));
	return output_value(s->format, list);
}

enum { COLUMNS = 2 + CONTEXT_FIELDS };

static int get_contexts(struct session *s, struct contexts *c)
{
	const char *cells[(CONTEXTS_MAX + 1) * COLUMNS] = { "CURRENT", "NAME", "ADDRESS",
							    "IDENTITY",
							    "STATE-DIR", "TIMEOUT" };

	if (output_structured(s->format))
		return print_json(s, c);
	for (size_t i = 0; i < c->count; i++) {
		const struct context *item = &c->items[i];
		const char **row = cells + (i + 1) * COLUMNS;

		row[0] = strcmp(c->current, item->name) == 0 ? "*" : " ";
		row[1] = item->name;
		for (int f = 0; f < CONTEXT_FIELDS; f++)
			row[2 + f] = item->fields[f] ?: "";
	}
	output_table(stdout, cells, c->count + 1, COLUMNS);
	return EXIT_OK;
}

static int current_context(struct session *s, struct contexts *c)
{
	struct error err = { 0 };
	struct context *item;

	if (contexts_get(c, NULL, &item, &err) < 0)
		return command_fail(&err);
	if (output_structured(s->format))
		return output_value(s->format, context_json(c, item));
	puts(item->name);
	return EXIT_OK;
}

/* ---- changing ---- */

static int save(struct session *s, const struct contexts *c, const char *name, const char *done)
{
	struct error err = { 0 };

	if (contexts_save(c, &err) < 0)
		return command_fail(&err);
	if (!output_structured(s->format))
		printf("%s %s\n", name, done);
	return EXIT_OK;
}

static int use_context(struct session *s, struct contexts *c, const char *name)
{
	struct error err = { 0 };
	struct context *item;

	if (contexts_get(c, name, &item, &err) < 0)
		return command_fail(&err);
	memcpy(c->current, item->name, sizeof(c->current));
	return save(s, c, name, "is the current context");
}

static int delete_context(struct session *s, struct contexts *c, const char *name)
{
	struct error err = { 0 };
	struct context *item;

	if (contexts_get(c, name, &item, &err) < 0)
		return command_fail(&err);
	contexts_remove(c, item);
	return save(s, c, name, "is deleted");
}

/* The first context that somebody makes is the one that is meant. */
static int set_context(struct session *s, struct contexts *c, int argc, char **argv)
{
	struct option options[CONTEXT_FIELDS + 1] = { 0 };
	struct context *item;
	struct error err = { 0 };
	const char *name;
	int option;

	for (int i = 0; i < CONTEXT_FIELDS; i++)
		options[i] = (struct option){ context_field_names[i], required_argument, NULL,
					      256 + i };
	name = argc > 1 ? argv[1] : "";
	item = contexts_lookup(c, name);
	if (!item && contexts_add(c, name, &item, &err) < 0)
		return command_fail(&err);
	optind = opterr = 0;
	while ((option = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1) {
		if (option < 256)
			return command_usage(USAGE);
		if (context_set(item, (enum context_field)(option - 256), optarg, &err) < 0)
			return command_fail(&err);
	}
	if (optind != argc - 1)
		return command_usage(USAGE);
	if (c->count == 1 && !*c->current)
		memcpy(c->current, item->name, sizeof(c->current));
	return save(s, c, name, "is set");
}

static int run(struct session *s, struct contexts *c, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(verb, "get-contexts") == 0)
		return get_contexts(s, c);
	if (argc == 2 && strcmp(verb, "current-context") == 0)
		return current_context(s, c);
	if (argc == 3 && strcmp(verb, "use-context") == 0)
		return use_context(s, c, argv[2]);
	if (argc == 3 && strcmp(verb, "delete-context") == 0)
		return delete_context(s, c, argv[2]);
	if (argc >= 3 && strcmp(verb, "set-context") == 0)
		return set_context(s, c, argc - 1, argv + 1);
	return command_usage(USAGE);
}

int config_main(struct session *s, int argc, char **argv)
{
	struct contexts *c;
	struct error err = { 0 };
	int code;

	if (contexts_load(&c, &err) < 0)
		return command_fail(&err);
	code = run(s, c, argc, argv);
	contexts_free(c);
	return code;
}
