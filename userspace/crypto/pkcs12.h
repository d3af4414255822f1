/* SPDX-License-Identifier: Apache-2.0 */
/* An identity as browsers and systems' key stores take it: one file, under a password.  Any thread. */
#ifndef WGMESH_CRYPTO_PKCS12_H
#define WGMESH_CRYPTO_PKCS12_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/identity.h"

/*
 * Appends PKCS #12 (RFC 7292): key, certificate and the CA's, encrypted by AES-256 and PBKDF2 with
 * @password, of which one with 128 random bits needs no more rounds.  @name is what it is listed as.
 * The result is a secret.
 */
int pkcs12_encode(const struct identity *id, const char *name, const char *password,
		  struct buf *ret, struct error *err);

#endif
