/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mesh's own certificate authority: ECDSA P-256, the one curve that gRPC's
 * C core, grpc-js and browsers all take.  One thread at a time per object.
 */
#ifndef WGMESH_CRYPTO_CA_H
#define WGMESH_CRYPTO_CA_H

#include <stdint.h>

#include "base/error.h"
#include "crypto/cert.h"
#include "crypto/identity.h"
#include "crypto/subject.h"

enum {
	CA_VALID_SECONDS = 10 * 365 * 86400,
	/* certificates begin earlier: clocks of a mesh differ, and jump */
	CERT_BACKDATE_SECONDS = 86400,
};

struct ca;

/* A new CA for @mesh_id (see subject_name_valid), valid from @now for CA_VALID_SECONDS. */
int ca_new(const char *mesh_id, int64_t now, struct ca **ret, struct error *err);

/* ERR_INVALID unless @key_pem is the key of @cert_pem and @cert_pem a CA of a mesh. */
int ca_parse(const char *cert_pem, const char *key_pem, struct ca **ret, struct error *err);
void ca_free(struct ca *ca);	/* wipes the key */

/* As two files; the key is written first and with mode 0600. */
int ca_save(const struct ca *ca, const char *cert_path, const char *key_path, struct error *err);
int ca_load(const char *cert_path, const char *key_path, struct ca **ret, struct error *err);

/* Owned by @ca.  The second is a secret: it makes whoever holds it the mesh's master. */
const char *ca_cert_pem(const struct ca *ca);
const char *ca_key_pem(const struct ca *ca);
const char *ca_mesh_id(const struct ca *ca);

/*
 * Certificates of nodes have the DNS name NODE.@domain, too, from now on: browsers want the name
 * that they were told in it.  A domain that is none, or too long with the node's name, adds nothing.
 */
void ca_set_domain(struct ca *ca, const char *domain);

struct issued {
	char *pem;				/* the caller's to free() */
	char serial[CERT_SERIAL_TEXT_MAX];	/* 128 random bits */
	int64_t not_after;
};

/*
 * Certify the public key of @csr_pem (PKCS #10; EC P-256 or Ed25519, its own
 * signature checked) for @subject, a node or an administrator of this mesh.
 * Nothing else of the request is read: no name, no extension.  Valid from
 * @now for @valid_seconds (1 or more), but never beyond the CA itself.
 * ERR_INVALID names what is wrong with the request.
 */
int ca_issue(const struct ca *ca, const struct subject *subject, const char *csr_pem,
	     int64_t now, uint32_t valid_seconds, struct issued *ret, struct error *err);
void issued_fini(struct issued *issued);

/* A new key and its certificate, as ca_issue() makes it: for who is on the same machine as @ca. */
int ca_make_identity(const struct ca *ca, const struct subject *subject, int64_t now,
		     uint32_t valid_seconds, struct identity *ret, struct error *err);

#endif
