// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_files.h"
#include "daemon/settings_sources.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/identity.h"
#include "crypto/keypair.h"

static int make_dir(const char *path, struct error *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make the folder %s", path);
	return 0;
}

int node_files_make(const struct settings *s, const char *sub, struct error *err)
{
	char path[PATH_MAX];
	int r = make_dir(s->state_dir, err);

	return r < 0 ? r : make_dir(settings_path(s, sub, path), err);
}

int node_files_check_new(const struct settings *s, struct error *err)
{
	char path[PATH_MAX];

	if (access(settings_path(s, "identity/" IDENTITY_NODE_FILE, path), F_OK) == 0)
		return error_set(err, ERR_EXISTS,
				 "%s belongs to a node already: start it with wgmeshd run, or take another --state-dir",
				 s->state_dir);
	return 0;
}

static int fill(const struct settings *s, struct local_store *local, struct error *err)
{
	struct local_key key = { 0 };
	struct key public;
	int r = keypair_generate(&key.private_key, &public, err);

	if (r == 0)
		r = local_store_set_key(local, &key, err);
	key_wipe(&key.private_key);
	if (r == 0)
		r = local_store_set_text(local, LOCAL_NODE_ID, s->id, err);
	return r < 0 ? r : settings_save(s, local, err);
}

int node_files_local(const struct settings *s, struct local_store **ret, struct error *err)
{
	struct local_store *local;
	char path[PATH_MAX];
	int r = local_store_open(settings_path(s, "local.db", path), &local, err);

	if (r < 0)
		return r;
	r = fill(s, local, err);
	if (r < 0)
		local_store_close(local);
	else
		*ret = local;
	return r;
}
