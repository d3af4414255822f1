// SPDX-License-Identifier: Apache-2.0
/*
 * wgmesh apply: a batch as text, read by the command's own reader of lines.  A change, written as a
 * line, is the same change.
 */
#include "wgmesh/apply.c"

#include "fuzz.h"

static void write_peer(struct buf *out, const struct wg_peer *peer)
{
	char text[ENDPOINT_TEXT_MAX], prefix[PREFIX_TEXT_MAX];

	buf_printf(out, "peer %s", key_format(&peer->public_key, text));
	if (peer->fields & WG_PEER_ENDPOINT)
		buf_printf(out, " endpoint %s", endpoint_format(&peer->endpoint, text));
	if (peer->fields & WG_PEER_KEEPALIVE)
		buf_printf(out, " keepalive %u", peer->keepalive);
	for (size_t i = 0; i < peer->prefix_count; i++) {
		const struct wg_prefix *p = &peer->prefixes[i];

		if (p->flags & WGMESH_PREFIX_FLAGS_REMOVE)
			buf_printf(out, " drop %s", prefix_format(&p->prefix, prefix));
		else
			buf_printf(out, " prefix %s@%u", prefix_format(&p->prefix, prefix), p->metric);
	}
	buf_append_u8(out, 0);
	must(!out->failed);
}

static void compare(const struct wg_peer *a, const struct wg_peer *b)
{
	const uint32_t written = WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE;

	must(key_equal(&a->public_key, &b->public_key) && b->fields == (a->fields & written));
	must(endpoint_equal(&a->endpoint, &b->endpoint) && a->keepalive == b->keepalive);
	must(a->prefix_count == b->prefix_count);
	for (size_t i = 0; i < a->prefix_count; i++) {
		must(prefix_equal(&a->prefixes[i].prefix, &b->prefixes[i].prefix));
		must(a->prefixes[i].metric == b->prefixes[i].metric);
		must(a->prefixes[i].flags == b->prefixes[i].flags);
	}
}

static void write_again(const struct wg_peer *peer)
{
	struct apply_parser *parser = apply_parser_new();
	struct buf line = BUF_INIT(1 << 20);
	struct apply_change back;
	enum apply_line_kind kind;

	must(parser);
	write_peer(&line, peer);
	must(!apply_parse_line(parser, (char *)line.data, &kind, &back, NULL));
	must(kind == APPLY_LINE_CHANGE);
	compare(peer, &back.peer);
	buf_fini(&line);
	apply_parser_free(parser);
}

static void read_batch(struct apply *a)
{
	enum apply_line_kind kind;
	struct apply_change change;
	struct error err;
	int r;

	while ((r = read_line(a, &err)) > 0) {
		must(strlen(a->line) < APPLY_LINE_MAX + 2);
		r = apply_parse_line(a->parser, a->line, &kind, &change, &err);
		if (r < 0)
			break;
		if (kind == APPLY_LINE_CHANGE && !(change.peer.flags & WGMESH_PEER_FLAGS_REMOVE))
			write_again(&change.peer);
	}
	must(r <= 0 && (r == 0 || err.kind == ERR_INVALID));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *text = fuzz_copy(data, size);
	struct apply a = { .name = "fuzz", .parser = apply_parser_new() };

	a.line = malloc(APPLY_LINE_MAX + 2);
	a.file = size ? fmemopen(text, size, "r") : NULL;
	must(a.parser && a.line && (a.file || !size));
	if (a.file)
		read_batch(&a);
	close_input(&a);
	free(text);
	return 0;
}
