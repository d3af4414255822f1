// SPDX-License-Identifier: Apache-2.0
/* web: what a browser says to the gateway, as it comes: a request, and frames behind it. */
#include "fuzz.h"

#include "web/websocket.h"

static void check_head(const struct http_head *head)
{
	struct buf out = BUF_INIT(HTTP_HEAD_MAX);

	must(*head->path == '/' && *head->method);
	must(!head->upgrade || *head->key);
	must(websocket_accept(head, &out, NULL) == 0);
	buf_fini(&out);
}

/* What is told back is what came, without the mask. */
static void check_frame(const struct websocket_frame *frame, const struct buf *in)
{
	struct buf out = BUF_INIT(2 * WEBSOCKET_MESSAGE_MAX);

	must(frame->len <= WEBSOCKET_MESSAGE_MAX && frame->whole <= in->len);
	must(frame->data >= in->data && frame->data + frame->len == in->data + frame->whole);
	must(websocket_write(&out, frame->kind, frame->data, frame->len));
	must(out.len >= frame->len + 2 && out.len <= frame->len + 10);
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf in = BUF_INIT(1 << 20);
	struct websocket_frame frame;
	struct http_head head;

	buf_append(&in, data, size);
	if (http_head_take(&in, &head, NULL) > 0)
		check_head(&head);
	while (websocket_take(&in, &frame, NULL) > 0) {
		check_frame(&frame, &in);
		websocket_drop(&in, &frame);
	}
	buf_fini(&in);
	return 0;
}
