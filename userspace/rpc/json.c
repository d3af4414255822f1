// SPDX-License-Identifier: Apache-2.0
#include "rpc/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- texts ---- */

/* Bytes of the character of UTF-8 (RFC 3629) at @s; 0: it is none. */
static size_t character(const unsigned char *s)
{
	size_t len = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static void put_text(const char *text, struct buf *out)
{
	const unsigned char *s = (const unsigned char *)text;

	buf_append_u8(out, '"');
	while (*s) {
		size_t len = character(s);

		if (!len)
			buf_append_text(out, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			buf_printf(out, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			buf_printf(out, "\\u%04x", *s);
		else
			buf_append(out, s, len);
		s += len ? len : 1;
	}
	buf_append_u8(out, '"');
}

static void put_bytes(const ProtobufCBinaryData *bytes, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	buf_append_u8(out, '"');
	for (size_t i = 0; i < bytes->len; i += 3) {
		size_t n = bytes->len - i < 3 ? bytes->len - i : 3;
		uint32_t v = (uint32_t)bytes->data[i] << 16;

		v |= n > 1 ? (uint32_t)bytes->data[i + 1] << 8 : 0;
		v |= n > 2 ? bytes->data[i + 2] : 0;
		for (size_t k = 0; k < 4; k++)
			buf_append_u8(out, k <= n ? (uint8_t)digits[v >> (18 - 6 * k) & 63] : '=');
	}
	buf_append_u8(out, '"');
}

/* ---- values ---- */

/* JSON has no word for what is no number. */
static void put_real(double value, int digits, struct buf *out)
{
	if (isfinite(value))
		buf_printf(out, "%.*g", digits, value);
	else
		buf_append_text(out, "null");
}

static void put_enum(const ProtobufCEnumDescriptor *type, int value, struct buf *out)
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);

	if (known)
		put_text(known->name, out);
	else
		buf_printf(out, "%d", value);
}

#define AT(type) (*(type const *)at)

static void put_message_or_null(const ProtobufCMessage *msg, struct buf *out)
{
	if (msg)
		rpc_json(msg, out);
	else
		buf_append_text(out, "null");
}

static void put_integer(ProtobufCType type, const void *at, struct buf *out)
{
	switch (type) {
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		buf_printf(out, "%" PRIu32, AT(uint32_t));
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		buf_printf(out, "%" PRIu64, AT(uint64_t));
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		buf_printf(out, "%" PRId64, AT(int64_t));
		break;
	default:
		buf_printf(out, "%" PRId32, AT(int32_t));
	}
}

static void put_value(const ProtobufCFieldDescriptor *field, const void *at, struct buf *out)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		put_text(AT(char *) ? AT(char *) : "", out);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_bytes(at, out);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		put_message_or_null(AT(ProtobufCMessage *), out);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		buf_append_text(out, AT(protobuf_c_boolean) ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		put_real((double)AT(float), 7, out);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		put_real(AT(double), 17, out);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		put_enum(field->descriptor, AT(int), out);
		break;
	default:
		put_integer(field->type, at, out);
	}
}

static size_t size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(char *);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(ProtobufCMessage *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	default:
		return 4;
	}
}

/* ---- messages ---- */

#define MEMBER(msg, offset, type) (*(type const *)((const char *)(msg) + (offset)))

static void put_array(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field,
		      struct buf *out)
{
	size_t count = MEMBER(msg, field->quantifier_offset, size_t);
	const char *items = MEMBER(msg, field->offset, char *);

	buf_append_u8(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_append_u8(out, ',');
		put_value(field, items + i * size_of(field->type), out);
	}
	buf_append_u8(out, ']');
}

static bool is_told(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field)
{
	return !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
	       MEMBER(msg, field->quantifier_offset, uint32_t) == field->id;
}

bool rpc_json(const ProtobufCMessage *msg, struct buf *out)
{
	bool first = true;

	buf_append_u8(out, '{');
	for (unsigned int i = 0; i < msg->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &msg->descriptor->fields[i];

		if (!is_told(msg, field))
			continue;
		if (!first)
			buf_append_u8(out, ',');
		first = false;
		buf_printf(out, "\"%s\":", field->name);
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			put_array(msg, field, out);
		else
			put_value(field, (const char *)msg + field->offset, out);
	}
	return buf_append_u8(out, '}');
}
