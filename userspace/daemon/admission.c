// SPDX-License-Identifier: Apache-2.0
#include "daemon/admission.h"

#include <string.h>

#include "base/log.h"
#include "store/state_query.h"

/* Whoever has this node's own key needs no state to be believed. */
static int check_node(struct daemon *d, const char *id, struct error *err)
{
	struct certificate cert;
	struct mesh mesh;
	int r;

	if (strcmp(id, d->settings.id) == 0)
		return 0;
	if (state_get_mesh(d->state, &mesh, NULL) == -ERR_NOT_FOUND)
		return error_set(err, ERR_UNAVAILABLE,
				 "%s has not heard of its mesh yet: try again in a few seconds",
				 d->settings.id);
	r = state_get_certificate_of(d->state, id, &cert, err);
	return r == -ERR_NOT_FOUND
		? error_set(err, ERR_DENIED, "%s was taken out of the mesh; it needs a new token", id)
		: r;
}

/* The serial number is dear, and wanted only of him whose others are revoked. */
static int check_admin(struct daemon *d, struct rpc_call *call, const char *name, struct error *err)
{
	if (!revoked_admins_know(&d->revoked, name) ||
	    !revoked_admins_have(&d->revoked, name, rpc_call_serial(call)))
		return 0;
	return error_set(err, ERR_DENIED,
			 "the certificate of administrator %s is revoked: wgmeshd admin on a voter makes another, by a name that is not",
			 name);
}

int admission_check(struct daemon *d, struct rpc_call *call, struct error *err)
{
	const struct rpc_identity *who = rpc_call_identity(call);

	if (who->kind == RPC_IDENTITY_NODE)
		return check_node(d, who->id, err);
	return who->kind == RPC_IDENTITY_ADMIN ? check_admin(d, call, who->id, err) : 0;
}

/* Those of nodes end with the word of it: see api_follow_removed(). */
static int may_go_on(struct rpc_call *call, void *user, struct error *err)
{
	const struct rpc_identity *who = rpc_call_identity(call);

	return who->kind == RPC_IDENTITY_ADMIN ? check_admin(user, call, who->id, err) : 0;
}

void admission_review(struct daemon *d)
{
	struct error err = { 0 };
	int r = revoked_admins_load(&d->revoked, d->state, &err);

	if (r < 0)
		log_warn("revocations-not-read", "reason=\"%s\"", log_text(err.text));
	else if (r > 0 && d->server)
		rpc_server_review(d->server, may_go_on);
}

bool admission_serial_of(const char *cert_pem, char ret[RPC_SERIAL_MAX])
{
	struct cert_info info;

	if (cert_inspect(cert_pem, &info, NULL) < 0)
		return false;
	_Static_assert(sizeof(info.serial) <= RPC_SERIAL_MAX, "a serial number fits");
	memcpy(ret, info.serial, sizeof(info.serial));
	return true;
}
