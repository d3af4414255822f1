/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to dataplane/: WireGuard's cross-platform userspace protocol
 * (wireguard.com/xplatform): "key=value" lines over a Unix socket.  The codec is
 * pure; the client connects for each request and waits at most UAPI_TIMEOUT_MS for
 * each piece of an answer.
 */
#ifndef WGMESH_DATAPLANE_UAPI_H
#define WGMESH_DATAPLANE_UAPI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "netlink/wg.h"

enum {
	UAPI_TIMEOUT_MS = 5000,
	UAPI_LINE_MAX = 512,		/* bytes; the longest line known has about 90 */
	UAPI_REQUEST_MAX = 16 << 20,	/* bytes of a request: a peer with 400,000 prefixes */
};

/* Encoders append lines to @out (buf_fini_secret() it); the first line is "set=1". */
void uapi_put_set(struct buf *out);
void uapi_put_device(struct buf *out, const struct wg_device *device);
void uapi_put_peer(struct buf *out, const struct wg_peer *peer, bool remove);

/* Decodes the answer to "get=1", fed in pieces of any length. */
struct uapi_parser {
	struct wg_device device;
	int sys_errno;			/* of the line "errno=", positive */
	bool done;			/* the empty line at the end was seen */
	wg_peer_fn *fn;			/* told each peer when it is complete; may be NULL */
	void *data;
	struct wg_peer peer;
	bool has_peer;
	struct buf prefixes;		/* struct wg_prefix[] */
	char line[UAPI_LINE_MAX];
	size_t line_len;
	struct error *err;
};

void uapi_parser_init(struct uapi_parser *p, wg_peer_fn *fn, void *data, struct error *err);
/* 0, what @fn returned, or ERR_IO for what is malformed. */
int uapi_parser_feed(struct uapi_parser *p, const char *text, size_t len);
void uapi_parser_fini(struct uapi_parser *p);	/* wipes */

/* ERR_NOT_FOUND: nobody listens at @path. */
int uapi_get(const char *path, wg_peer_fn *fn, void *data, struct wg_device *ret_device,
	     struct error *err);
/* Sends @request, complete but for the empty line at its end, which is added. */
int uapi_set(const char *path, struct buf *request, struct error *err);

#endif
