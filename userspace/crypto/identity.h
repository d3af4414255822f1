/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who this machine is: its private key, its certificate and the CA that it
 * believes, as PEM texts ready for TLS.  Any thread, one at a time per object.
 *
 * In a folder (0700) they are two files, and the CA's key a third:
 *	ca.pem		the certificates that are believed		0644
 *	node.pem	the private key and the certificate behind it	0600
 *	ca.key		on voters that issue certificates (ca.h)	0600
 * Key and certificate share one file so that a renewal is one rename: a crash
 * cannot leave the new key beside the old certificate.
 */
#ifndef WGMESH_CRYPTO_IDENTITY_H
#define WGMESH_CRYPTO_IDENTITY_H

#include <stdint.h>

#include "base/error.h"
#include "crypto/cert.h"

#define IDENTITY_CA_FILE	"ca.pem"
#define IDENTITY_NODE_FILE	"node.pem"
#define IDENTITY_CA_KEY_FILE	"ca.key"

struct identity {
	char *ca_pem;
	char *cert_pem;
	char *key_pem;
	struct cert_info info;	/* of cert_pem */
};

/*
 * Copies the three texts.  ERR_INVALID unless they belong together: the key
 * is the certificate's, the CA signed it, and it names a node or an
 * administrator.  Expiry is not looked at: see identity_expires_in().
 */
int identity_init(struct identity *ret, const char *ca_pem, const char *cert_pem,
		  const char *key_pem, struct error *err);
int identity_copy(struct identity *ret, const struct identity *id, struct error *err);
void identity_fini(struct identity *id);	/* wipes the key */

/* @dir exists.  ERR_NOT_FOUND from load: this machine has not joined a mesh. */
int identity_save(const struct identity *id, const char *dir, struct error *err);
int identity_load(const char *dir, struct identity *ret, struct error *err);

/* Seconds that the certificate still lives; 0 or less: expired. */
int64_t identity_expires_in(const struct identity *id, int64_t now);

/*
 * A new P-256 key and the request to certify it; both are the caller's to
 * free, the key with identity_key_free().  The request carries no name: the CA
 * decides whose it is.
 */
int identity_request(char **ret_key_pem, char **ret_csr_pem, struct error *err);
void identity_key_free(char *key_pem);	/* wipes; NULL is fine */

#endif
