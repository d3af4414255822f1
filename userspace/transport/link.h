/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS connection on the loop: bytes in, bytes out, and its deadlines.
 * What they mean is its owner's.
 */
#ifndef WGMESH_TRANSPORT_LINK_H
#define WGMESH_TRANSPORT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/addr.h"
#include "base/error.h"
#include "crypto/tls.h"
#include "transport/anchor.h"

struct link;

/* From the loop only.  None comes after link_close() but released. */
struct link_callbacks {
	/* The other side has proven to be @who. */
	void (*established)(void *data, struct link *l, const struct cert_info *who);
	/* NULL: whatever comes is a violation. */
	void (*received)(void *data, struct link *l, const uint8_t *bytes, size_t len);
	/* link_write() that took nothing takes more; may be NULL. */
	void (*writable)(void *data, struct link *l);
	/* Broken, refused or late: the link is closed already. */
	void (*closed)(void *data, struct link *l, const char *reason);
	/* The memory is gone; may be NULL. */
	void (*released)(void *data);
};

struct link_config {
	uv_loop_t *loop;
	struct anchor *anchor;
	const struct tls_context *tls;
	const struct link_callbacks *callbacks;
	void *data;
	uint32_t establish_ms;	/* from now to established */
	uint32_t stall_ms;	/* established: for what is written to leave */
};

int link_dial(const struct link_config *config, const struct endpoint *remote, struct link **ret,
	      struct error *err);
/* In uv_listen()'s callback. */
int link_accept(const struct link_config *config, uv_stream_t *server, struct link **ret,
		struct error *err);

/*
 * End it, in order if possible.  After this, and after closed, @l may only be
 * asked for link_remote(), until control returns to the loop.  NULL is fine.
 */
void link_close(struct link *l);

/*
 * Encrypts and sends what it takes now; returns how much.  0: writable comes, or it has failed; a
 * part: ask again with the rest.
 */
size_t link_write(struct link *l, const void *data, size_t len);

/* The owner's own deadline: closed with @what as the reason.  @ms 0: none. */
void link_expect(struct link *l, uint32_t ms, const char *what);

bool link_established(const struct link *l);
const struct endpoint *link_remote(const struct link *l);

#endif
