/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Join tokens: all that a new machine needs, in one string that survives
 * copying by hand or is refused:
 *	wgmesh1.BODY.CHECK
 * BODY is base64url (RFC 4648 section 5, no padding) of the fields below, CHECK
 * the first 48 bits of the SHA-256 of everything before its dot, likewise.
 * Pure; any thread.
 */
#ifndef WGMESH_CRYPTO_TOKEN_H
#define WGMESH_CRYPTO_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/subject.h"

enum {
	TOKEN_ID_MAX = 17,		/* 16 lower-case hexadecimal digits and a NUL */
	TOKEN_SECRET_BYTES = 32,
	TOKEN_CA_MAX = 2048,		/* bytes of the CA's certificate as DER */
	TOKEN_ADDRESSES_MAX = 4,
	TOKEN_ADDRESS_MAX = 256,	/* "host:port" and a NUL */
	TOKEN_TEXT_MAX = 4608,
};

struct token {
	char id[TOKEN_ID_MAX];
	uint8_t secret[TOKEN_SECRET_BYTES];
	char mesh_id[SUBJECT_NAME_MAX];
	uint8_t ca_der[TOKEN_CA_MAX];	/* what the joining machine pins */
	size_t ca_der_len;
	char addresses[TOKEN_ADDRESSES_MAX][TOKEN_ADDRESS_MAX];	/* gRPC, tried in this order */
	size_t address_count;		/* 1 or more */
};

/* A fresh id and secret for the mesh of @ca_pem; the caller adds addresses. */
int token_generate(const char *ca_pem, const char *mesh_id, struct token *ret, struct error *err);
/* ERR_EXHAUSTED beyond TOKEN_ADDRESSES_MAX; "name:port", "192.0.2.1:8443" or "[::1]:8443". */
int token_add_address(struct token *token, const char *host_port, struct error *err);

int token_format(const struct token *token, char ret[TOKEN_TEXT_MAX], struct error *err);
/* Blanks around @text are fine.  ERR_INVALID says whether it is cut short, mistyped or no token. */
int token_parse(const char *text, struct token *ret, struct error *err);
void token_wipe(struct token *token);

/* What the mesh stores instead of the secret. */
int token_hash(const uint8_t *secret, size_t len, uint8_t ret[SHA256_BYTES], struct error *err);
/* Constant time; false for any @len but TOKEN_SECRET_BYTES. */
bool token_secret_matches(const uint8_t *secret, size_t len, const uint8_t hash[SHA256_BYTES]);

#endif
