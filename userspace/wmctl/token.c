// SPDX-License-Identifier: Apache-2.0
/* wmctl token create: prints the token alone, so that it can be put into a variable. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ext/v1/tokens.pb-c.h"
#include "wmctl/command.h"

#define USAGE "token create [--role voter|observer] [--ttl SECONDS] [--uses N]"

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

int token_main(struct session *s, int argc, char **argv)
{
	Webmesh__Ext__V1__CreateTokenRequest request = WEBMESH__EXT__V1__CREATE_TOKEN_REQUEST__INIT;
	const Webmesh__Ext__V1__CreateTokenResponse *token;
	ProtobufCMessage *reply;
	struct error err = { 0 };
	int code = EXIT_OK;

	request.role = (char *)"observer";
	if (argc < 2 || strcmp(argv[1], "create") != 0 || !parse(argc - 1, argv + 1, &request))
		return command_usage(USAGE);
	if (session_call_leader(s, &webmesh__ext__v1__tokens__descriptor, "Create", &request.base,
				&reply, &err) < 0)
		return command_fail(&err);
	token = (const Webmesh__Ext__V1__CreateTokenResponse *)reply;
	if (output_structured(s->format))
		code = output_value(s->format, token_json(token));
	else
		puts(token->token);
	protobuf_c_message_free_unpacked(reply, NULL);
	return code;
}
