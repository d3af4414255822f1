// SPDX-License-Identifier: Apache-2.0
#include "crypto/cert.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include "crypto/openssl.h"

static int read_serial(X509 *cert, char ret[CERT_SERIAL_TEXT_MAX], struct error *err)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	uint8_t raw[(CERT_SERIAL_TEXT_MAX - 1) / 2];
	int len = bn ? BN_num_bytes(bn) : 0;
	int r = 0;

	if (len < CERT_SERIAL_BYTES)
		len = CERT_SERIAL_BYTES;
	if (!bn || BN_is_negative(bn) || len > (int)sizeof(raw) ||
	    BN_bn2binpad(bn, raw, len) != len)
		r = openssl_error(err, ERR_INVALID, "the certificate's serial number is malformed");
	else
		hex_format(raw, (size_t)len, ret);
	BN_free(bn);
	return r;
}

static int read_time(const ASN1_TIME *time, int64_t *ret, struct error *err)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return openssl_error(err, ERR_INVALID, "a time of the certificate is malformed");
	*ret = timegm(&tm);
	return 0;
}

static bool uri_is_subject(const ASN1_IA5STRING *uri, struct subject *ret)
{
	const unsigned char *data = ASN1_STRING_get0_data(uri);
	char text[SUBJECT_TEXT_MAX];
	int len = ASN1_STRING_length(uri);

	/* A NUL inside would show us another name than it shows to others. */
	if (len <= 0 || len >= (int)sizeof(text) || memchr(data, 0, (size_t)len))
		return false;
	memcpy(text, data, (size_t)len);
	text[len] = 0;
	return subject_parse(text, ret);
}

/* Two URIs would be two subjects: then it is nobody's. */
static struct subject read_subject(X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct subject subject = { .kind = SUBJECT_NONE };
	int uris = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_URI)
			continue;
		uris++;
		uri_is_subject(name->d.uniformResourceIdentifier, &subject);
	}
	GENERAL_NAMES_free(names);
	return uris == 1 ? subject : (struct subject){ .kind = SUBJECT_NONE };
}

int openssl_cert_info(X509 *cert, struct cert_info *ret, struct error *err)
{
	struct cert_info info = { .subject = read_subject(cert) };
	int r = read_serial(cert, info.serial, err);

	if (!r)
		r = read_time(X509_get0_notBefore(cert), &info.not_before, err);
	if (!r)
		r = read_time(X509_get0_notAfter(cert), &info.not_after, err);
	if (!r && X509_digest(cert, EVP_sha256(), info.fingerprint, NULL) != 1)
		r = openssl_error(err, ERR_MEMORY, "cannot take the certificate's fingerprint");
	if (!r)
		*ret = info;
	return r;
}

int cert_inspect(const char *pem, struct cert_info *ret, struct error *err)
{
	X509 *cert = openssl_parse_cert(pem);
	int r;

	if (!cert)
		return openssl_error(err, ERR_INVALID, "not a certificate in PEM form");
	r = openssl_cert_info(cert, ret, err);
	X509_free(cert);
	return r;
}

static X509_STORE *store_of(STACK_OF(X509) *trusted)
{
	X509_STORE *store = X509_STORE_new();

	for (int i = 0; store && i < sk_X509_num(trusted); i++) {
		if (!X509_STORE_add_cert(store, sk_X509_value(trusted, i))) {
			X509_STORE_free(store);
			return NULL;
		}
	}
	return store;
}

static int not_acceptable(int verdict, struct error *err)
{
	return openssl_error(err, ERR_UNAUTHENTICATED, "the certificate is not acceptable: %s",
			     X509_verify_cert_error_string(verdict));
}

/* The first of @chain against @store, the others of @chain in between. */
static int verify_chain(STACK_OF(X509) *chain, X509_STORE *store, int64_t now, struct error *err)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int r = 0;

	if (!ctx || X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) != 1) {
		r = openssl_error(err, ERR_MEMORY, "cannot verify a certificate");
	} else {
		X509_STORE_CTX_set_time(ctx, 0, (time_t)now);
		if (X509_verify_cert(ctx) != 1)
			r = not_acceptable(X509_STORE_CTX_get_error(ctx), err);
	}
	X509_STORE_CTX_free(ctx);
	return r;
}

static int verify(STACK_OF(X509) *chain, STACK_OF(X509) *trusted, int64_t now,
		  struct cert_info *ret, struct error *err)
{
	X509_STORE *store;
	struct cert_info info;
	int r;

	if (!chain)
		return openssl_error(err, ERR_UNAUTHENTICATED, "not a certificate in PEM form");
	if (!trusted)
		return openssl_error(err, ERR_INVALID, "the CA is not a certificate in PEM form");
	store = store_of(trusted);
	r = store ? verify_chain(chain, store, now, err)
		  : openssl_error(err, ERR_MEMORY, "cannot verify a certificate");
	X509_STORE_free(store);
	if (!r)
		r = openssl_cert_info(sk_X509_value(chain, 0), &info, err);
	if (r)
		return r;
	if (info.subject.kind != SUBJECT_NODE && info.subject.kind != SUBJECT_ADMIN)
		return error_set(err, ERR_UNAUTHENTICATED,
				 "the certificate is neither a node's nor an administrator's");
	*ret = info;
	return 0;
}

int cert_verify(const char *pem, const char *ca_pem, int64_t now, struct cert_info *ret,
		struct error *err)
{
	STACK_OF(X509) *chain = openssl_parse_certs(pem);
	STACK_OF(X509) *trusted = openssl_parse_certs(ca_pem);
	int r = verify(chain, trusted, now, ret, err);

	sk_X509_pop_free(chain, X509_free);
	sk_X509_pop_free(trusted, X509_free);
	return r;
}

/* To parse what is inside costs a hundred times as much, and the answer is the same bytes. */
int cert_pem_to_der(const char *pem, uint8_t **ret_der, size_t *ret_len, struct error *err)
{
	size_t len;
	uint8_t *decoded = openssl_decode_cert(pem, &len), *der;

	if (!decoded)
		return openssl_error(err, ERR_INVALID, "not a certificate in PEM form");
	der = malloc(len);
	if (der)
		memcpy(der, decoded, len);
	OPENSSL_free(decoded);
	if (!der)
		return error_set(err, ERR_MEMORY, "no memory for a certificate");
	*ret_der = der;
	*ret_len = len;
	return 0;
}

int cert_der_to_pem(const uint8_t *der, size_t len, char **ret_pem, struct error *err)
{
	const uint8_t *at = der;
	X509 *cert = len <= CERT_PEM_MAX ? d2i_X509(NULL, &at, (long)len) : NULL;
	char *pem = NULL;

	if (!cert || at != der + len) {
		X509_free(cert);
		return openssl_error(err, ERR_INVALID, "not a certificate in DER form");
	}
	pem = openssl_format_cert(cert);
	X509_free(cert);
	if (!pem)
		return openssl_error(err, ERR_MEMORY, "cannot encode a certificate");
	*ret_pem = pem;
	return 0;
}
