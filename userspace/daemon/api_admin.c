// SPDX-License-Identifier: Apache-2.0
/* v1.Admin: the Raft ACLs, which say who may become a voter (daemon/voting_right.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api.h"
#include "daemon/request.h"
#include "google/protobuf/empty.pb-c.h"
#include "store/commands.h"
#include "store/state_query.h"
#include "v1/admin.pb-c.h"

enum { ACLS_MAX = 200 };	/* so that a list of the longest fits into one answer */

/* ---- changes ---- */

struct acl_change {
	const char *action;	/* for the audit */
	char name[ACL_NAME_MAX + 1];
};

static void answer(struct rpc_call *call, const char *action, const char *name,
		   const struct error *outcome)
{
	Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;

	api_audit(call, action, name, outcome);
	if (outcome->kind == ERR_NONE)
		rpc_reply(call, &empty.base);
	else
		rpc_fail(call, outcome);
}

/* The one thing that deleting can stumble over: somebody else was faster. */
static void changed(struct daemon *d, struct rpc_call *call, void *ctx, const struct error *outcome)
{
	struct acl_change *change = ctx;
	struct error err = *outcome;

	if (err.kind == ERR_PRECONDITION)
		error_set(&err, ERR_NOT_FOUND, "there is no Raft ACL \"%s\"", change->name);
	answer(call, change->action, change->name, &err);
	free(change);
}

/* Takes @entry. */
static int propose(struct daemon *d, struct rpc_call *call, struct entry *entry, const char *action,
		   const char *name, struct error *err)
{
	struct acl_change *change = calloc(1, sizeof(*change));

	if (!change) {
		entry_free(entry);
		return error_set(err, ERR_MEMORY, "no memory for a change");
	}
	change->action = action;
	snprintf(change->name, sizeof(change->name), "%s", name);
	api_propose(d, call, entry, changed, change);
	entry_free(entry);
	return 0;
}

/* ---- PutRaftACL ---- */

static int parse_acl(const RaftACL *q, struct acl *acl, struct error *err)
{
	int r = 0;

	if (strlen(q->name) > ACL_NAME_MAX)
		return error_set(err, ERR_INVALID, "name: longer than %d characters", ACL_NAME_MAX);
	memcpy(acl->name, q->name, strlen(q->name) + 1);
	acl->action = (enum acl_action)q->action;
	for (size_t i = 0; r == 0 && i < q->n_patterns; i++)
		r = acl_add_pattern(acl, q->patterns[i], err);
	return r < 0 ? r : acl_validate(acl, err);
}

static int check_room(struct daemon *d, const char *name, struct error *err)
{
	uint64_t others;
	int r = state_count_other_acls(d->state, name, &others, err);

	if (r == 0 && others >= ACLS_MAX)
		r = error_set(err, ERR_EXHAUSTED,
			      "there are %d Raft ACLs, which is the most: join some by their "
			      "patterns", ACLS_MAX);
	return r;
}

static int propose_put(struct daemon *d, struct rpc_call *call, const struct acl *acl,
		       const struct request *request, struct error *err)
{
	struct entry *e = request_entry(request);
	int r = e ? command_put_acl(e, acl, err) :
		    error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		return propose(d, call, e, "acl-put", acl->name, err);
	entry_free(e);
	return r;
}

void api_put_acl(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const RaftACL *q = (const RaftACL *)request;
	struct request again;
	struct error err = { 0 };
	struct acl acl = { 0 };
	int r = request_read(user, call, q->name, &again, &err);

	if (r == 0 && again.known) {
		answer(call, "acl-put", q->name, &again.outcome);
		return;
	}
	if (r == 0)
		r = parse_acl(q, &acl, &err);
	if (r == 0)
		r = check_room(user, acl.name, &err);
	if (r == 0)
		r = propose_put(user, call, &acl, &again, &err);
	if (r < 0)
		answer(call, "acl-put", q->name, &err);
	acl_fini(&acl);
}

/* ---- DeleteRaftACL ---- */

static const struct acl *find(const struct acl *acls, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(acls[i].name, name) == 0)
			return &acls[i];
	return NULL;
}

static int check_known(struct daemon *d, const char *name, struct error *err)
{
	struct acl *acls;
	size_t n;
	int r = state_list_acls(d->state, &acls, &n, err);

	if (r < 0)
		return r;
	if (!find(acls, n, name))
		r = error_set(err, ERR_NOT_FOUND, "there is no Raft ACL \"%.80s\"", name);
	state_acls_free(acls, n);
	return r;
}

static int propose_delete(struct daemon *d, struct rpc_call *call, const char *name,
			  const struct request *request, struct error *err)
{
	struct entry *e = request_entry(request);
	int r = e ? command_delete_acl(e, name, err) :
		    error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		return propose(d, call, e, "acl-delete", name, err);
	entry_free(e);
	return r;
}

void api_delete_acl(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const DeleteRaftACLRequest *q = (const DeleteRaftACLRequest *)request;
	struct request again;
	struct error err = { 0 };
	int r = request_read(user, call, q->name, &again, &err);

	if (r == 0 && again.known) {
		answer(call, "acl-delete", q->name, &again.outcome);
		return;
	}
	if (r == 0 && !*q->name)
		r = error_set(&err, ERR_INVALID, "name: empty");
	if (r == 0)
		r = check_known(user, q->name, &err);
	if (r == 0)
		r = propose_delete(user, call, q->name, &again, &err);
	if (r < 0)
		answer(call, "acl-delete", q->name, &err);
}

/* ---- GetRaftACL, ListRaftACLs ---- */

static void fill(const struct acl *acl, RaftACL *out)
{
	raft_acl__init(out);
	out->name = (char *)acl->name;
	out->action = (ACLAction)acl->action;
	out->n_patterns = acl->n_patterns;
	out->patterns = acl->patterns;
}

static void reply_acl(struct daemon *d, struct rpc_call *call, void *ctx,
		      const struct error *readable)
{
	struct error err = *readable;
	const struct acl *acl = NULL;
	struct acl *acls = NULL;
	char *name = ctx;
	size_t n = 0;
	RaftACL m;

	if (err.kind == ERR_NONE && state_list_acls(d->state, &acls, &n, &err) == 0) {
		acl = find(acls, n, name);
		if (!acl)
			error_set(&err, ERR_NOT_FOUND, "there is no Raft ACL \"%.80s\"", name);
	}
	if (acl) {
		fill(acl, &m);
		rpc_reply(call, &m.base);
	} else {
		rpc_fail(call, &err);
	}
	state_acls_free(acls, n);
	free(name);
}

void api_get_acl(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const GetRaftACLRequest *q = (const GetRaftACLRequest *)request;
	char *name;

	if (!*q->name) {
		api_fail(call, ERR_INVALID, "name: empty");
		return;
	}
	name = strdup(q->name);
	if (name)
		api_read(user, call, reply_acl, name);
	else
		api_fail(call, ERR_MEMORY, "no memory for a read");
}

static void reply_list(struct rpc_call *call, const struct acl *acls, size_t n)
{
	RaftACLList m = RAFT_ACLLIST__INIT;
	RaftACL *items = calloc(n + 1, sizeof(*items));
	RaftACL **list = calloc(n + 1, sizeof(*list));

	if (items && list) {
		for (size_t i = 0; i < n; i++) {
			fill(&acls[i], &items[i]);
			list[i] = &items[i];
		}
		m.n_items = n;
		m.items = list;
		rpc_reply(call, &m.base);
	} else {
		api_fail(call, ERR_MEMORY, "no memory to list the Raft ACLs");
	}
	free(items);
	free(list);
}

static void read_list(struct daemon *d, struct rpc_call *call, void *ctx,
		      const struct error *readable)
{
	struct error err = *readable;
	struct acl *acls;
	size_t n;

	if (err.kind == ERR_NONE && state_list_acls(d->state, &acls, &n, &err) == 0) {
		reply_list(call, acls, n);
		state_acls_free(acls, n);
	} else {
		rpc_fail(call, &err);
	}
}

void api_list_acls(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	api_read(user, call, read_list, NULL);
}
