// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

int openssl_error(struct error *err, enum error_kind kind, const char *fmt, ...)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	char text[ERROR_TEXT_MAX];
	va_list args;

	ERR_clear_error();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(err, kind, reason ? "%s: %s" : "%s", text, reason);
}

/* Encrypted keys are refused: the default would ask for a password on the terminal. */
static int no_password(char *out, int size, int writing, void *data)
{
	return -1;
}

static BIO *text_bio(const char *pem)
{
	size_t len = strnlen(pem, CERT_PEM_MAX + 1);

	return len > CERT_PEM_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
}

X509 *openssl_parse_cert(const char *pem)
{
	BIO *bio = text_bio(pem);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	return cert;
}

uint8_t *openssl_decode_cert(const char *pem, size_t *ret_len)
{
	BIO *bio = text_bio(pem);
	uint8_t *der = NULL;
	long len = 0;

	if (!bio || !PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509, bio, no_password, NULL))
		der = NULL;
	BIO_free(bio);
	*ret_len = (size_t)len;
	return der;
}

EVP_PKEY *openssl_parse_key(const char *pem)
{
	BIO *bio = text_bio(pem);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	return key;
}

X509_REQ *openssl_parse_request(const char *pem)
{
	BIO *bio = text_bio(pem);
	X509_REQ *request = bio ? PEM_read_bio_X509_REQ(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	return request;
}

/* The end of the text is the one error that a loop over PEM blocks may stop at. */
static bool at_end(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

STACK_OF(X509) *openssl_parse_certs(const char *pem)
{
	BIO *bio = text_bio(pem);
	STACK_OF(X509) *certs = bio ? sk_X509_new_null() : NULL;
	X509 *cert;

	ERR_clear_error();
	while (certs && (cert = PEM_read_bio_X509(bio, NULL, no_password, NULL))) {
		if (!sk_X509_push(certs, cert)) {
			X509_free(cert);
			break;
		}
	}
	if (!certs || !sk_X509_num(certs) || !at_end()) {
		sk_X509_pop_free(certs, X509_free);
		certs = NULL;
	} else {
		ERR_clear_error();
	}
	BIO_free(bio);
	return certs;
}

/* What @bio holds, as a string; the copy inside is wiped, as it may be a key. */
static char *take_text(BIO *bio, int written)
{
	char *data, *text = NULL;
	long len = written ? BIO_get_mem_data(bio, &data) : 0;

	if (len > 0)
		text = strndup(data, (size_t)len);
	if (len > 0)
		OPENSSL_cleanse(data, (size_t)len);
	BIO_free(bio);
	return text;
}

char *openssl_format_cert(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio ? take_text(bio, PEM_write_bio_X509(bio, cert)) : NULL;
}

char *openssl_format_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio ? take_text(bio, PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		   : NULL;
}

char *openssl_format_request(X509_REQ *request)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio ? take_text(bio, PEM_write_bio_X509_REQ(bio, request)) : NULL;
}

EVP_PKEY *openssl_generate_p256(void)
{
	return EVP_EC_gen("P-256");
}
