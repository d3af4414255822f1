// SPDX-License-Identifier: Apache-2.0
/*
 * wgmeshd admin NAME DIR: an identity for one more administrator, or for one whose certificate has
 * expired.  Whoever can read the authority's key could make it anyway; no daemon is asked.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "crypto/ca.h"
#include "daemon/commands.h"
#include "daemon/settings_sources.h"

struct request {
	struct settings settings;
	const char *name, *dir;
};

static int load_authority(const struct settings *s, struct ca **ret, struct error *err)
{
	char cert[PATH_MAX], key[PATH_MAX];
	int r = ca_load(settings_path(s, "identity/" IDENTITY_CA_FILE, cert),
			settings_path(s, "identity/" IDENTITY_CA_KEY_FILE, key), ret, err);

	if (r == -ERR_NOT_FOUND)
		return error_set(err, ERR_NOT_FOUND,
				 "%s has no authority's key: only voters have it, so do this on one of them",
				 s->state_dir);
	return r;
}

/* What another has there stays his. */
static int check_place(const struct request *q, const struct subject *subject, struct error *err)
{
	struct identity there;
	bool same;
	int r;

	if (mkdir(q->dir, 0700) == 0)
		return 0;
	r = identity_load(q->dir, &there, err);
	if (r < 0)
		return r == -ERR_NOT_FOUND ? 0 : r;
	same = there.info.subject.kind == subject->kind &&
	       strcmp(there.info.subject.name, subject->name) == 0 &&
	       strcmp(there.info.subject.mesh_id, subject->mesh_id) == 0;
	identity_fini(&there);
	return same ? 0 : error_set(err, ERR_EXISTS,
				    "%s holds another identity: name a folder for this one", q->dir);
}

static int save(const struct request *q, const struct ca *ca, struct error *err)
{
	struct subject subject;
	struct identity id;
	int r;

	if (!subject_init(&subject, SUBJECT_ADMIN, ca_mesh_id(ca), q->name))
		return error_set(err, ERR_INVALID,
				 "\"%.80s\" must be 1 to 63 characters of a-z 0-9 - .", q->name);
	r = check_place(q, &subject, err);
	if (r == 0)
		r = ca_make_identity(ca, &subject, time(NULL), ADMIN_SECONDS, &id, err);
	if (r < 0)
		return r;
	r = identity_save(&id, q->dir, err);
	identity_fini(&id);
	return r;
}

static int make(struct request *q, int argc, char **argv, struct error *err)
{
	struct ca *ca;
	int rest, r = settings_parse(&q->settings, argc, argv, &rest, err);

	if (r < 0)
		return r;
	if (rest + 2 != argc)
		return error_set(err, ERR_INVALID,
				 "admin takes a name and a folder, and options");
	q->name = argv[rest];
	q->dir = argv[rest + 1];
	r = load_authority(&q->settings, &ca, err);
	if (r < 0)
		return r;
	r = save(q, ca, err);
	ca_free(ca);
	return r;
}

int admin_main(int argc, char **argv)
{
	struct request q = { 0 };
	struct error err = { 0 };

	settings_init(&q.settings);
	if (make(&q, argc, argv, &err) < 0)
		return command_fail(&err);
	printf("%s may administer the mesh:  wmctl --identity %s status\n", q.name, q.dir);
	return EXIT_OK;
}
