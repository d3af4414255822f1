// SPDX-License-Identifier: Apache-2.0
/* wmctl certificate show|renew|export: the identity that this command shows to the mesh; list, revoke. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "crypto/pkcs12.h"
#include "crypto/random.h"
#include "ext/v1/enrollment.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/revocation.h"

#define USAGE "certificate show | renew | export FILE | list | revoke NAME [SERIAL]"

enum { PASSWORD_BYTES = 16 };

typedef Webmesh__Ext__V1__RenewResponse renew_response;

static const char *kind_of(const struct cert_info *info)
{
	return info->subject.kind == SUBJECT_ADMIN ? "admin" : "node";
}

static json_t *identity_json(const struct identity *id)
{
	const struct cert_info *info = &id->info;

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "mesh", info->subject.mesh_id, "kind",
			 kind_of(info), "name", info->subject.name, "serial", info->serial,
			 "not_before", (json_int_t)info->not_before,
			 "not_after", (json_int_t)info->not_after);
}

static void print_left(const struct identity *id)
{
	int64_t left = identity_expires_in(id, time(NULL));
	time_t end = id->info.not_after;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime(&end));
	if (left <= 0)
		printf("until    %s UTC: it has expired\n", text);
	else if (left < 2 * 86400)
		printf("until    %s UTC, %ld minutes from now\n", text, (long)left / 60);
	else
		printf("until    %s UTC, %ld days from now\n", text, (long)left / 86400);
}

static int show(const struct session *s)
{
	const struct cert_info *info = &s->identity.info;

	if (output_structured(s->format))
		return output_value(s->format, identity_json(&s->identity));
	printf("%-8s %s\nmesh     %s\nserial   %s\n", kind_of(info), info->subject.name,
	       info->subject.mesh_id, info->serial);
	print_left(&s->identity);
	return EXIT_OK;
}

/* ---- renew ---- */

static int save(struct session *s, const char *cert_pem, const char *key_pem, struct error *err)
{
	struct identity fresh;
	int r = identity_init(&fresh, s->identity.ca_pem, cert_pem, key_pem, err);

	if (r < 0)
		return error_prefix(err, "the certificate that came back");
	r = identity_save(&fresh, s->identity_path, err);
	if (r < 0) {
		identity_fini(&fresh);
		return r;
	}
	identity_fini(&s->identity);
	s->identity = fresh;
	return 0;
}

static int fetch(struct session *s, char *csr_pem, const char *key_pem, struct error *err)
{
	Webmesh__Ext__V1__RenewRequest request = WEBMESH__EXT__V1__RENEW_REQUEST__INIT;
	ProtobufCMessage *reply;
	int r;

	request.csr_pem = csr_pem;
	r = session_call_leader(s, &webmesh__ext__v1__enrollment__descriptor, "Renew", &request.base,
				&reply, err);
	if (r < 0)
		return r;
	r = save(s, ((const renew_response *)reply)->certificate_pem, key_pem, err);
	protobuf_c_message_free_unpacked(reply, NULL);
	return r;
}

static int renew(struct session *s, struct error *err)
{
	char *key, *csr;
	int r;

	if (s->identity.info.subject.kind != SUBJECT_ADMIN)
		return error_set(err, ERR_PRECONDITION,
				 "%s holds the identity of node %s, whose wgmeshd renews it: name an administrator's with --identity",
				 s->identity_path, s->identity.info.subject.name);
	r = identity_request(&key, &csr, err);
	if (r < 0)
		return r;
	r = fetch(s, csr, key, err);
	identity_key_free(key);
	free(csr);
	return r;
}

/* ---- export ---- */

/* A new password each time: what is made for one browser opens no other file. */
static int write_p12(const struct session *s, const char *file, const char *password,
		     struct error *err)
{
	const struct subject *who = &s->identity.info.subject;
	struct buf p12 = BUF_INIT(4 * CERT_PEM_MAX);
	char name[2 * SUBJECT_NAME_MAX];
	int r;

	snprintf(name, sizeof(name), "%s %s", who->name, who->mesh_id);
	r = pkcs12_encode(&s->identity, name, password, &p12, err);
	if (r == 0)
		r = file_write_atomic(file, p12.data, p12.len, 0600, err);
	buf_fini_secret(&p12);
	return r;
}

static int export(const struct session *s, const char *file, struct error *err)
{
	char password[2 * PASSWORD_BYTES + 1];
	uint8_t random[PASSWORD_BYTES];
	int r = random_bytes(random, sizeof(random), err);

	hex_format(random, sizeof(random), password);
	if (r == 0)
		r = write_p12(s, file, password, err);
	if (r == 0 && output_structured(s->format))
		r = output_value(s->format, json_pack("{s:s, s:s}", "file", file, "password",
						      password)) == EXIT_OK ? 0 : -ERR_IO;
	else if (r == 0)
		printf("%s, to be imported with the password %s\n", file, password);
	wipe(random, sizeof(random));
	wipe(password, sizeof(password));
	return r;
}

int certificate_main(struct session *s, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct error err = { 0 };

	if ((argc == 3 || argc == 4) && strcmp(verb, "revoke") == 0)
		return revocation_make(s, argv[2], argc > 3 ? argv[3] : NULL);
	if (argc == 3 && strcmp(verb, "export") == 0)
		return export(s, argv[2], &err) < 0 ? command_fail(&err) : EXIT_OK;
	if (argc == 2 && strcmp(verb, "list") == 0)
		return revocation_list(s);
	if (argc != 2 || (strcmp(verb, "show") != 0 && strcmp(verb, "renew") != 0))
		return command_usage(USAGE);
	if (strcmp(verb, "renew") == 0 && renew(s, &err) < 0)
		return command_fail(&err);
	return show(s);
}
