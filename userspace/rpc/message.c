// SPDX-License-Identifier: Apache-2.0
#include "rpc/message.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * Two bytes on the wire can be an empty submessage of a hundred in memory, so
 * the limit on the former does not bound the latter.  Messages that mean
 * something stay far below these.
 */
enum { GROWTH_MAX = 32, GROWTH_FLOOR = 64 * 1024 };

struct budget {
	size_t left;
	bool no_memory;		/* of the machine; not just of the budget */
};

static void *budget_alloc(void *data, size_t size)
{
	struct budget *budget = data;
	void *p;

	if (size > budget->left)
		return NULL;
	budget->left -= size;
	p = malloc(size);
	budget->no_memory |= !p;
	return p;
}

static void budget_free(void *data, void *p)
{
	free(p);
}

int rpc_message_pack(const ProtobufCMessage *msg, size_t max, struct grpc_byte_buffer **ret,
		     struct error *err)
{
	size_t len = protobuf_c_message_get_packed_size(msg);
	grpc_slice slice;

	if (len > max)
		return error_set(err, ERR_INVALID, "%s of %zu bytes is longer than %zu",
				 msg->descriptor->name, len, max);
	slice = grpc_slice_malloc(len);
	protobuf_c_message_pack(msg, GRPC_SLICE_START_PTR(slice));
	*ret = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return 0;
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type, const grpc_slice *slice,
				struct budget *budget)
{
	/* Frees by free(), so the message can go back without this allocator. */
	ProtobufCAllocator bounded = { budget_alloc, budget_free, budget };

	return protobuf_c_message_unpack(type, &bounded, GRPC_SLICE_LENGTH(*slice),
					 GRPC_SLICE_START_PTR(*slice));
}

static ProtobufCMessage *unpack_pieces(const ProtobufCMessageDescriptor *type,
				       struct grpc_byte_buffer *bytes, struct budget *budget)
{
	grpc_byte_buffer_reader reader;
	ProtobufCMessage *msg;
	grpc_slice whole;

	if (!grpc_byte_buffer_reader_init(&reader, bytes))
		return NULL;
	whole = grpc_byte_buffer_reader_readall(&reader);
	msg = unpack(type, &whole, budget);
	grpc_slice_unref(whole);
	grpc_byte_buffer_reader_destroy(&reader);
	return msg;
}

static ProtobufCMessage *unpack_any(const ProtobufCMessageDescriptor *type,
				    struct grpc_byte_buffer *bytes, struct budget *budget)
{
	const grpc_slice_buffer *slices = &bytes->data.raw.slice_buffer;

	if (bytes->data.raw.compression != GRPC_COMPRESS_NONE)
		return NULL;	/* never negotiated: see the server's arguments */
	if (slices->count == 1)
		return unpack(type, &slices->slices[0], budget);
	return unpack_pieces(type, bytes, budget);
}

int rpc_message_unpack(const ProtobufCMessageDescriptor *type, struct grpc_byte_buffer *bytes,
		       ProtobufCMessage **ret, struct error *err)
{
	size_t len = grpc_byte_buffer_length(bytes);
	struct budget budget = { .left = GROWTH_FLOOR + GROWTH_MAX * len };
	ProtobufCMessage *msg = unpack_any(type, bytes, &budget);

	if (budget.no_memory)
		return error_set(err, ERR_MEMORY, "no memory for a %s of %zu bytes", type->name,
				 len);
	if (!msg)
		return error_set(err, ERR_INVALID, "%zu bytes are no %s", len, type->name);
	*ret = msg;
	return 0;
}
