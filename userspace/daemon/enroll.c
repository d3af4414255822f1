// SPDX-License-Identifier: Apache-2.0
/* wgmeshd join TOKEN: a certificate for this node, from the mesh that made the token. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/identity.h"
#include "crypto/random.h"
#include "crypto/token.h"
#include "daemon/commands.h"
#include "daemon/node_files.h"
#include "daemon/settings_sources.h"
#include "ext/v1/enrollment.pb-c.h"
#include "model/node.h"
#include "rpc/client.h"

enum { TIMEOUT_MS = 15000, MEMBERS_MAX = 32 };

typedef Webmesh__Ext__V1__EnrollResponse enroll_response;

struct enrollment {
	struct settings settings;
	struct token token;
	char *ca_pem;		/* from the token: all that is believed */
	char *key_pem, *csr_pem;
	/* one and the same at every address: a use of the token is paid once */
	char request[33];
	const char *answered;	/* of the addresses, the one that was asked last */
};

static void enrollment_fini(struct enrollment *e)
{
	token_wipe(&e->token);
	identity_key_free(e->key_pem);
	free(e->csr_pem);
	free(e->ca_pem);
}

/* ---- asking ---- */

static int ask_one(struct enrollment *e, const char *address, enroll_response **ret,
		   struct error *err)
{
	const struct rpc_metadata name = { "wgmesh-request-id", e->request };
	const struct rpc_target target = { .service = &webmesh__ext__v1__enrollment__descriptor,
					   .method = "Enroll", .timeout_ms = TIMEOUT_MS,
					   .metadata = &name, .metadata_count = 1 };
	const struct rpc_channel_config config = { .address = address, .ca_pem = e->ca_pem };
	Webmesh__Ext__V1__EnrollRequest request = WEBMESH__EXT__V1__ENROLL_REQUEST__INIT;
	struct rpc_channel *channel;
	ProtobufCMessage *reply;
	int r = rpc_channel_new(&config, &channel, err);

	if (r < 0)
		return r;
	request.token_id = e->token.id;
	request.token_secret.data = e->token.secret;
	request.token_secret.len = sizeof(e->token.secret);
	request.node_id = e->settings.id;
	request.csr_pem = e->csr_pem;
	r = rpc_call_sync(channel, &target, &request.base, &reply, err);
	rpc_channel_free(channel);
	if (r == 0)
		*ret = (enroll_response *)reply;
	return r;
}

/* Only the leader enrols: each address of the token is asked until one does. */
static int ask(struct enrollment *e, enroll_response **ret, struct error *err)
{
	int r = error_set(err, ERR_INVALID, "the token names no address");

	snprintf(e->request, sizeof(e->request), "%016lx", (unsigned long)random_u64());
	for (size_t i = 0; i < e->token.address_count; i++) {
		e->answered = e->token.addresses[i];
		r = ask_one(e, e->answered, ret, err);
		if (r != -ERR_PRECONDITION && r != -ERR_UNAVAILABLE && r != -ERR_DEADLINE)
			break;
		fprintf(stderr, "wgmeshd: %s: %s\n", e->token.addresses[i], err->text);
	}
	return r;
}

/* ---- keeping the answer ---- */

/* One is kept of each member: of the family of the one that answered, or else the first. */
static const char *choose_address(const Webmesh__Ext__V1__Member *member, const char *answered)
{
	bool ipv6 = *answered == '[';

	for (size_t i = 0; i < member->n_grpc_addresses; i++)
		if ((*member->grpc_addresses[i] == '[') == ipv6)
			return member->grpc_addresses[i];
	return member->grpc_addresses[0];
}

static size_t copy_members(const enroll_response *reply, const char *answered,
			   struct local_member *members, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < reply->n_members && n < max; i++) {
		const Webmesh__Ext__V1__Member *from = reply->members[i];
		struct local_member *to = &members[n];

		if (!from->n_grpc_addresses || !node_id_valid(from->id))
			continue;
		*to = (struct local_member){ .voter = from->voter };
		snprintf(to->node_id, sizeof(to->node_id), "%s", from->id);
		snprintf(to->grpc_address, sizeof(to->grpc_address), "%s",
			 choose_address(from, answered));
		n++;
	}
	return n;
}

static int save_local(struct enrollment *e, const enroll_response *reply, struct error *err)
{
	struct local_member members[MEMBERS_MAX];
	size_t n = copy_members(reply, e->answered, members, sizeof(members) / sizeof(members[0]));
	struct local_store *local;
	int r;

	e->settings.voter = strcmp(reply->role, "voter") == 0;
	r = node_files_local(&e->settings, &local, err);
	if (r < 0)
		return r;
	r = local_store_set_members(local, members, n, err);
	local_store_close(local);
	return r;
}

static int save(struct enrollment *e, const enroll_response *reply, struct error *err)
{
	struct identity id;
	char path[PATH_MAX];
	int r = identity_init(&id, e->ca_pem, reply->certificate_pem, e->key_pem, err);

	if (r < 0)
		return error_prefix(err, "the certificate that came back");
	if (strcmp(id.info.subject.name, e->settings.id) != 0)
		r = error_set(err, ERR_INTERNAL, "the certificate that came back is %s's, not %s's",
			      id.info.subject.name, e->settings.id);
	if (r == 0)
		r = save_local(e, reply, err);
	if (r == 0)
		r = identity_save(&id, settings_path(&e->settings, "identity", path), err);
	identity_fini(&id);
	return r;
}

/* ---- the command ---- */

static int parse(struct enrollment *e, int argc, char **argv, struct error *err)
{
	struct settings *s = &e->settings;
	int rest, r = settings_parse(s, argc, argv, &rest, err);

	if (r < 0)
		return r;
	if (rest + 1 != argc)
		return error_set(err, ERR_INVALID, "join takes one token, and options");
	if (!node_id_valid(s->id))
		return error_set(err, ERR_INVALID,
				 "--id: \"%s\" must be 1 to 63 characters of a-z 0-9 - .", s->id);
	r = token_parse(argv[rest], &e->token, err);
	if (r == 0)
		r = cert_der_to_pem(e->token.ca_der, e->token.ca_der_len, &e->ca_pem, err);
	return r;
}

static int join(struct enrollment *e, int argc, char **argv, struct error *err)
{
	enroll_response *reply;
	int r = parse(e, argc, argv, err);

	if (r == 0)
		r = node_files_make(&e->settings, "identity", err);
	if (r == 0)
		r = node_files_check_new(&e->settings, err);
	if (r == 0)
		r = identity_request(&e->key_pem, &e->csr_pem, err);
	if (r == 0)
		r = ask(e, &reply, err);
	if (r < 0)
		return r;
	r = save(e, reply, err);
	protobuf_c_message_free_unpacked(&reply->base, NULL);
	return r;
}

int join_main(int argc, char **argv)
{
	struct enrollment e = { 0 };
	struct error err = { 0 };
	char start[PATH_MAX];
	int r;

	settings_init(&e.settings);
	r = join(&e, argc, argv, &err);
	if (r == 0)
		printf("%s may join mesh %s as %s\nstart it:        %s\n",
		       e.settings.id, e.token.mesh_id, e.settings.voter ? "a voter" : "an observer",
		       settings_start_command(&e.settings, start));
	enrollment_fini(&e);
	return r < 0 ? command_fail(&err) : EXIT_OK;
}
