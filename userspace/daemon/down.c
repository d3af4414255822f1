// SPDX-License-Identifier: Apache-2.0
/* wgmeshd down: device, addresses, routes and peers that a stopped daemon has left standing go. */
#include <stdio.h>
#include <unistd.h>

#include "daemon/commands.h"
#include "daemon/settings_sources.h"
#include "dataplane/dataplane.h"
#include "store/local_store.h"

/* A data plane is taken over before it is removed: that is how a backend knows what is its own. */
static int take_down(const struct settings *s, struct local_store *local, struct error *err)
{
	struct dataplane_config config = { .backend = s->backend, .ifname = s->device,
					   .listen_port = s->wireguard_port };
	struct dataplane *dataplane;
	struct local_key key;
	int r = local_store_get_key(local, &key, err);

	if (r < 0)
		return r;
	config.private_key = key.private_key;
	r = dataplane_open(&config, &dataplane, err);
	key_wipe(&key.private_key);
	key_wipe(&config.private_key);
	return r < 0 ? r : dataplane_remove(dataplane, err);
}

static int down(struct settings *s, int argc, char **argv, struct error *err)
{
	struct local_store *local;
	char path[PATH_MAX];
	int rest, r = settings_parse(s, argc, argv, &rest, err);

	if (r < 0)
		return r;
	if (rest != argc)
		return error_set(err, ERR_INVALID, "down takes options only, not \"%s\"",
				 argv[rest]);
	if (access(settings_path(s, "local.db", path), F_OK) < 0)
		return error_set(err, ERR_NOT_FOUND, "%s belongs to no node", s->state_dir);
	r = local_store_open(path, &local, err);
	if (r < 0)
		return r;	/* a daemon that runs would put back what is taken away */
	r = settings_load(s, local, err);
	if (r == 0)
		r = take_down(s, local, err);
	local_store_close(local);
	return r;
}

int down_main(int argc, char **argv)
{
	struct error err = { 0 };
	struct settings s;

	settings_init(&s);
	if (down(&s, argc, argv, &err) < 0)
		return command_fail(&err);
	printf("%s is down\n", s.device);
	return EXIT_OK;
}
