// SPDX-License-Identifier: Apache-2.0
/* webmesh.ext.v1.Enrollment: a token and a certificate request become an identity. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "crypto/token.h"
#include "daemon/api.h"
#include "daemon/issuance.h"
#include "daemon/now.h"
#include "daemon/request.h"
#include "ext/v1/enrollment.pb-c.h"
#include "store/commands.h"
#include "store/state_query.h"

typedef Webmesh__Ext__V1__EnrollRequest enroll_request;

/* One answer for every way in which a token is no good: guessing tells nothing.  The audit has the reason. */
static const char refusal[] = "token: unknown, expired, used up or revoked";

/* @paid: this very request had its use of it before. */
static int check_token(struct daemon *d, const enroll_request *q, bool paid,
		       enum node_role *ret_role, struct error *err)
{
	struct token_record token;

	if (state_get_token(d->state, q->token_id, &token, NULL) < 0)
		return error_set(err, ERR_DENIED, "no such token");
	if (!token_secret_matches(q->token_secret.data, q->token_secret.len, token.secret_hash))
		return error_set(err, ERR_DENIED, "wrong secret");
	if (token.revoked)
		return error_set(err, ERR_DENIED, "revoked");
	if (!token.uses_left && !paid)
		return error_set(err, ERR_DENIED, "used up");
	if (token.expires_at <= daemon_now())
		return error_set(err, ERR_DENIED, "expired");
	*ret_role = token.role;
	return 0;
}

static int check_node(struct daemon *d, const char *id, struct error *err)
{
	struct node node;

	if (!node_id_valid(id))
		return error_set(err, ERR_INVALID,
				 "node_id: \"%.80s\" must be 1 to 63 characters of a-z 0-9 - .", id);
	if (state_get_node(d->state, id, &node, NULL) == 0)
		return error_set(err, ERR_EXISTS,
				 "node_id: %s is a node of this mesh already; remove it first or take another name",
				 id);
	return 0;
}

/* ---- the answer ---- */

struct member_list {
	struct directory dir;
	Webmesh__Ext__V1__Member members[DIRECTORY_MAX];
	Webmesh__Ext__V1__Member *list[DIRECTORY_MAX];
	char *addresses[DIRECTORY_MAX];
};

/* The directory has a node's addresses side by side. */
static size_t fill_members(struct daemon *d, struct member_list *m)
{
	size_t count = 0;

	for (size_t i = 0; i < m->dir.count; i++) {
		struct directory_entry *entry = &m->dir.entries[i];
		Webmesh__Ext__V1__Member *last = count ? &m->members[count - 1] : NULL;

		m->addresses[i] = entry->address;
		if (last && strcmp(last->id, entry->node_id) == 0) {
			last->n_grpc_addresses++;
			continue;
		}
		last = &m->members[count];
		webmesh__ext__v1__member__init(last);
		last->id = entry->node_id;
		last->n_grpc_addresses = 1;
		last->grpc_addresses = &m->addresses[i];
		last->voter = replica_is_voter(d->replica, entry->node_id);
		m->list[count++] = last;
	}
	return count;
}

static int reply(struct daemon *d, struct rpc_call *call, const struct issuance *e,
		 struct error *err)
{
	Webmesh__Ext__V1__EnrollResponse m = WEBMESH__EXT__V1__ENROLL_RESPONSE__INIT;
	struct member_list *members = calloc(1, sizeof(*members));
	struct raft_configuration all = *replica_configuration(d->replica);
	struct key from;

	if (!members)
		return error_set(err, ERR_MEMORY, "no memory to list the members");
	/* Nobody is left out as oneself: the list is for another node. */
	if (directory_fill(&members->dir, d->state, d->local, &all, "", err) < 0)
		members->dir.count = 0;
	/* The servers may have no room for one more follower. */
	if (e->record.role != NODE_VOTER && random_bytes(from.bytes, sizeof(from.bytes), err) == 0)
		directory_add_observers(&members->dir, d->state, "", &from, err);
	m.certificate_pem = e->issued.pem;
	m.ca_pem = (char *)ca_cert_pem(d->ca);
	m.role = (char *)node_role_name(e->record.role);
	m.n_members = fill_members(d, members);
	m.members = members->list;
	rpc_reply(call, &m.base);
	free(members);
	return 0;
}

static void enrolled(struct daemon *d, struct rpc_call *call, void *ctx,
		     const struct error *outcome)
{
	struct issuance *e = ctx;
	struct error err = *outcome;
	struct certificate kept;

	/* The same request was faster: it is known from now on. */
	if (err.kind == ERR_NONE &&
	    state_get_certificate(d->state, e->record.serial, &kept, NULL) < 0)
		error_set(&err, ERR_UNAVAILABLE, "this request was made twice at once: try again");
	api_audit(call, "enroll", e->record.node_id, &err);
	/* The last use of the token went to somebody who was faster. */
	if (err.kind == ERR_PRECONDITION)
		error_set(&err, ERR_DENIED, refusal);
	if (err.kind != ERR_NONE || reply(d, call, e, &err) < 0)
		rpc_fail(call, &err);
	issuance_free(e);
}

/* One who did not hear of his certificate gets another: the request that paid for it is over. */
static int propose(struct daemon *d, struct rpc_call *call, const char *token_id,
		   const struct request *request, struct issuance *e, struct error *err)
{
	struct entry *entry = request->known ? entry_new(NULL) : request_entry(request);
	int r = entry ? 0 : error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0 && !request->known)
		r = command_use_token(entry, token_id, daemon_now(), err);
	/* One machine has the name: whoever was enrolled before and has not joined loses it. */
	if (r == 0)
		r = command_revoke_certificates_of(entry, e->record.node_id, err);
	if (r == 0)
		r = command_put_certificate(entry, &e->record, err);
	if (r == 0)
		api_propose(d, call, entry, enrolled, e);
	entry_free(entry);
	return r;
}

static int read_request(struct daemon *d, struct rpc_call *call, const enroll_request *q,
			struct request *ret, struct error *err)
{
	char object[2 * NODE_ID_MAX];
	int r;

	snprintf(object, sizeof(object), "%.32s %.64s", q->token_id, q->node_id);
	r = request_read(d, call, object, ret, err);
	if (r == 0 && ret->outcome.kind != ERR_NONE)
		ret->known = false;	/* it had bought nothing */
	return r;
}

static int enroll(struct daemon *d, struct rpc_call *call, const enroll_request *q,
		  struct error *err)
{
	struct issuance *e = NULL;
	enum node_role role;
	struct request again;
	int r = read_request(d, call, q, &again, err);

	if (r == 0)
		r = check_token(d, q, again.known, &role, err);
	if (r == 0)
		r = check_node(d, q->node_id, err);
	if (r == 0)
		r = issuance_new(d, SUBJECT_NODE, q->node_id, q->csr_pem, &e, err);
	if (r == 0) {
		e->record.role = role;
		r = propose(d, call, q->token_id, &again, e, err);
	}
	if (r < 0)
		issuance_free(e);
	return r;
}

void api_enroll(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const enroll_request *q = (const enroll_request *)request;
	struct error err = { 0 };

	if (enroll(user, call, q, &err) == 0)
		return;
	api_audit(call, "enroll", q->node_id, &err);
	if (err.kind == ERR_DENIED)
		error_set(&err, ERR_DENIED, refusal);
	rpc_fail(call, &err);
}
