// SPDX-License-Identifier: Apache-2.0
/*
 * wmctl token create|list|revoke.  create prints the token alone, so that it can be put into a
 * variable.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ext/v1/tokens.pb-c.h"
#include "wmctl/command.h"
#include "wmctl/view.h"

#define USAGE "token create [--role voter|observer] [--ttl SECONDS] [--uses N] | list | revoke ID"

#define TOKENS (&webmesh__ext__v1__tokens__descriptor)

typedef Webmesh__Ext__V1__Token token_message;
typedef Webmesh__Ext__V1__ListTokensResponse token_page;

static bool parse_u32(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '1' || *text > '9' || *end || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool parse(int argc, char **argv, Webmesh__Ext__V1__CreateTokenRequest *request)
{
	static const struct option options[] = {
		{ "role", required_argument, NULL, 'r' },
		{ "ttl", required_argument, NULL, 't' },
		{ "uses", required_argument, NULL, 'u' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			request->role = optarg;
		else if (option == 't' && parse_u32(optarg, &request->ttl_seconds))
			continue;
		else if (option == 'u' && parse_u32(optarg, &request->uses))
			continue;
		else
			return false;
	}
	return optind == argc;
}

static json_t *token_json(const Webmesh__Ext__V1__CreateTokenResponse *t)
{
	return json_pack("{s:s, s:s, s:I}", "id", t->id, "token", t->token, "expires_at",
			 (json_int_t)(t->expires_at ? t->expires_at->seconds : 0));
}

static int create(struct session *s, int argc, char **argv)
{
	Webmesh__Ext__V1__CreateTokenRequest request = WEBMESH__EXT__V1__CREATE_TOKEN_REQUEST__INIT;
	const Webmesh__Ext__V1__CreateTokenResponse *token;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	int code = EXIT_OK;

	request.role = (char *)"observer";
	if (!parse(argc, argv, &request))
		return command_usage(USAGE);
	if (session_call_leader(s, TOKENS, "Create", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	token = (const Webmesh__Ext__V1__CreateTokenResponse *)reply;
	if (output_structured(s->format))
		code = output_value(s->format, token_json(token));
	else
		puts(token->token);
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}

/* ---- list ---- */

static const char *state_of(const token_message *t)
{
	if (t->revoked)
		return "revoked";
	if (!t->uses_left)
		return "used up";
	return t->expires_at && t->expires_at->seconds > time(NULL) ? "good" : "expired";
}

static json_t *item_json(const token_message *t)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:b, s:s}", "id", t->id, "role", t->role,
			 "uses_left", (json_int_t)t->uses_left, "expires_at",
			 (json_int_t)(t->expires_at ? t->expires_at->seconds :
				      0), "revoked", t->revoked,
			 "state", state_of(t));
}

static void add_page(const token_page *page, json_t *tokens)
{
	for (size_t i = 0; i < page->n_tokens; i++)
		json_array_append_new(tokens, item_json(page->tokens[i]));
}

/* Whose tokens come behind those of @after; *@ret_more tells whether there are more then. */
static int fetch_page(struct session *s, const char *after, json_t *tokens, bool *ret_more,
		      struct error *err)
{
	Webmesh__Ext__V1__ListTokensRequest request = WEBMESH__EXT__V1__LIST_TOKENS_REQUEST__INIT;
	const token_page *page;
	ProtobufCMessage *reply;
	int r;

	request.after = (char *)after;
	r = session_call(s, TOKENS, "List", &request.base, &reply, err);
	if (r < 0)
		return r;
	page = (const token_page *)reply;
	add_page(page, tokens);
	*ret_more = page->more && page->n_tokens;
	protobuf_c_message_free_unpacked(reply, NULL);
	return 0;
}

static const char *last_id(const json_t *tokens)
{
	const json_t *last = json_array_get(tokens, json_array_size(tokens) - 1);
	const char *id = json_string_value(json_object_get(last, "id"));

	return id ? id : "";
}

static int fetch(struct session *s, char *name, json_t **ret, struct error *err)
{
	json_t *tokens = json_array();
	bool more = true;
	int r = tokens ? 0 : error_set(err, ERR_MEMORY, "no memory for the tokens");

	while (r == 0 && more)
		r = fetch_page(s, last_id(tokens), tokens, &more, err);
	if (r == 0)
		*ret = tokens;
	else
		json_decref(tokens);
	return r;
}

static bool print(FILE *out, bool wide, const json_t *tokens)
{
	static const struct output_column columns[] = {
		{ .head = "ID", .key = "id" },
		{ .head = "ROLE", .key = "role" },
		{ .head = "USES LEFT", .key = "uses_left" },
		{ .head = "STATE", .key = "state" },
	};

	return output_list(out, wide, tokens, columns, sizeof(columns) / sizeof(columns[0]));
}

int token_list(struct session *s)
{
	static const struct view view = { "id", NULL, fetch, print, NULL };

	return view_show(s, &view, NULL);
}

static int revoke(struct session *s, char *id)
{
	Webmesh__Ext__V1__RevokeTokenRequest request = WEBMESH__EXT__V1__REVOKE_TOKEN_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct error err = { 0 };

	request.id = id;
	if (session_call_leader(s, TOKENS, "Revoke", &request.base, &reply, &err) < 0)
		return command_fail(&err);
	protobuf_c_message_free_unpacked(reply, NULL);
	if (!output_structured(s->format))
		printf("%s lets nobody in any more\n", id);
	return EXIT_OK;
}

int token_main(struct session *s, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "create") == 0)
		return create(s, argc - 1, argv + 1);
	if (argc == 2 && strcmp(verb, "list") == 0)
		return token_list(s);
	if (argc == 3 && strcmp(verb, "revoke") == 0)
		return revoke(s, argv[2]);
	return command_usage(USAGE);
}
