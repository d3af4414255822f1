// SPDX-License-Identifier: Apache-2.0
/* wgmeshd run: the settings that were told here, over those of init or join, then the daemon. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/commands.h"
#include "daemon/daemon.h"
#include "daemon/node_files.h"
#include "daemon/settings_sources.h"

static int load(struct daemon *d, int argc, char **argv, struct error *err)
{
	struct settings *s = &d->settings;
	char path[PATH_MAX];
	int rest, r = settings_parse(s, argc, argv, &rest, err);

	if (r < 0)
		return r;
	if (rest != argc)
		return error_set(err, ERR_INVALID, "run takes options only, not \"%s\"",
				 argv[rest]);
	if (access(settings_path(s, "local.db", path), F_OK) < 0)
		return error_set(err, ERR_NOT_FOUND,
				 "%s belongs to no node: run wgmeshd init or wgmeshd join first",
				 s->state_dir);
	r = local_store_open(path, &d->local, err);
	if (r == 0)
		r = settings_load(s, d->local, err);
	return r;
}

static bool is_founder(struct daemon *d)
{
	char *text;

	if (local_store_get_text(d->local, NODE_FILES_FOUNDER, &text, NULL) < 0)
		return false;
	free(text);
	return true;
}

int run_main(int argc, char **argv)
{
	struct daemon d = { 0 };
	struct error err = { 0 };
	int code;

	settings_init(&d.settings);
	if (load(&d, argc, argv, &err) < 0) {
		local_store_close(d.local);
		return command_fail(&err);
	}
	d.argc = argc;
	d.argv = argv;
	d.founder = is_founder(&d);
	code = daemon_run(&d);
	local_store_close(d.local);
	return code;
}
