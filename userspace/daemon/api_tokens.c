// SPDX-License-Identifier: Apache-2.0
/* webmesh.ext.v1.Tokens: join tokens.  The secret leaves once, in the answer; its hash stays. */
#include <stdlib.h>
#include <string.h>

#include "crypto/token.h"
#include "daemon/api.h"
#include "daemon/now.h"
#include "daemon/request.h"
#include "ext/v1/tokens.pb-c.h"
#include "store/commands.h"
#include "store/state_query.h"

enum {
	TTL_DEFAULT = 86400,
	TTL_MAX = 31536000,
	USES_MAX = 1000000,
	PAGE_MAX = 1000,
};

struct creation {
	struct token token;
	struct token_record record;
};

static void free_creation(struct creation *c)
{
	if (c)
		token_wipe(&c->token);
	free(c);
}

/* This node first, it is alive for sure; then the other servers of the group. */
static int add_addresses(struct daemon *d, struct token *token, struct error *err)
{
	struct directory dir = { 0 };
	struct node self;
	int r = state_get_node(d->state, d->settings.id, &self, err);
	struct directory others;

	if (r == 0)
		r = directory_fill(&others, d->state, d->local, replica_configuration(d->replica),
				   d->settings.id, err);
	if (r < 0)
		return r;
	if (node_is_public(&self))
		directory_add_node(&dir, &self);
	for (size_t i = 0; i < others.count && dir.count < DIRECTORY_MAX; i++)
		dir.entries[dir.count++] = others.entries[i];
	if (!dir.count)
		return error_set(err, ERR_PRECONDITION,
				 "no voter has a public address that a token could name: start one with --endpoint");
	for (size_t i = 0; r == 0 && i < dir.count &&
	     token->address_count < TOKEN_ADDRESSES_MAX; i++)
		r = token_add_address(token, dir.entries[i].address, err);
	return r;
}

static int check_request(const Webmesh__Ext__V1__CreateTokenRequest *q,
			 struct token_record *record, struct error *err)
{
	uint32_t ttl = q->ttl_seconds ? q->ttl_seconds : TTL_DEFAULT;

	if (!node_role_parse(q->role, &record->role))
		return error_set(err, ERR_INVALID, "role: \"%.32s\" is neither voter nor observer",
				 q->role);
	if (ttl > TTL_MAX)
		return error_set(err, ERR_INVALID, "ttl_seconds: %u is more than %d", ttl, TTL_MAX);
	if (q->uses > USES_MAX)
		return error_set(err, ERR_INVALID, "uses: %u is more than %d", q->uses, USES_MAX);
	record->uses_left = q->uses ? q->uses : 1;
	record->expires_at = daemon_now() + (int64_t)ttl * 1000000000;
	return 0;
}

static int make_token(struct daemon *d, struct creation *c, struct error *err)
{
	const char *mesh_id = d->identity.info.subject.mesh_id;
	int r = token_generate(d->identity.ca_pem, mesh_id, &c->token, err);

	if (r == 0)
		r = add_addresses(d, &c->token, err);
	if (r == 0)
		r = token_hash(c->token.secret, sizeof(c->token.secret), c->record.secret_hash,
			       err);
	if (r == 0)
		memcpy(c->record.id, c->token.id, sizeof(c->token.id));
	return r;
}

/* Its secret is nowhere kept. */
static int told_before(struct error *err)
{
	return error_set(err, ERR_EXISTS,
			 "this request has made its token, whose secret is told once: make another, by a new request");
}

static void created(struct daemon *d, struct rpc_call *call, void *ctx, const struct error *outcome)
{
	Webmesh__Ext__V1__CreateTokenResponse m = WEBMESH__EXT__V1__CREATE_TOKEN_RESPONSE__INIT;
	Google__Protobuf__Timestamp expires = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	struct creation *c = ctx;
	struct error err = *outcome;
	struct token_record kept;
	char text[TOKEN_TEXT_MAX];

	if (err.kind == ERR_NONE && state_get_token(d->state, c->record.id, &kept, NULL) < 0)
		told_before(&err);
	api_audit(call, "token-create", c->record.id, &err);
	if (err.kind == ERR_NONE)
		token_format(&c->token, text, &err);
	if (err.kind == ERR_NONE) {
		expires.seconds = c->record.expires_at / 1000000000;
		m.token = text;
		m.id = c->record.id;
		m.expires_at = &expires;
		rpc_reply(call, &m.base);
	} else {
		rpc_fail(call, &err);
	}
	wipe(text, sizeof(text));
	free_creation(c);
}

static int propose(struct daemon *d, struct rpc_call *call, struct creation *c,
		   const struct request *request, struct error *err)
{
	struct entry *entry = request_entry(request);
	int r = entry ? command_put_token(entry, &c->record, err)
		      : error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		api_propose(d, call, entry, created, c);
	entry_free(entry);
	return r;
}

void api_create_token(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	struct creation *c = calloc(1, sizeof(*c));
	struct request again;
	struct error err = { 0 };
	int r;

	if (!c) {
		api_fail(call, ERR_MEMORY, "no memory for a token");
		return;
	}
	r = check_request((const Webmesh__Ext__V1__CreateTokenRequest *)request, &c->record, &err);
	if (r == 0)
		r = request_read(user, call, "", &again, &err);
	if (r == 0 && again.known)
		r = told_before(&err);
	if (r == 0)
		r = make_token(user, c, &err);
	if (r == 0)
		r = propose(user, call, c, &again, &err);
	if (r < 0) {
		rpc_fail(call, &err);
		free_creation(c);
	}
}

/* ---- List ---- */

struct token_item {
	Webmesh__Ext__V1__Token message;
	Google__Protobuf__Timestamp expires;
	struct token_record record;
};

struct token_page {
	char after[TOKEN_RECORD_ID_MAX + 1];
	size_t limit, count;
	bool more;
	struct token_item *items;
	Webmesh__Ext__V1__Token **messages;
};

static void free_page(struct token_page *page)
{
	if (page) {
		free(page->items);
		free(page->messages);
	}
	free(page);
}

static int add_to_page(const struct token_record *record, void *data)
{
	struct token_page *page = data;
	struct token_item *item = &page->items[page->count];

	if (page->count == page->limit) {
		page->more = true;
		return 1;
	}
	webmesh__ext__v1__token__init(&item->message);
	google__protobuf__timestamp__init(&item->expires);
	item->record = *record;
	item->expires.seconds = record->expires_at / 1000000000;
	item->message.id = item->record.id;
	item->message.role = (char *)node_role_name(record->role);
	item->message.uses_left = record->uses_left;
	item->message.expires_at = &item->expires;
	item->message.revoked = record->revoked;
	page->messages[page->count++] = &item->message;
	return 0;
}

static void reply_page(struct daemon *d, struct rpc_call *call, void *ctx,
		       const struct error *readable)
{
	Webmesh__Ext__V1__ListTokensResponse m = WEBMESH__EXT__V1__LIST_TOKENS_RESPONSE__INIT;
	struct token_page *page = ctx;
	struct error err = *readable;

	if (err.kind == ERR_NONE &&
	    state_each_token(d->state, page->after, add_to_page, page, &err) >= 0) {
		m.n_tokens = page->count;
		m.tokens = page->messages;
		m.more = page->more;
		rpc_reply(call, &m.base);
	} else {
		rpc_fail(call, &err);
	}
	free_page(page);
}

static struct token_page *new_page(const char *after, size_t limit)
{
	struct token_page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	memcpy(page->after, after, strlen(after));
	page->limit = limit;
	page->items = calloc(limit, sizeof(*page->items));
	page->messages = calloc(limit, sizeof(*page->messages));
	if (page->items && page->messages)
		return page;
	free_page(page);
	return NULL;
}

void api_list_tokens(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__ListTokensRequest *q =
			(const Webmesh__Ext__V1__ListTokensRequest *)request;
	struct token_page *page;

	if (strlen(q->after) > TOKEN_RECORD_ID_MAX) {
		api_fail(call, ERR_INVALID, "after: \"%.80s\" is no token's id", q->after);
		return;
	}
	if (q->limit > PAGE_MAX) {
		api_fail(call, ERR_INVALID, "limit: %u is more than %d", q->limit, PAGE_MAX);
		return;
	}
	page = new_page(q->after, q->limit ? q->limit : PAGE_MAX);
	if (page)
		api_read(user, call, reply_page, page);
	else
		api_fail(call, ERR_MEMORY, "no memory to list tokens");
}

/* ---- Revoke ---- */

static const Webmesh__Ext__V1__RevokeTokenResponse revoked_reply =
		WEBMESH__EXT__V1__REVOKE_TOKEN_RESPONSE__INIT;
static const struct api_node_change revocation = { "token-revoke", &revoked_reply.base };

static int propose_revocation(struct daemon *d, struct rpc_call *call, const char *id,
			      const struct request *request, struct error *err)
{
	struct entry *e = request_entry(request);
	struct token_record record;
	int r = e ? state_get_token(d->state, id, &record, err)
		  : error_set(err, ERR_MEMORY, "no memory for a log entry");

	if (r == 0)
		r = command_revoke_token(e, id, err);
	if (r == 0)
		r = api_propose_change(d, call, &revocation, id, e, err);
	entry_free(e);
	return r;
}

void api_revoke_token(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
	const Webmesh__Ext__V1__RevokeTokenRequest *q =
			(const Webmesh__Ext__V1__RevokeTokenRequest *)request;
	struct request again;
	struct error err = { 0 };
	int r = request_read(user, call, q->id, &again, &err);

	if (r == 0 && again.known) {
		api_answer_change(call, &revocation, q->id, &again.outcome);
		return;
	}
	if (r == 0 && !*q->id)
		r = error_set(&err, ERR_INVALID, "id: empty");
	if (r == 0)
		r = propose_revocation(user, call, q->id, &again, &err);
	if (r < 0)
		api_answer_change(call, &revocation, q->id, &err);
}
