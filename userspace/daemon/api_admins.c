// SPDX-License-Identifier: Apache-2.0
/* webmesh.ext.v1.Admins: administrators' certificates, and whose are believed no more. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api.h"
#include "daemon/now.h"
#include "daemon/request.h"
#include "ext/v1/admins.pb-c.h"
#include "store/commands.h"
#include "store/state_query.h"

enum { CERTIFICATES_MAX = 1000 };	/* so that a list of all fits into one answer */

/* ---- List ---- */

struct admin_item {
	struct admin_record record;
	Webmesh__Ext__V1__AdminCertificate message;
	Google__Protobuf__Timestamp expires;
};

struct admin_list {
	size_t count;
	struct admin_item items[CERTIFICATES_MAX];
	Webmesh__Ext__V1__AdminCertificate *messages[CERTIFICATES_MAX];
};

static int add(const struct admin_record *record, void *data)
{
	struct admin_list *list = data;
	struct admin_item *item = &list->items[list->count];

	if (list->count == CERTIFICATES_MAX)
		return 1;
	webmesh__ext__v1__admin_certificate__init(&item->message);
	google__protobuf__timestamp__init(&item->expires);
	item->record = *record;
	item->message.name = item->record.name;
	item->message.serial = item->record.serial;
	item->message.revoked = record->revoked;
	item->expires.seconds = record->expires_at / 1000000000;
	if (record->expires_at)
		item->message.expires_at = &item->expires;
	list->messages[list->count++] = &item->message;
	return 0;
}

static void reply_list(struct daemon *d, struct rpc_call *call, void *ctx,
		       const struct error *readable)
{
	Webmesh__Ext__V1__ListAdminsResponse m = WEBMESH__EXT__V1__LIST_ADMINS_RESPONSE__INIT;
	struct admin_list *list = ctx;
	struct error err = *readable;

	if (err.kind == ERR_NONE && state_each_admin(d->state, add, list, &err) >= 0) {
		m.n_certificates = list->count;
		m.certificates = list->messages;
		rpc_reply(call, &m.base);
	} else {
		rpc_fail(call, &err);
	}
	free(list);
}

void api_list_admins(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	struct admin_list *list = calloc(1, sizeof(*list));

	(void)request;
	if (list)
		api_read(user, call, reply_list, list);
	else
		api_fail(call, ERR_MEMORY, "no memory to list administrators");
}

/* ---- Revoke ---- */

static const Webmesh__Ext__V1__RevokeAdminResponse revoked_reply =
		WEBMESH__EXT__V1__REVOKE_ADMIN_RESPONSE__INIT;
static const struct api_node_change revocation = { "admin-revoke", &revoked_reply.base };

static bool serial_valid(const char *serial)
{
	size_t len = strlen(serial);

	return len <= CERTIFICATE_SERIAL_MAX && strspn(serial, "0123456789abcdef") == len;
}

static int count(const struct admin_record *record, void *data)
{
	(void)record;
	++*(size_t *)data;
	return 0;
}

static int check(struct daemon *d, const Webmesh__Ext__V1__RevokeAdminRequest *q, struct error *err)
{
	size_t known = 0;
	int r;

	if (!node_id_valid(q->name))
		return error_set(err, ERR_INVALID,
				 "name: \"%.80s\" must be 1 to 63 characters of a-z 0-9 - .", q->name);
	if (!serial_valid(q->serial))
		return error_set(err, ERR_INVALID,
				 "serial: \"%.80s\" must be up to %d digits of 0-9 a-f", q->serial,
				 CERTIFICATE_SERIAL_MAX);
	if (!state_has_admins(d->state))
		return error_set(err, ERR_UNAVAILABLE,
				 "the mesh has no place for revocations before all of its nodes are upgraded: try again in a few seconds");
	r = state_each_admin(d->state, count, &known, err);
	if (r == 0 && known >= CERTIFICATES_MAX)
		return error_set(err, ERR_EXHAUSTED,
				 "%d certificates of administrators are known: revoke names, not serial numbers",
				 CERTIFICATES_MAX);
	return r;
}

/* For the audit: ann, or ann/0123. */
static void describe(const Webmesh__Ext__V1__RevokeAdminRequest *q, char out[API_OBJECT_MAX])
{
	snprintf(out, API_OBJECT_MAX, "%.64s%s%.64s", q->name, *q->serial ? "/" : "", q->serial);
}

static int propose(struct daemon *d, struct rpc_call *call,
		   const Webmesh__Ext__V1__RevokeAdminRequest *q, const struct request *request,
		   const char *object, struct error *err)
{
	struct entry *e = request_entry(request);
	int r = e ? command_forget_admins(e, daemon_now(), err)
		  : error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		r = command_revoke_admin(e, q->name, q->serial, err);
	if (r == 0)
		r = api_propose_change(d, call, &revocation, object, e, err);
	entry_free(e);
	return r;
}

void api_revoke_admin(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__RevokeAdminRequest *q =
			(const Webmesh__Ext__V1__RevokeAdminRequest *)request;
	struct error err = { 0 };
	struct request again;
	char object[API_OBJECT_MAX];
	int r;

	describe(q, object);
	r = request_read(user, call, object, &again, &err);
	if (r == 0 && again.known) {
		api_answer_change(call, &revocation, object, &again.outcome);
		return;
	}
	if (r == 0)
		r = check(user, q, &err);
	if (r == 0)
		r = propose(user, call, q, &again, object, &err);
	if (r < 0)
		api_answer_change(call, &revocation, object, &err);
}
