/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTLS 1.2 (RFC 6347) between two who know each other by fingerprint alone, as
 * WebRTC has it (RFC 8827, 6.5), as a state machine without I/O: a datagram goes
 * in, plaintext comes out, and datagrams to send are given to a callback one by
 * one.  No resumption, no renegotiation.  One thread at a time per object.
 */
#ifndef WGMESH_CRYPTO_DTLS_H
#define WGMESH_CRYPTO_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/digest.h"

enum {
	DTLS_DATAGRAM_MAX = 1200,	/* bytes that are sent at once, with DTLS's own */
	DTLS_PLAIN_MAX = 16 * 1024,	/* bytes of one record, RFC 6347, 4.1 */
};

enum dtls_side { DTLS_CLIENT, DTLS_SERVER };

/* A P-256 key with a certificate that it signed itself; outlives its connections. */
struct dtls_identity;

int dtls_identity_new(struct dtls_identity **ret, struct error *err);
void dtls_identity_free(struct dtls_identity *id);
/* SHA-256 of the certificate: SHA256_BYTES. */
const uint8_t *dtls_identity_fingerprint(const struct dtls_identity *id);

struct dtls_config {
	const struct dtls_identity *identity;
	enum dtls_side side;
	uint8_t peer[SHA256_BYTES];	/* whose certificate alone is taken */
	/* A datagram for the other side, ≤ DTLS_DATAGRAM_MAX; must not call into the object. */
	void (*send)(const void *datagram, size_t len, void *ctx);
	void *ctx;
};

struct dtls;

int dtls_new(const struct dtls_config *config, struct dtls **ret, struct error *err);
void dtls_free(struct dtls *d);

/* RFC 7983: whether a datagram that came is one of DTLS. */
bool dtls_is_record(const void *datagram, size_t len);

/* The client's first flight; of the server nothing.  Once. */
int dtls_start(struct dtls *d, struct error *err);

/* One datagram that came; then dtls_read() until nothing comes. */
void dtls_feed(struct dtls *d, const void *datagram, size_t len);

/*
 * Plaintext of one record, ≤ DTLS_PLAIN_MAX; also drives the handshake.  *ret_len is 0 when
 * nothing is there.  ERR_UNAUTHENTICATED: the handshake failed, or the certificate has another
 * fingerprint.  ERR_UNAVAILABLE: the other side ended the connection.  Final, both.
 */
int dtls_read(struct dtls *d, void *out, size_t cap, size_t *ret_len, struct error *err);

/* False: dtls_read() would find nothing, which is dearer to hear from it. */
bool dtls_pending(const struct dtls *d);

/* One record, sent at once; only when established. */
int dtls_write(struct dtls *d, const void *data, size_t len, struct error *err);

bool dtls_established(const struct dtls *d);

/* Milliseconds until dtls_expire() is due, -1: nothing waits.  May change with every call here. */
int dtls_timeout_ms(const struct dtls *d);
/* Sends a flight again.  ERR_DEADLINE: often enough. */
int dtls_expire(struct dtls *d, struct error *err);

/* Tells the other side that it is the end, if there was a beginning. */
void dtls_close(struct dtls *d);

#endif
