// SPDX-License-Identifier: Apache-2.0
/* webmesh.ext.v1.Enrollment.Renew: who has a certificate gets the next one. */
#include <string.h>

#include "daemon/api.h"
#include "daemon/issuance.h"
#include "daemon/now.h"
#include "ext/v1/enrollment.pb-c.h"
#include "store/commands.h"
#include "store/state_query.h"

static void answer(struct rpc_call *call, const struct issuance *i)
{
	Webmesh__Ext__V1__RenewResponse m = WEBMESH__EXT__V1__RENEW_RESPONSE__INIT;

	m.certificate_pem = i->issued.pem;
	rpc_reply(call, &m.base);
}

static void renewed(struct daemon *d, struct rpc_call *call, void *ctx, const struct error *outcome)
{
	struct issuance *i = ctx;

	(void)d;
	api_audit(call, "renew", i->record.node_id, outcome);
	if (outcome->kind == ERR_NONE)
		answer(call, i);
	else
		rpc_fail(call, outcome);
	issuance_free(i);
}

/* The earlier certificates stay good, for this answer may be lost; those that have expired may go. */
static int add(struct entry *e, const struct issuance *i, struct error *err)
{
	int r = command_forget_certificates(e, i->record.node_id, daemon_now(), err);

	return r < 0 ? r : command_put_certificate(e, &i->record, err);
}

/* Takes @i over when it succeeds. */
static int propose(struct daemon *d, struct rpc_call *call, struct issuance *i, struct error *err)
{
	struct certificate kept;
	struct entry *entry;
	int r = state_get_certificate_of(d->state, i->record.node_id, &kept, err);

	if (r < 0)
		return r;
	i->record.role = kept.role;
	entry = entry_new(NULL);
	if (!entry)
		return error_set(err, ERR_MEMORY, "no memory for a log entry");
	r = add(entry, i, err);
	if (r == 0)
		api_propose(d, call, entry, renewed, i);
	entry_free(entry);
	return r;
}

/* What it replaces stays good, and in the list. */
static int propose_admin(struct daemon *d, struct rpc_call *call, struct issuance *i,
			 struct error *err)
{
	struct admin_record admin = { .expires_at = i->record.expires_at };
	struct entry *entry = entry_new(NULL);
	int r = entry ? command_forget_admins(entry, daemon_now(), err)
		      : error_set(err, ERR_MEMORY, "no memory for a log entry");

	memcpy(admin.name, i->record.node_id, sizeof(admin.name));
	memcpy(admin.serial, i->record.serial, sizeof(admin.serial));
	if (r == 0)
		r = command_put_admin(entry, &admin, err);
	if (r == 0)
		api_propose(d, call, entry, renewed, i);
	entry_free(entry);
	return r;
}

/* Before all nodes can, nobody keeps what administrators have. */
static int renew(struct daemon *d, struct rpc_call *call, const char *csr_pem, struct error *err)
{
	const struct rpc_identity *who = rpc_call_identity(call);
	bool admin = who->kind == RPC_IDENTITY_ADMIN;
	struct issuance *i;
	int r = issuance_new(d, admin ? SUBJECT_ADMIN : SUBJECT_NODE, who->id, csr_pem, &i, err);

	if (r < 0)
		return r;
	if (admin && !state_has_admins(d->state)) {
		renewed(d, call, i, err);
		return 0;
	}
	r = admin ? propose_admin(d, call, i, err) : propose(d, call, i, err);
	if (r < 0)
		issuance_free(i);
	return r;
}

void api_renew(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__RenewRequest *q = (const Webmesh__Ext__V1__RenewRequest *)request;
	struct error err = { 0 };

	if (renew(user, call, q->csr_pem, &err) == 0)
		return;
	api_audit(call, "renew", rpc_call_identity(call)->id, &err);
	rpc_fail(call, &err);
}
