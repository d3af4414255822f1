// SPDX-License-Identifier: Apache-2.0
/*
 * dataplane: wireguard-go's answers.  The first byte says in which pieces they come, which must not
 * matter; and peers that are told can be put into a request as the same.
 */
#include "fuzz.h"

#include "dataplane/uapi.h"

struct told {
	struct uapi_parser parser;
	struct buf text;	/* the peers, as a request has them */
	int result;
};

static int on_peer(void *data, const struct wg_peer *peer)
{
	struct told *told = data;

	for (size_t i = 0; i < peer->prefix_count; i++)
		must(peer->prefixes[i].prefix.len <= ip_bits(&peer->prefixes[i].prefix.ip));
	uapi_put_peer(&told->text, peer, false);
	return 0;
}

static void feed(struct told *told, const uint8_t *data, size_t size, size_t piece)
{
	*told = (struct told){ .text = BUF_INIT(UAPI_REQUEST_MAX) };
	uapi_parser_init(&told->parser, on_peer, told, NULL);
	for (size_t at = 0; !told->result && at < size; at += piece) {
		size_t len = size - at < piece ? size - at : piece;
		uint8_t *part = fuzz_copy(data + at, len);

		told->result = uapi_parser_feed(&told->parser, (const char *)part, len);
		free(part);
	}
}

static void fini(struct told *told)
{
	buf_fini_secret(&told->text);
	uapi_parser_fini(&told->parser);
}

static void compare(struct told *a, struct told *b)
{
	must(a->result == b->result && a->parser.done == b->parser.done);
	must(a->parser.sys_errno == b->parser.sys_errno);
	must(a->parser.device.fields == b->parser.device.fields);
	must(a->parser.device.listen_port == b->parser.device.listen_port);
	must(a->parser.device.fwmark == b->parser.device.fwmark);
	must(strcmp(buf_text(&a->text), buf_text(&b->text)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told whole, cut, again;

	if (!size)
		return 0;
	feed(&whole, data + 1, size - 1, size);
	feed(&cut, data + 1, size - 1, data[0] % 64 + 1);
	compare(&whole, &cut);
	if (whole.parser.done) {
		buf_append_text(&whole.text, "\n");
		feed(&again, whole.text.data, whole.text.len, whole.text.len);
		buf_append_text(&again.text, "\n");
		must(again.result == 0 && again.parser.done);
		must(strcmp(buf_text(&whole.text), buf_text(&again.text)) == 0);
		fini(&again);
	}
	fini(&whole);
	fini(&cut);
	return 0;
}
