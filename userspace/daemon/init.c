// SPDX-License-Identifier: Apache-2.0
/* wgmeshd init: the mesh's authority, the founder's identity and an administrator's. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/ca.h"
#include "crypto/digest.h"
#include "crypto/identity.h"
#include "crypto/random.h"
#include "daemon/commands.h"
#include "daemon/node_files.h"
#include "daemon/settings_sources.h"
#include "model/node.h"

static int certify(const struct settings *s, const struct ca *ca, enum subject_kind kind,
		   const char *name, struct identity *ret, struct error *err)
{
	uint32_t seconds = kind == SUBJECT_NODE ? s->certificate_seconds : ADMIN_SECONDS;
	struct subject subject;

	if (!subject_init(&subject, kind, ca_mesh_id(ca), name))
		return error_set(err, ERR_INVALID, "\"%s\" fits no certificate", name);
	return ca_make_identity(ca, &subject, time(NULL), seconds, ret, err);
}

static int save_identity(const struct settings *s, const struct ca *ca, enum subject_kind kind,
			 const char *name, const char *folder, struct error *err)
{
	char path[PATH_MAX];
	struct identity id;
	int r = node_files_make(s, folder, err);

	if (r == 0)
		r = certify(s, ca, kind, name, &id, err);
	if (r < 0)
		return r;
	r = identity_save(&id, settings_path(s, folder, path), err);
	identity_fini(&id);
	return r;
}

/* The founder's identity is written last: with it the folder counts as a node's. */
static int make_identities(const struct settings *s, const struct ca *ca, struct error *err)
{
	char cert[PATH_MAX], key[PATH_MAX];
	int r = save_identity(s, ca, SUBJECT_ADMIN, "admin", "admin", err);

	if (r == 0)
		r = node_files_make(s, "identity", err);
	if (r == 0)
		r = ca_save(ca, settings_path(s, "identity/" IDENTITY_CA_FILE, cert),
			    settings_path(s, "identity/" IDENTITY_CA_KEY_FILE, key), err);
	return r < 0 ? r : save_identity(s, ca, SUBJECT_NODE, s->id, "identity", err);
}

static int make_local(const struct settings *s, struct error *err)
{
	struct local_store *local;
	int r = node_files_local(s, &local, err);

	if (r < 0)
		return r;
	r = local_store_set_text(local, NODE_FILES_FOUNDER, "yes", err);
	local_store_close(local);
	return r;
}

static int make_mesh(const struct settings *s, char mesh_id[SUBJECT_NAME_MAX], struct error *err)
{
	uint8_t random[8];
	struct ca *ca;
	int r = random_bytes(random, sizeof(random), err);

	if (r < 0)
		return r;
	hex_format(random, sizeof(random), mesh_id);
	r = ca_new(mesh_id, time(NULL), &ca, err);
	if (r < 0)
		return r;
	ca_set_domain(ca, s->domain);
	r = make_local(s, err);
	if (r == 0)
		r = make_identities(s, ca, err);
	ca_free(ca);
	return r;
}

static int init(int argc, char **argv, struct settings *s, char *mesh_id, struct error *err)
{
	int rest, r = settings_parse(s, argc, argv, &rest, err);

	if (r < 0)
		return r;
	if (rest != argc)
		return error_set(err, ERR_INVALID, "init takes options only, not \"%s\"",
				 argv[rest]);
	if (!node_id_valid(s->id))
		return error_set(err, ERR_INVALID,
				 "--id: \"%s\" must be 1 to 63 characters of a-z 0-9 - .", s->id);
	r = node_files_make(s, "identity", err);
	if (r == 0)
		r = node_files_check_new(s, err);
	return r < 0 ? r : make_mesh(s, mesh_id, err);
}

int init_main(int argc, char **argv)
{
	char mesh_id[SUBJECT_NAME_MAX], start[PATH_MAX];
	struct error err = { 0 };
	struct settings s;

	settings_init(&s);
	s.voter = true;
	if (init(argc, argv, &s, mesh_id, &err) < 0)
		return command_fail(&err);
	printf("mesh %s founded by %s in %s\n"
	       "start it:        %s\n"
	       "let others in:   wmctl --state-dir %s token create --role voter\n",
	       mesh_id, s.id, s.state_dir, settings_start_command(&s, start), s.state_dir);
	return EXIT_OK;
}
