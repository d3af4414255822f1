/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 certificates as PEM text: what they say, and who stands behind them.  Any thread. */
#ifndef WGMESH_CRYPTO_CERT_H
#define WGMESH_CRYPTO_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/subject.h"

/* The DNS name in every node's certificate: what API clients verify, wherever they connect. */
#define CERT_SERVER_NAME "wgmesh.internal"

enum {
	CERT_SERIAL_BYTES = 16,		/* of ours; others' may have 20 (RFC 5280, 4.1.2.2) */
	CERT_SERIAL_TEXT_MAX = 2 * 20 + 1,
	CERT_PEM_MAX = 16 * 1024,	/* longer texts are refused unread */
};

struct cert_info {
	struct subject subject;			/* SUBJECT_NONE: not one of a mesh */
	char serial[CERT_SERIAL_TEXT_MAX];	/* lower-case hexadecimal, at least 32 digits */
	int64_t not_before, not_after;		/* seconds since 1970 */
	uint8_t fingerprint[SHA256_BYTES];	/* of the DER form */
};

/* Reads the first certificate of @pem and believes nothing: see cert_verify(). */
int cert_inspect(const char *pem, struct cert_info *ret, struct error *err);

/*
 * @pem is a node's or an administrator's, signed by a certificate of @ca_pem
 * (over those that follow it in @pem, if need be) and valid at @now.  Its mesh
 * is NOT compared: that is the caller's, who knows which mesh he means.
 * ERR_UNAUTHENTICATED with the reason otherwise.
 */
int cert_verify(const char *pem, const char *ca_pem, int64_t now, struct cert_info *ret,
		struct error *err);

/*
 * One certificate between its two forms; the results are the caller's to free().  PEM is only
 * decoded: whether a certificate is inside was seen when @pem was loaded or issued.
 */
int cert_pem_to_der(const char *pem, uint8_t **ret_der, size_t *ret_len, struct error *err);
int cert_der_to_pem(const uint8_t *der, size_t len, char **ret_pem, struct error *err);

#endif
