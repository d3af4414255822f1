/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text form of a batch (wgmesh(8)), parsed line by line; pure.
 *
 *	replace
 *	expect GENERATION
 *	peer KEY [endpoint E] [keepalive SECONDS|off] [psk FILE|none] [plain|pinned|relay]...
 *		[create|update] [replace-prefixes] [prefix P[@METRIC]]... [drop P]...
 *	remove KEY
 *
 * "#" begins a comment.  The first two stand before every change.
 */
#ifndef WGMESH_WGMESH_APPLY_FILE_H
#define WGMESH_WGMESH_APPLY_FILE_H

#include "base/error.h"
#include "netlink/mesh_apply.h"

enum { APPLY_LINE_MAX = 128 * 1024 };	/* bytes: a peer with all prefixes that it may have */

struct apply_parser;

/* NULL: no memory. */
struct apply_parser *apply_parser_new(void);
void apply_parser_free(struct apply_parser *p);

enum apply_line_kind {
	APPLY_LINE_NOTHING,	/* blank, comment or header */
	APPLY_LINE_CHANGE,
};

/*
 * One change.  The peer's prefixes and the path live in the parser and in the
 * line until the next one is parsed.
 */
struct apply_change {
	struct wg_peer peer;
	const char *psk_path;	/* NULL: none; else where its preshared key is to be read */
};

/*
 * Parses @line (NUL-terminated, without its newline), which it overwrites.
 * ERR_INVALID names the word and what would be right; the caller adds file and line number.
 */
int apply_parse_line(struct apply_parser *p, char *line, enum apply_line_kind *ret_kind,
		     struct apply_change *ret, struct error *err);

/* What the headers said so far; complete with the first change. */
const struct mesh_apply_options *apply_parser_options(const struct apply_parser *p);

#endif
