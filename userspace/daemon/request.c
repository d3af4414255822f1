// SPDX-License-Identifier: Apache-2.0
#include "daemon/request.h"

#include <string.h>

#include "crypto/digest.h"
#include "daemon/daemon.h"
#include "rpc/call.h"
#include "rpc/server.h"

#define METADATA "wgmesh-request-id"

enum { METADATA_MAX = 8192 };	/* what gRPC lets in altogether */

/* With its end, so that two texts side by side are those two and no others. */
static int add_text(struct sha256_stream *s, const char *text, struct error *err)
{
	return sha256_update(s, text, strlen(text) + 1, err);
}

/* Nobody's name is another's, and no method's. */
static int derive(const struct rpc_call *call, const char *object, const char *name,
		  uint8_t ret[ENTRY_REQUEST_ID], struct error *err)
{
	const struct rpc_identity *who = rpc_call_identity(call);
	const char *const texts[] = { who->kind == RPC_IDENTITY_ADMIN ? "admin" : "node", who->id,
				      rpc_call_method(call)->name, object, name };
	uint8_t digest[SHA256_BYTES];
	struct sha256_stream *s;
	int r = sha256_start(&s, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		r = add_text(s, texts[i], err);
	if (r < 0) {
		sha256_free(s);
		return r;
	}
	r = sha256_finish(s, digest, err);
	if (r == 0)
		memcpy(ret, digest, ENTRY_REQUEST_ID);
	return r;
}

int request_read(struct daemon *d, const struct rpc_call *call, const char *object,
		 struct request *ret, struct error *err)
{
	struct request request = { .named = true };
	char name[METADATA_MAX];
	struct apply_result result;
	int r;

	if (!rpc_call_metadata(call, METADATA, name, sizeof(name))) {
		*ret = (struct request){ 0 };
		return 0;
	}
	if (!*name || strlen(name) > REQUEST_NAME_MAX)
		return error_set(err, ERR_INVALID, METADATA ": 1 to %d characters",
				 REQUEST_NAME_MAX);
	r = derive(call, object, name, request.id, err);
	if (r == 0)
		r = state_store_recall(d->state, request.id, &result, err);
	if (r < 0)
		return r;
	request.known = r > 0;
	if (request.known)
		request.outcome = result.error;
	*ret = request;
	return 0;
}

struct entry *request_entry(const struct request *request)
{
	return entry_new(request->named ? request->id : NULL);
}
