/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 with certificates on both sides, as a state machine without I/O:
 * ciphertext and plaintext go in and out of bounded memory.  No tickets, no
 * resumption, no early data: each connection proves its certificate anew.
 * One thread at a time per object; a context may be shared by its streams.
 */
#ifndef WGMESH_CRYPTO_TLS_H
#define WGMESH_CRYPTO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/identity.h"

enum {
	TLS_INPUT_MAX = 64 * 1024,	/* ciphertext fed and not yet read */
	TLS_OUTPUT_MAX = 256 * 1024,	/* ciphertext written and not yet taken */
};

enum tls_side { TLS_CLIENT, TLS_SERVER };

struct tls_context;
struct tls_stream;

/* Copies what it needs of @id.  Streams outlive the context that made them. */
int tls_context_new(const struct identity *id, struct tls_context **ret, struct error *err);
void tls_context_free(struct tls_context *ctx);

int tls_stream_new(const struct tls_context *ctx, enum tls_side side, struct tls_stream **ret,
		   struct error *err);
void tls_stream_free(struct tls_stream *s);

/*
 * Ciphertext from the network; then read until nothing comes, and take the
 * output: an alert may be in it even when an error is returned.
 * ERR_EXHAUSTED when more than TLS_INPUT_MAX would wait unread.
 */
int tls_feed(struct tls_stream *s, const void *data, size_t len, struct error *err);

/* Up to @cap bytes of ciphertext for the network; returns how many, 0 for none. */
size_t tls_take(struct tls_stream *s, void *out, size_t cap);
size_t tls_output(const struct tls_stream *s);	/* bytes that wait to be taken */

/*
 * Plaintext; also drives the handshake, so a client calls it once before
 * anything is fed.  *ret_len is 0 when nothing is there now.
 * ERR_UNAUTHENTICATED: the other side proved no identity of this mesh.
 * ERR_UNAVAILABLE: it ended the stream in order.  After any error the stream
 * is good for tls_take() and tls_stream_free() alone.
 */
int tls_read(struct tls_stream *s, void *out, size_t cap, size_t *ret_len, struct error *err);

/* Takes as much as the bound on output lets, also 0; only when established. */
int tls_write(struct tls_stream *s, const void *data, size_t len, size_t *ret_len,
	      struct error *err);

/* End the stream in order: an alert for tls_take(). */
void tls_close(struct tls_stream *s);

/* The handshake is complete and the other side is who tls_peer() says. */
bool tls_established(const struct tls_stream *s);
/* Of this side's own mesh; NULL until established. */
const struct cert_info *tls_peer(const struct tls_stream *s);

#endif
