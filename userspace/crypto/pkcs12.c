// SPDX-License-Identifier: Apache-2.0
#include "crypto/pkcs12.h"

#include <openssl/pkcs12.h>

#include "crypto/openssl.h"

/* Those behind the first of @cert_pem, and the CA's. */
static STACK_OF(X509) *others(const struct identity *id, X509 **ret_own)
{
	STACK_OF(X509) *certs = openssl_parse_certs(id->cert_pem);
	STACK_OF(X509) *cas = openssl_parse_certs(id->ca_pem);
	X509 *own = certs ? sk_X509_shift(certs) : NULL;
	bool ok = own && cas && X509_add_certs(certs, cas, X509_ADD_FLAG_UP_REF);

	sk_X509_pop_free(cas, X509_free);
	if (ok) {
		*ret_own = own;
		return certs;
	}
	X509_free(own);
	sk_X509_pop_free(certs, X509_free);
	return NULL;
}

static PKCS12 *make(const struct identity *id, const char *name, const char *password)
{
	EVP_PKEY *key = openssl_parse_key(id->key_pem);
	X509 *own = NULL;
	STACK_OF(X509) *rest = key ? others(id, &own) : NULL;
	PKCS12 *made = NULL;

	if (rest)
		made = PKCS12_create(password, name, key, own, rest, 0, 0, 0, 0, 0);
	sk_X509_pop_free(rest, X509_free);
	X509_free(own);
	EVP_PKEY_free(key);
	return made;
}

int pkcs12_encode(const struct identity *id, const char *name, const char *password,
		  struct buf *ret, struct error *err)
{
	PKCS12 *made = make(id, name, password);
	uint8_t *der = NULL;
	int len = made ? i2d_PKCS12(made, &der) : -1;
	int r = 0;

	PKCS12_free(made);
	if (len <= 0)
		return openssl_error(err, ERR_INTERNAL, "the identity of %s does not become PKCS #12",
				     id->info.subject.name);
	if (!buf_append(ret, der, (size_t)len))
		r = error_set(err, ERR_MEMORY, "no memory for PKCS #12");
	OPENSSL_clear_free(der, (size_t)len);
	return r;
}
