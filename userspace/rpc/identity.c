// SPDX-License-Identifier: Apache-2.0
#include "rpc/identity.h"

#include <string.h>

/* What is left of the URI. */
struct rest {
	const char *text;
	size_t len;
};

static bool take(struct rest *rest, const char *word)
{
	size_t len = strlen(word);

	if (rest->len < len || memcmp(rest->text, word, len))
		return false;
	rest->text += len;
	rest->len -= len;
	return true;
}

static bool alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* As in certificates that the mesh's CA makes: no character that anything escapes. */
static bool name_valid(const struct rest *name)
{
	size_t i;

	if (!name->len || name->len >= RPC_ID_MAX)
		return false;
	if (!alnum(name->text[0]) || !alnum(name->text[name->len - 1]))
		return false;
	for (i = 0; i < name->len; i++) {
		char c = name->text[i];

		if (!alnum(c) && c != '-' && c != '.')
			return false;
		if (c == '.' && name->text[i + 1] == '.')	/* the last is alnum */
			return false;
	}
	return true;
}

bool rpc_identity_parse(const char *uri, size_t len, const char *mesh_id,
			struct rpc_identity *ret)
{
	struct rest rest = { uri, len };
	enum rpc_identity_kind kind;

	if (!take(&rest, "wgmesh://") || !take(&rest, mesh_id) || !take(&rest, "/"))
		return false;
	if (take(&rest, "node/"))
		kind = RPC_IDENTITY_NODE;
	else if (take(&rest, "admin/"))
		kind = RPC_IDENTITY_ADMIN;
	else
		return false;
	if (!name_valid(&rest))
		return false;
	ret->kind = kind;
	memcpy(ret->id, rest.text, rest.len);
	memset(ret->id + rest.len, 0, sizeof(ret->id) - rest.len);
	return true;
}
