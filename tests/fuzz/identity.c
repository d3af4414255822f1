// SPDX-License-Identifier: Apache-2.0
/*
 * rpc and crypto: who a certificate's URI names.  Two parsers look at it, gRPC's callers with one and
 * Raft's with the other: they must see the same.
 */
#include "fuzz.h"

#include "crypto/subject.h"
#include "model/node.h"
#include "rpc/call_private.h"
#include "rpc/identity.h"

#define MESH "m1"

static bool kinds_agree(enum rpc_identity_kind rpc, enum subject_kind crypto)
{
	return (rpc == RPC_IDENTITY_NODE && crypto == SUBJECT_NODE) ||
	       (rpc == RPC_IDENTITY_ADMIN && crypto == SUBJECT_ADMIN);
}

static void compare(const char *uri, size_t len)
{
	struct rpc_identity who;
	struct subject subject = { .kind = SUBJECT_NONE };
	char text[SUBJECT_TEXT_MAX];
	bool known = rpc_identity_parse(uri, len, MESH, &who);
	bool valid = strlen(uri) == len && subject_parse(uri, &subject);

	if (valid)
		must(strcmp(subject_format(&subject, text), uri) == 0);
	must(known == (valid && subject.kind != SUBJECT_CA && strcmp(subject.mesh_id, MESH) == 0));
	if (known) {
		must(kinds_agree(who.kind, subject.kind));
		must(strcmp(who.id, subject.name) == 0);
	}
}

/* What a node says of whom it calls for is the end of such a URI. */
static void compare_named(const char *name)
{
	char uri[512];
	int len = snprintf(uri, sizeof(uri), "wgmesh://" MESH "/%s", name);

	if (len < (int)sizeof(uri))
		compare(uri, (size_t)len);
}

static void check_name(const char *name)
{
	struct subject subject;

	if (node_id_valid(name))
		must(subject_name_valid(name) && strlen(name) <= NODE_ID_MAX);
	must(subject_name_valid(name) == subject_init(&subject, SUBJECT_NODE, MESH, name));
}

/* A value comes whole and with an end, or not at all. */
static void read_metadata(const uint8_t *data, size_t size)
{
	grpc_metadata pair = {
		.key = grpc_slice_from_static_string("wgmesh-request-id"),
		.value = grpc_slice_from_copied_buffer((const char *)data, size),
	};
	struct rpc_call call = {
		.grpc = (grpc_call *)&pair,	/* there is one; nobody looks into it */
		.metadata = { .count = 1, .capacity = 1, .metadata = &pair },
	};
	char value[65];

	must(rpc_call_metadata(&call, "wgmesh-request-id", value, sizeof(value)) ==
	     (size < sizeof(value)));
	if (size < sizeof(value))
		must(memcmp(value, data, size) == 0 && value[size] == '\0');
	must(!rpc_call_metadata(&call, "wgmesh-request", value, sizeof(value)));
	grpc_slice_unref(pair.value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = fuzz_copy(data, size);
	char *text = fuzz_text(data, size);
	struct rpc_identity who;

	rpc_identity_parse((const char *)exact, size, MESH, &who);
	compare(text, size);
	compare_named(text);
	check_name(text);
	read_metadata(exact, size);
	free(text);
	free(exact);
	return 0;
}
