// SPDX-License-Identifier: Apache-2.0
#include "web/websocket.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/utf8.h"
#include "crypto/sha1.h"

#define END "\r\n\r\n"
#define VERSION "13"
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"	/* RFC 6455, 1.3 */

/* ---- the head of a request ---- */

static bool copy(const char *from, size_t len, char *out, size_t cap)
{
	if (len >= cap || memchr(from, 0, len))
		return false;
	memcpy(out, from, len);
	out[len] = 0;
	return true;
}

static int wrong(struct error *err)
{
	return error_set(err, ERR_INVALID, "no request of HTTP/1.1");
}

static int take_request_line(const char *line, size_t len, struct http_head *head,
			     struct error *err)
{
	const char *space = memchr(line, ' ', len);
	const char *end = space ? memchr(space + 1, ' ', (size_t)(line + len - space - 1)) : NULL;
	static const char version[] = "HTTP/1.1";

	if (!end || space == line || (size_t)(line + len - end - 1) != strlen(version) ||
	    memcmp(end + 1, version, strlen(version)) != 0 || space[1] != '/' ||
	    !copy(line, (size_t)(space - line), head->method, sizeof(head->method)) ||
	    !copy(space + 1, (size_t)(end - space - 1), head->path, sizeof(head->path)))
		return wrong(err);
	return 0;
}

static bool is_named(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(line, name, len) == 0;
}

/* What is longer than we know anything of is as if it was not there. */
static int take_header(const char *line, size_t len, struct http_head *head, bool *version,
		       struct error *err)
{
	const char *colon = memchr(line, ':', len), *value = colon ? colon + 1 : line;
	size_t name = colon ? (size_t)(colon - line) : 0, left;
	char text[HTTP_WORD_MAX] = "";

	if (!name)
		return wrong(err);
	left = len - name - 1;
	for (; left && (*value == ' ' || *value == '\t'); left--)
		value++;
	while (left && (value[left - 1] == ' ' || value[left - 1] == '\t'))
		left--;
	copy(value, left, text, sizeof(text));
	if (is_named(line, name, "Host"))
		memcpy(head->host, text, sizeof(text));
	else if (is_named(line, name, "Origin"))
		memcpy(head->origin, text, sizeof(text));
	else if (is_named(line, name, "Last-Event-ID"))
		memcpy(head->last_id, text, sizeof(text));
	else if (is_named(line, name, "Sec-WebSocket-Key"))
		memcpy(head->key, text, sizeof(text));
	else if (is_named(line, name, "Sec-WebSocket-Version"))
		*version = strcmp(text, VERSION) == 0;
	else if (is_named(line, name, "Upgrade"))
		head->upgrade = strcasecmp(text, "websocket") == 0;
	return 0;
}

static int take_lines(const char *at, const char *end, struct http_head *head, struct error *err)
{
	bool first = true, version = false;
	int r = 0;

	do {
		const char *stop = memmem(at, (size_t)(end - at), "\r\n", 2);
		size_t len = (size_t)((stop ?: end) - at);

		r = first ? take_request_line(at, len, head, err)
			  : take_header(at, len, head, &version, err);
		first = false;
		at += len + 2;
	} while (r == 0 && at < end);
	head->upgrade &= version && *head->key;
	return r;
}

int http_head_take(struct buf *in, struct http_head *ret, struct error *err)
{
	const char *at = (const char *)in->data;
	const char *end = in->len ? memmem(at, in->len, END, strlen(END)) : NULL;
	struct http_head head = { 0 };
	int r;

	if (!end && in->len < HTTP_HEAD_MAX)
		return 0;
	if (!end || (size_t)(end - at) >= HTTP_HEAD_MAX)
		return error_set(err, ERR_EXHAUSTED, "the request is too long");
	r = take_lines(at, end, &head, err);
	if (r < 0)
		return r;
	buf_consume(in, (size_t)(end - at) + strlen(END));
	*ret = head;
	return 1;
}

int websocket_accept(const struct http_head *head, struct buf *out, struct error *err)
{
	char text[HTTP_WORD_MAX + sizeof(GUID)], accept[SHA1_TEXT_MAX];
	int r;

	snprintf(text, sizeof(text), "%s" GUID, head->key);
	r = sha1_base64(text, accept, err);
	if (r < 0)
		return r;
	buf_printf(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
	return out->failed ? error_set(err, ERR_MEMORY, "no memory for an answer") : 0;
}

/* ---- frames (RFC 6455, 5.2) ---- */

enum { FINAL = 0x80, RESERVED = 0x70, MASKED = 0x80, MASK_BYTES = 4, LENGTH_16 = 126 };

static const uint8_t opcodes[] = {
	[WEBSOCKET_TEXT] = 1, [WEBSOCKET_CLOSE] = 8, [WEBSOCKET_PING] = 9, [WEBSOCKET_PONG] = 10,
};

static int kind_of(uint8_t opcode)
{
	for (int i = 0; i < (int)sizeof(opcodes); i++)
		if (opcodes[i] == opcode)
			return i;
	return -1;
}

static int check_first(uint8_t first, uint8_t second, struct error *err)
{
	int kind = kind_of(first & 0x0f);

	if (!(first & FINAL) || (first & 0x0f) == 0)
		return error_set(err, ERR_EXHAUSTED, "a message came in pieces");
	if ((first & RESERVED) || !(second & MASKED) || kind < 0)
		return error_set(err, ERR_INVALID, "no frame of text as a client sends it");
	if (kind != WEBSOCKET_TEXT && (second & ~MASKED) >= LENGTH_16)
		return error_set(err, ERR_INVALID, "a control frame is too long");
	return 0;
}

/* What comes before the mask; *@ret_len may be anything when not all of it is there. */
static size_t header(const uint8_t *at, size_t have, size_t *ret_len)
{
	size_t len = at[1] & ~MASKED, bytes = len < LENGTH_16 ? 2 : len == LENGTH_16 ? 4 : 10;

	if (have < bytes || len < LENGTH_16) {
		*ret_len = len;
	} else {
		*ret_len = 0;
		for (size_t i = 2; i < bytes; i++)
			*ret_len = *ret_len << 8 | at[i];
	}
	return bytes;
}

int websocket_take(struct buf *in, struct websocket_frame *ret, struct error *err)
{
	struct websocket_frame frame = { 0 };
	uint8_t *at = in->data;
	size_t head;
	int r;

	if (in->len < 2)
		return 0;
	r = check_first(at[0], at[1], err);
	if (r < 0)
		return r;
	head = header(at, in->len, &frame.len);
	if (in->len < head)
		return 0;
	if (frame.len > WEBSOCKET_MESSAGE_MAX)
		return error_set(err, ERR_EXHAUSTED, "a message is longer than %d bytes",
				 WEBSOCKET_MESSAGE_MAX);
	frame.whole = head + MASK_BYTES + frame.len;
	if (in->len < frame.whole)
		return 0;
	frame.kind = (enum websocket_kind)kind_of(at[0] & 0x0f);
	frame.data = at + head + MASK_BYTES;
	for (size_t i = 0; i < frame.len; i++)
		frame.data[i] ^= at[head + i % MASK_BYTES];
	*ret = frame;
	return 1;
}

void websocket_drop(struct buf *in, const struct websocket_frame *frame)
{
	buf_consume(in, frame->whole);
}

bool websocket_write(struct buf *out, enum websocket_kind kind, const void *data, size_t len)
{
	buf_append_u8(out, FINAL | opcodes[kind]);
	if (len < LENGTH_16) {
		buf_append_u8(out, (uint8_t)len);
	} else if (len <= UINT16_MAX) {
		buf_append_u8(out, LENGTH_16);
		buf_append_u8(out, (uint8_t)(len >> 8));
		buf_append_u8(out, (uint8_t)len);
	} else {
		buf_append_u8(out, LENGTH_16 + 1);
		buf_append_u64(out, len);
	}
	buf_append(out, data, len);
	return !out->failed;
}

/* A letter of several bytes is not cut in the middle: browsers would not read the rest. */
bool websocket_write_close(struct buf *out, unsigned int code, const char *reason)
{
	char text[2 + WEBSOCKET_REASON_MAX + 1] = { (char)(code >> 8), (char)code };

	snprintf(text + 2, sizeof(text) - 2, "%s", reason);
	return websocket_write(out, WEBSOCKET_CLOSE, text, 2 + utf8_valid_bytes(text + 2));
}
