/* SPDX-License-Identifier: Apache-2.0 */
/* Private to crypto/: what its files share of OpenSSL. */
#ifndef WGMESH_CRYPTO_OPENSSL_H
#define WGMESH_CRYPTO_OPENSSL_H

#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "crypto/cert.h"

/* error_set() with the library's own first reason behind; empties its error queue. */
int openssl_error(struct error *err, enum error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* NULL for what is not exactly that, is too long or, for keys, encrypted. */
X509 *openssl_parse_cert(const char *pem);
uint8_t *openssl_decode_cert(const char *pem, size_t *ret_len);	/* for OPENSSL_free() */
EVP_PKEY *openssl_parse_key(const char *pem);
X509_REQ *openssl_parse_request(const char *pem);
/* All certificates of @pem, one or more; NULL if any is malformed. */
STACK_OF(X509) *openssl_parse_certs(const char *pem);

/* For free(), the key after a wipe; NULL without memory. */
char *openssl_format_cert(X509 *cert);
char *openssl_format_key(EVP_PKEY *key);
char *openssl_format_request(X509_REQ *request);

EVP_PKEY *openssl_generate_p256(void);

/* What cert_inspect() tells, of a certificate already parsed. */
int openssl_cert_info(X509 *cert, struct cert_info *ret, struct error *err);

#endif
