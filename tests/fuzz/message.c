// SPDX-License-Identifier: Apache-2.0
/*
 * rpc: requests and answers of every method that a node serves.  The first byte says which one, the
 * second where gRPC's pieces end; the rest is the message.  What is taken is sent as the same again.
 */
#include "fuzz.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>

#include "daemon/api.h"
#include "rpc/message.h"

static const ProtobufCMessageDescriptor *type_of(uint8_t choice)
{
	const struct rpc_method *methods, *m;
	const ProtobufCMethodDescriptor *types;
	size_t count = api_methods(&methods);

	m = &methods[choice / 2 % count];
	if (!m->service->name)	/* an older name of another, with the same types */
		m--;
	types = protobuf_c_service_descriptor_get_method_by_name(m->service, m->name);
	must(types);
	return choice % 2 ? types->output : types->input;
}

static grpc_byte_buffer *pieces(const uint8_t *data, size_t size, size_t cut)
{
	grpc_slice slices[2];
	grpc_byte_buffer *bytes;

	cut = cut < size ? cut : size;
	slices[0] = grpc_slice_from_copied_buffer((const char *)data, cut);
	slices[1] = grpc_slice_from_copied_buffer((const char *)data + cut, size - cut);
	bytes = grpc_raw_byte_buffer_create(slices, cut && cut < size ? 2 : 1);
	if (!cut) {
		grpc_byte_buffer_destroy(bytes);
		bytes = grpc_raw_byte_buffer_create(&slices[1], 1);
	}
	grpc_slice_unref(slices[0]);
	grpc_slice_unref(slices[1]);
	return bytes;
}

static bool is_plain(const ProtobufCMessage *message);

/* Those of a field that is a message, or many. */
static bool field_is_plain(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)message;
	const void *value = base + f->offset, *quantifier = base + f->quantifier_offset;
	ProtobufCMessage *const *members = value;
	size_t count = 1;

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		members = *(ProtobufCMessage *const *const *)value;
		count = *(const size_t *)quantifier;
	} else if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		count = *(const uint32_t *)quantifier == f->id;
	}
	for (size_t i = 0; i < count; i++)
		if (members[i] && !is_plain(members[i]))
			return false;
	return true;
}

/*
 * Without fields that are unknown: protobuf-c keeps those even where the number is 0, which it would
 * not read again.  We never send on what we have unpacked.
 */
static bool is_plain(const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;

	for (unsigned int i = 0; i < type->n_fields; i++)
		if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
		    !field_is_plain(message, &type->fields[i]))
			return false;
	return message->n_unknown_fields == 0;
}

static grpc_slice pack(const ProtobufCMessage *message)
{
	grpc_byte_buffer_reader reader;
	grpc_byte_buffer *bytes;
	grpc_slice all;

	must(!rpc_message_pack(message, RPC_MESSAGE_MAX, &bytes, NULL));
	must(grpc_byte_buffer_reader_init(&reader, bytes));
	all = grpc_byte_buffer_reader_readall(&reader);
	grpc_byte_buffer_reader_destroy(&reader);
	grpc_byte_buffer_destroy(bytes);
	return all;
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type, grpc_byte_buffer *bytes)
{
	ProtobufCMessage *message = NULL;
	int r = rpc_message_unpack(type, bytes, &message, NULL);

	must(r == 0 ? message && protobuf_c_message_check(message) : !message);
	grpc_byte_buffer_destroy(bytes);
	return message;
}

/* Without a budget: that is of the bytes that came, and these may be fewer. */
static void compare(const ProtobufCMessage *message)
{
	grpc_slice first = pack(message), second;
	ProtobufCMessage *back;

	back = protobuf_c_message_unpack(message->descriptor, NULL, GRPC_SLICE_LENGTH(first),
					 GRPC_SLICE_START_PTR(first));
	must(back);
	second = pack(back);
	must(grpc_slice_eq(first, second));
	grpc_slice_unref(first);
	grpc_slice_unref(second);
	protobuf_c_message_free_unpacked(back, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ProtobufCMessage *message;

	if (size < 2)
		return 0;
	message = unpack(type_of(data[0]), pieces(data + 2, size - 2, data[1]));
	if (!message)
		return 0;
	if (is_plain(message))
		compare(message);
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}
