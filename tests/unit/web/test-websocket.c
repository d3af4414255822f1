// SPDX-License-Identifier: Apache-2.0
/* Requests and frames as they come: whole, in pieces, and as they must not be. */
#include "../cmocka.h"

#include <string.h>

#include "web/websocket.h"

#define REQUEST \
	"GET /signal?x HTTP/1.1\r\nHost: 127.0.0.1:1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" \
	"sec-websocket-key:  dGhlIHNhbXBsZSBub25jZQ== \r\nSec-WebSocket-Version: 13\r\n" \
	"Origin: http://127.0.0.1:1\r\n\r\n"

static void a_request_is_taken_when_all_of_it_is_there(void **state)
{
	struct buf in = BUF_INIT(65536);
	struct http_head head;

	for (const char *at = REQUEST; *at; at++) {
		assert_int_equal(http_head_take(&in, &head, NULL), 0);
		buf_append(&in, at, 1);
	}
	buf_append_text(&in, "more");
	assert_int_equal(http_head_take(&in, &head, NULL), 1);
	assert_string_equal(buf_text(&in), "more");
	assert_string_equal(head.method, "GET");
	assert_string_equal(head.path, "/signal?x");
	assert_string_equal(head.host, "127.0.0.1:1");
	assert_string_equal(head.origin, "http://127.0.0.1:1");
	assert_true(head.upgrade);
	buf_fini(&in);
}

/* RFC 6455, 1.3. */
static void the_answer_is_that_of_the_rfc(void **state)
{
	struct http_head head = { .key = "dGhlIHNhbXBsZSBub25jZQ==" };
	struct buf out = BUF_INIT(4096);

	assert_int_equal(websocket_accept(&head, &out, NULL), 0);
	assert_non_null(strstr(buf_text(&out), "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	buf_fini(&out);
}

static int take_head(const char *text, struct http_head *ret)
{
	struct buf in = BUF_INIT(65536);
	int r;

	buf_append_text(&in, text);
	r = http_head_take(&in, ret, NULL);
	buf_fini(&in);
	return r;
}

static void what_is_no_request_is_refused(void **state)
{
	static const char *const wrong[] = {
		"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
		"GET x HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "VERYLONG / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n: x\r\n\r\n", " / HTTP/1.1\r\n\r\n",
	};
	struct buf in = BUF_INIT(65536);
	struct http_head head;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (take_head(wrong[i], &head) != -ERR_INVALID)
			fail_msg("%s is taken", wrong[i]);
	while (in.len < HTTP_HEAD_MAX)
		buf_append_text(&in, "x");
	assert_int_equal(http_head_take(&in, &head, NULL), -ERR_EXHAUSTED);
	buf_fini(&in);
}

static void without_key_or_version_there_is_no_websocket(void **state)
{
	struct http_head head;

	assert_int_equal(take_head("GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
				   &head), 1);
	assert_false(head.upgrade);
	assert_int_equal(take_head("GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"
				   "Sec-WebSocket-Version: 8\r\n\r\n", &head), 1);
	assert_false(head.upgrade);
}

/* As a client sends it: masked. */
static void put_frame(struct buf *out, unsigned int first, const void *data, size_t len)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	const uint8_t *from = data;

	buf_append_u8(out, (uint8_t)first);
	if (len < 126) {
		buf_append_u8(out, (uint8_t)(0x80 | len));
	} else {
		buf_append_u8(out, 0x80 | 127);
		buf_append_u64(out, len);
	}
	buf_append(out, mask, sizeof(mask));
	for (size_t i = 0; i < len; i++)
		buf_append_u8(out, from[i] ^ mask[i % 4]);
}

/* RFC 6455, 5.7. */
static void frames_are_those_of_the_rfc(void **state)
{
	static const uint8_t hello[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
	struct buf in = BUF_INIT(65536), out = BUF_INIT(4096);
	struct websocket_frame frame;

	for (size_t i = 0; i < sizeof(hello); i++) {
		assert_int_equal(websocket_take(&in, &frame, NULL), 0);
		buf_append_u8(&in, hello[i]);
	}
	put_frame(&in, 0x89, "ping", 4);
	assert_int_equal(websocket_take(&in, &frame, NULL), 1);
	assert_int_equal(frame.kind, WEBSOCKET_TEXT);
	assert_int_equal(frame.len, 5);
	assert_memory_equal(frame.data, "Hello", 5);
	websocket_drop(&in, &frame);
	assert_int_equal(websocket_take(&in, &frame, NULL), 1);
	assert_int_equal(frame.kind, WEBSOCKET_PING);
	websocket_drop(&in, &frame);
	assert_int_equal(in.len, 0);
	assert_true(websocket_write(&out, WEBSOCKET_TEXT, "Hello", 5));
	assert_memory_equal(out.data, "\x81\x05Hello", 7);
	buf_fini(&in);
	buf_fini(&out);
}

static int take_frame(unsigned int first, size_t len)
{
	static const uint8_t zeros[WEBSOCKET_MESSAGE_MAX + 1];
	struct buf in = BUF_INIT(1 << 20);
	struct websocket_frame frame;
	int r;

	put_frame(&in, first, zeros, len);
	r = websocket_take(&in, &frame, NULL);
	buf_fini(&in);
	return r;
}

static void what_is_no_frame_or_too_much_is_refused(void **state)
{
	static const uint8_t unmasked[] = { 0x81, 0x01, 'x' };
	struct buf in = BUF_INIT(4096);
	struct websocket_frame frame;

	assert_int_equal(take_frame(0x81, WEBSOCKET_MESSAGE_MAX), 1);
	assert_int_equal(take_frame(0x81, WEBSOCKET_MESSAGE_MAX + 1), -ERR_EXHAUSTED);
	assert_int_equal(take_frame(0x01, 1), -ERR_EXHAUSTED);	/* the first piece */
	assert_int_equal(take_frame(0x80, 1), -ERR_EXHAUSTED);	/* the last */
	assert_int_equal(take_frame(0x82, 1), -ERR_INVALID);	/* no text */
	assert_int_equal(take_frame(0xc1, 1), -ERR_INVALID);
	assert_int_equal(take_frame(0x89, 126), -ERR_INVALID);
	buf_append(&in, unmasked, sizeof(unmasked));
	assert_int_equal(websocket_take(&in, &frame, NULL), -ERR_INVALID);
	buf_fini(&in);
}

/* Its length as it is in the frame, with the code. */
static size_t close_bytes(const char *reason)
{
	struct buf out = BUF_INIT(4096);
	size_t len;

	assert_true(websocket_write_close(&out, 4007, reason));
	assert_int_equal(out.data[0], 0x88);
	assert_int_equal(out.data[2] << 8 | out.data[3], 4007);
	len = out.data[1];
	assert_int_equal(out.len, len + 2);
	buf_fini(&out);
	return len;
}

static void reasons_are_cut_between_letters(void **state)
{
	char reason[200] = { 0 };

	assert_int_equal(close_bytes(""), 2);
	memset(reason, 'x', sizeof(reason) - 1);
	assert_int_equal(close_bytes(reason), 2 + WEBSOCKET_REASON_MAX);
	memcpy(reason + WEBSOCKET_REASON_MAX - 1, "\xc3\xa4", 2);
	assert_int_equal(close_bytes(reason), 2 + WEBSOCKET_REASON_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_taken_when_all_of_it_is_there),
		cmocka_unit_test(the_answer_is_that_of_the_rfc),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(without_key_or_version_there_is_no_websocket),
		cmocka_unit_test(frames_are_those_of_the_rfc),
		cmocka_unit_test(what_is_no_frame_or_too_much_is_refused),
		cmocka_unit_test(reasons_are_cut_between_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
