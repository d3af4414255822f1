// SPDX-License-Identifier: Apache-2.0
/* wgmeshd config check [FILE] | show: what the configuration file says, and what holds. */
#include <stdio.h>
#include <string.h>

#include "daemon/commands.h"
#include "daemon/settings_sources.h"
#include "daemon/turn.h"

#define USAGE "wgmeshd config check [FILE] | wgmeshd config show [OPTION…]"

static int parse_all(struct settings *s, int argc, char **argv, struct error *err)
{
	int rest, r;

	settings_init(s);
	r = settings_parse(s, argc, argv, &rest, err);
	if (r == 0 && rest != argc)
		r = error_set(err, ERR_INVALID, "config %s takes options only, not \"%s\"", argv[0],
			      argv[rest]);
	return r;
}

/* With a file it alone is looked at; without, what a daemon that starts now would read. */
static int check(int argc, char **argv)
{
	struct error err = { 0 };
	struct settings s;
	int r;

	settings_init(&s);
	if (argc == 2 && *argv[1] != '-')
		r = settings_read_file(&s, argv[1], &err);
	else
		r = parse_all(&s, argc, argv, &err);
	if (r == 0)
		r = turn_check(&s, &err);
	if (r < 0)
		return command_fail(&err);
	if (*s.file)
		printf("%s: ok\n", s.file);
	else
		printf("no configuration file: there is no " SETTINGS_FILE ", and none is named\n");
	return EXIT_OK;
}

/* A file that would say the same, with the origin of each line behind it. */
static int print(const struct settings *s)
{
	char origin[SETTINGS_ORIGIN_TEXT_MAX];
	struct error err = { 0 };

	for (int i = 0; i < SETTINGS_COUNT; i++) {
		struct buf line = BUF_INIT(SETTINGS_VALUE_MAX);

		if (!settings_print(s, i, &line)) {
			buf_fini(&line);
			error_set(&err, ERR_MEMORY, "no memory for the settings");
			return command_fail(&err);
		}
		printf("%-36s # %s\n", buf_text(&line), settings_origin(s, i, origin));
		buf_fini(&line);
	}
	return EXIT_OK;
}

static int show(int argc, char **argv)
{
	struct error err = { 0 };
	struct settings s;
	int r = parse_all(&s, argc, argv, &err);

	if (r == 0)
		r = settings_load_file(&s, &err);
	if (r < 0 && r != -ERR_NOT_FOUND)
		return command_fail(&err);
	return print(&s);
}

int config_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "check") == 0)
		return check(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "show") == 0)
		return show(argc - 1, argv + 1);
	fprintf(stderr, "usage: " USAGE "\n");
	return EXIT_USAGE;
}
