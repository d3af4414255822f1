// SPDX-License-Identifier: Apache-2.0
/* The parts of rpc/ that need no network. */
#include <grpc/grpc.h>
#include <grpc/byte_buffer.h>
#include <grpc/slice.h>
#include <stdlib.h>
#include <string.h>

#include "../cmocka.h"
#include "rpc/identity.h"
#include "rpc/library.h"
#include "rpc/message.h"
#include "rpc/outbox.h"
#include "rpc/path.h"
#include "rpc/status.h"
#include "v1/mesh.pb-c.h"

static bool parse(const char *uri, struct rpc_identity *ret)
{
	return rpc_identity_parse(uri, strlen(uri), "m.1", ret);
}

static void an_identity_has_one_of_two_forms(void **state)
{
	struct rpc_identity id;

	assert_true(parse("wgmesh://m.1/node/n1", &id));
	assert_int_equal(id.kind, RPC_IDENTITY_NODE);
	assert_string_equal(id.id, "n1");
	assert_true(parse("wgmesh://m.1/admin/ann.b-2", &id));
	assert_int_equal(id.kind, RPC_IDENTITY_ADMIN);
	assert_string_equal(id.id, "ann.b-2");
	assert_true(rpc_identity_parse("wgmesh://m.1/node/n1xx", 20, "m.1", &id));
	assert_string_equal(id.id, "n1");	/* no byte beyond the length is read */
}

static void anything_else_is_no_identity(void **state)
{
	static const char *const uris[] = {
		"", "wgmesh://", "wgmesh://m.1", "wgmesh://m.1/", "wgmesh://m.1/node",
		"wgmesh://m.1/node/", "wgmesh://m.1/ca", "wgmesh://m.1/other/n1",
		"wgmesh://m.1/node/n1/", "wgmesh://m.1/node/n1?x", "wgmesh://m.1/node/N1",
		"wgmesh://m.1/node/a b", "wgmesh://m.1/node/-a", "wgmesh://m.1/node/a.",
		"wgmesh://m.1/node/a..b", "wgmesh://m.1/node/%6e1", " wgmesh://m.1/node/n1",
		"WGMESH://m.1/node/n1", "wgmesh://m.10/node/n1", "wgmesh://m.1x/node/n1",
		"wgmesh://m/node/n1", "spiffe://m.1/node/n1", "wgmesh://m.1/node/admin/ann",
		"wgmesh://m.1/node/é",
	};
	struct rpc_identity id = { RPC_IDENTITY_NODE, "untouched" };
	size_t i;

	for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		assert_false(parse(uris[i], &id));
	assert_false(rpc_identity_parse("wgmesh://m.1/node/n1\0x", 22, "m.1", &id));
	assert_string_equal(id.id, "untouched");
}

static void a_name_has_at_most_63_characters(void **state)
{
	char uri[128] = "wgmesh://m.1/node/";
	struct rpc_identity id;
	size_t at = strlen(uri);

	memset(uri + at, 'a', 63);
	assert_true(parse(uri, &id));
	assert_int_equal(strlen(id.id), 63);
	uri[at + 63] = 'a';
	assert_false(parse(uri, &id));
}

static void kinds_and_statuses_go_both_ways(void **state)
{
	int kind;

	for (kind = ERR_NONE; kind <= ERR_INTERNAL; kind++) {
		if (kind == ERR_IO || kind == ERR_MEMORY)
			assert_int_equal(rpc_status_of(kind), GRPC_STATUS_INTERNAL);
		else
			assert_int_equal(rpc_status_kind(rpc_status_of(kind)), kind);
	}
	assert_int_equal(rpc_status_kind(GRPC_STATUS_CANCELLED), ERR_UNAVAILABLE);
	assert_int_equal(rpc_status_kind(GRPC_STATUS_ABORTED), ERR_PRECONDITION);
	assert_int_equal(rpc_status_kind(GRPC_STATUS_OUT_OF_RANGE), ERR_INVALID);
	assert_int_equal(rpc_status_kind(GRPC_STATUS_UNKNOWN), ERR_INTERNAL);
	assert_int_equal(rpc_status_kind(4711), ERR_INTERNAL);
}

static void a_path_comes_from_the_service(void **state)
{
	const ProtobufCMethodDescriptor *types;
	char path[RPC_PATH_MAX] = "untouched";
	struct error err;

	assert_int_equal(rpc_path_resolve(&v1__mesh__descriptor, "Nothing", path, &types, &err),
			 -ERR_NOT_FOUND);
	assert_string_equal(path, "untouched");
	assert_int_equal(rpc_path_resolve(&v1__mesh__descriptor, "GetNode", path, &types, &err), 0);
	assert_string_equal(path, "/v1.Mesh/GetNode");
	assert_ptr_equal(types->input, &v1__get_node_request__descriptor);
}

static grpc_byte_buffer *buffer(const void *data, size_t len, size_t piece)
{
	grpc_slice slices[64];
	grpc_byte_buffer *bytes;
	size_t n, at = 0, part;

	for (n = 0; at < len; n++, at += part) {
		assert_true(n < 64);
		part = len - at < piece ? len - at : piece;
		slices[n] = grpc_slice_from_copied_buffer((const char *)data + at, part);
	}
	bytes = grpc_raw_byte_buffer_create(slices, n);
	while (n--)
		grpc_slice_unref(slices[n]);
	return bytes;
}

/* Longer than the slices that gRPC joins by itself. */
#define LONG_ID "a node whose id is long enough that the message does not fit into a small slice"

static void check_node(grpc_byte_buffer *bytes)
{
	ProtobufCMessage *msg;
	struct error err;

	assert_int_equal(rpc_message_unpack(&v1__mesh_node__descriptor, bytes, &msg, &err), 0);
	assert_string_equal(((V1__MeshNode *)msg)->id, LONG_ID);
	assert_int_equal(((V1__MeshNode *)msg)->raft_port, 9443);
	protobuf_c_message_free_unpacked(msg, NULL);
	grpc_byte_buffer_destroy(bytes);
}

static void a_message_survives_in_one_piece_and_in_many(void **state)
{
	V1__MeshNode node = V1__MESH_NODE__INIT;
	struct grpc_byte_buffer *bytes;
	uint8_t flat[256];
	struct error err;
	size_t len;

	node.id = LONG_ID;
	node.raft_port = 9443;
	assert_int_equal(rpc_message_pack(&node.base, 256, &bytes, &err), 0);
	check_node(bytes);
	len = protobuf_c_message_pack(&node.base, flat);
	check_node(buffer(flat, len, 30));
	assert_int_equal(rpc_message_pack(&node.base, len - 1, &bytes, &err), -ERR_INVALID);
	assert_int_equal(rpc_message_pack(&node.base, len, &bytes, &err), 0);
	grpc_byte_buffer_destroy(bytes);
}

static void the_empty_message_is_a_message(void **state)
{
	V1__MeshNode node = V1__MESH_NODE__INIT;
	struct grpc_byte_buffer *bytes;
	ProtobufCMessage *msg;
	struct error err;

	assert_int_equal(rpc_message_pack(&node.base, 0, &bytes, &err), 0);
	assert_int_equal(rpc_message_unpack(&v1__mesh_node__descriptor, bytes, &msg, &err), 0);
	protobuf_c_message_free_unpacked(msg, NULL);
	grpc_byte_buffer_destroy(bytes);
}

static int unpack(const ProtobufCMessageDescriptor *type, const void *data, size_t len)
{
	grpc_byte_buffer *bytes = buffer(data, len, len ? len : 1);
	ProtobufCMessage *msg = NULL;
	struct error err;
	int e = rpc_message_unpack(type, bytes, &msg, &err);

	if (!e)
		protobuf_c_message_free_unpacked(msg, NULL);
	else
		assert_null(msg);
	grpc_byte_buffer_destroy(bytes);
	return e;
}

static void garbage_is_no_message(void **state)
{
	static const uint8_t cut[] = { 0x0a, 0x05, 'a' };	/* five bytes promised */
	static const uint8_t huge[] = { 0x0a, 0xff, 0xff, 0xff, 0xff, 0x07 };
	static const uint8_t group[] = { 0x0b };

	assert_int_equal(unpack(&v1__mesh_node__descriptor, cut, sizeof(cut)), -ERR_INVALID);
	assert_int_equal(unpack(&v1__mesh_node__descriptor, huge, sizeof(huge)), -ERR_INVALID);
	assert_int_equal(unpack(&v1__mesh_node__descriptor, group, sizeof(group)), -ERR_INVALID);
}

/* Two bytes per empty node here, 150 there. */
static void a_message_that_swells_is_refused(void **state)
{
	size_t i, len = 512 * 1024;
	uint8_t *wire = malloc(len);

	assert_non_null(wire);
	for (i = 0; i < len; i += 2) {
		wire[i] = 0x0a;
		wire[i + 1] = 0;
	}
	assert_int_equal(unpack(&v1__node_list__descriptor, wire, 200), 0);
	assert_int_equal(unpack(&v1__node_list__descriptor, wire, len), -ERR_INVALID);
	free(wire);
}

static void a_compressed_message_is_refused(void **state)
{
	/* Its bytes would decode if they were taken as they are. */
	grpc_slice slice = grpc_slice_from_copied_string("\x0a\x01x");
	grpc_byte_buffer *bytes;
	ProtobufCMessage *msg;
	struct error err;

	bytes = grpc_raw_compressed_byte_buffer_create(&slice, 1, GRPC_COMPRESS_GZIP);
	grpc_slice_unref(slice);
	assert_int_equal(rpc_message_unpack(&v1__mesh_node__descriptor, bytes, &msg, &err),
			 -ERR_INVALID);
	grpc_byte_buffer_destroy(bytes);
}

static void an_outbox_is_bounded_by_count(void **state)
{
	struct outbox box = { 0 };
	grpc_byte_buffer *bytes;
	int i;

	for (i = 0; i < OUTBOX_COUNT_MAX; i++) {
		assert_false(outbox_refuses(&box));
		outbox_push(&box, buffer("x", 1, 1));
	}
	assert_false(outbox_relieved(&box));	/* nobody was refused yet */
	assert_true(outbox_refuses(&box));
	for (i = 0; i < OUTBOX_COUNT_MAX / 2; i++) {
		assert_false(outbox_relieved(&box));
		bytes = outbox_pop(&box);
		grpc_byte_buffer_destroy(bytes);
	}
	assert_true(outbox_relieved(&box));
	assert_false(outbox_relieved(&box));	/* told once */
	outbox_clear(&box);
	assert_null(outbox_pop(&box));
}

static void an_outbox_is_bounded_by_bytes(void **state)
{
	static uint8_t block[1024 * 1024];
	struct outbox box = { 0 };
	int i;

	for (i = 0; i < OUTBOX_BYTES_MAX / (int)sizeof(block); i++) {
		assert_false(outbox_refuses(&box));
		outbox_push(&box, buffer(block, sizeof(block), sizeof(block)));
	}
	assert_true(outbox_refuses(&box));
	outbox_clear(&box);
	assert_false(outbox_refuses(&box));
}

static void an_outbox_keeps_order_around_its_end(void **state)
{
	struct outbox box = { 0 };
	grpc_byte_buffer *bytes;
	size_t len;

	outbox_push(&box, buffer("", 0, 1));
	for (len = 1; len < 3 * OUTBOX_SLOTS; len++) {
		outbox_push(&box, buffer("xxxxxxxxxxxxxxxx", len % 16, 16));
		bytes = outbox_pop(&box);
		assert_int_equal(grpc_byte_buffer_length(bytes), (len - 1) % 16);
		grpc_byte_buffer_destroy(bytes);
	}
	outbox_clear(&box);
}

static int setup(void **state)
{
	rpc_library_ref();
	return 0;
}

static int teardown(void **state)
{
	rpc_library_unref();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identity_has_one_of_two_forms),
		cmocka_unit_test(anything_else_is_no_identity),
		cmocka_unit_test(a_name_has_at_most_63_characters),
		cmocka_unit_test(kinds_and_statuses_go_both_ways),
		cmocka_unit_test(a_path_comes_from_the_service),
		cmocka_unit_test(a_message_survives_in_one_piece_and_in_many),
		cmocka_unit_test(the_empty_message_is_a_message),
		cmocka_unit_test(garbage_is_no_message),
		cmocka_unit_test(a_message_that_swells_is_refused),
		cmocka_unit_test(a_compressed_message_is_refused),
		cmocka_unit_test(an_outbox_is_bounded_by_count),
		cmocka_unit_test(an_outbox_is_bounded_by_bytes),
		cmocka_unit_test(an_outbox_keeps_order_around_its_end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
