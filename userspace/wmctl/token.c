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

enum { LIST_COLUMNS = 4, TIME_TEXT = 32 };

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

/* The pages stay, for the rows point into them. */
struct list {
	ProtobufCMessage **pages;
	size_t n_pages, rows;
};

static int fetch(struct session *s, struct list *list, struct error *err)
{
	Webmesh__Ext__V1__ListTokensRequest request = WEBMESH__EXT__V1__LIST_TOKENS_REQUEST__INIT;
	bool more = true;

	while (more) {
		ProtobufCMessage **grown = reallocarray(list->pages, list->n_pages + 1,
							sizeof(*grown));
		const token_page *page;
		int r;

		if (!grown)
			return error_set(err, ERR_MEMORY, "no memory for the tokens");
		list->pages = grown;
		r = session_call(s, TOKENS, "List", &request.base, &grown[list->n_pages], err);
		if (r < 0)
			return r;
		page = (const token_page *)grown[list->n_pages++];
		list->rows += page->n_tokens;
		more = page->more && page->n_tokens;
		if (more)
			request.after = page->tokens[page->n_tokens - 1]->id;
	}
	return 0;
}

static void drop(struct list *list)
{
	for (size_t i = 0; i < list->n_pages; i++)
		protobuf_c_message_free_unpacked(list->pages[i], NULL);
	free(list->pages);
}

static int print_list_json(const struct session *s, const struct list *list)
{
	json_t *all = json_array();

	for (size_t i = 0; i < list->n_pages; i++)
		for (size_t j = 0; j < ((const token_page *)list->pages[i])->n_tokens; j++)
			json_array_append_new(all, item_json(((const token_page *)list->pages[i])->tokens[j]));
	return output_value(s->format, all);
}

static void fill_row(const token_message *t, char uses[TIME_TEXT], const char **cells)
{
	snprintf(uses, TIME_TEXT, "%u", t->uses_left);
	cells[0] = t->id;
	cells[1] = t->role;
	cells[2] = uses;
	cells[3] = state_of(t);
}

static int print_list(const struct list *list)
{
	const char **cells = calloc((list->rows + 1) * LIST_COLUMNS, sizeof(*cells));
	char (*uses)[TIME_TEXT] = calloc(list->rows + 1, sizeof(*uses));
	size_t row = 0;

	if (cells && uses) {
		memcpy(cells, (const char *[]){ "ID", "ROLE", "USES LEFT", "STATE" },
		       LIST_COLUMNS * sizeof(*cells));
		for (size_t i = 0; i < list->n_pages; i++) {
			const token_page *page = (const token_page *)list->pages[i];

			for (size_t j = 0; j < page->n_tokens; j++, row++)
				fill_row(page->tokens[j], uses[row],
					 cells + (row + 1) * LIST_COLUMNS);
		}
		output_table(cells, row + 1, LIST_COLUMNS);
	}
	free(uses);
	free(cells);
	return cells && uses ? EXIT_OK : command_fail(&(struct error){ .text = "no memory for a table" });
}

int token_list(struct session *s)
{
	struct list list = { 0 };
	struct error err = { 0 };
	int code;

	if (fetch(s, &list, &err) < 0)
		code = command_fail(&err);
	else
		code = output_structured(s->format) ? print_list_json(s, &list) : print_list(&list);
	drop(&list);
	return code;
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
