// SPDX-License-Identifier: Apache-2.0
#include "crypto/dtls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "crypto/openssl.h"

enum {
	VALID_SECONDS = 400 * 24 * 3600,	/* longer than any daemon runs; nobody looks */
	CLOCK_SKEW_SECONDS = 24 * 3600,
	UDP_IP_OVERHEAD = 48,			/* with IPv6 */
};

struct dtls_identity {
	X509 *cert;
	EVP_PKEY *key;
	BIO_METHOD *datagrams;
	uint8_t fingerprint[SHA256_BYTES];
};

struct dtls {
	SSL_CTX *ctx;
	SSL *ssl;
	struct dtls_config config;
	const void *input;	/* the datagram that is fed, NULL when it is read */
	size_t input_len;
	bool established;
	bool failed;
};

/* ---- a BIO that keeps the boundaries of datagrams ---- */

static int datagram_write(BIO *bio, const char *data, int len)
{
	struct dtls *d = BIO_get_data(bio);

	d->config.send(data, (size_t)len, d->config.ctx);
	return len;
}

static int datagram_read(BIO *bio, char *out, int cap)
{
	struct dtls *d = BIO_get_data(bio);
	size_t n = d->input_len < (size_t)cap ? d->input_len : (size_t)cap;

	BIO_clear_retry_flags(bio);
	if (!d->input) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(out, d->input, n);
	d->input = NULL;	/* what does not fit is lost, as with recv() */
	return (int)n;
}

static long datagram_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return DTLS_DATAGRAM_MAX;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return UDP_IP_OVERHEAD;
	default:
		return 0;
	}
}

static BIO_METHOD *datagrams_new(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");

	if (m && BIO_meth_set_write(m, datagram_write) && BIO_meth_set_read(m, datagram_read) &&
	    BIO_meth_set_ctrl(m, datagram_ctrl))
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* ---- identity ---- */

static X509 *sign_own(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;

	if (name && X509_set_version(cert, X509_VERSION_3) &&
	    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -CLOCK_SKEW_SECONDS) &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), VALID_SECONDS) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"WebRTC", -1,
				       -1, 0) &&
	    X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
	    X509_sign(cert, key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

static bool digest(const X509 *cert, uint8_t ret[SHA256_BYTES])
{
	unsigned int len;

	return X509_digest(cert, EVP_sha256(), ret, &len) == 1;
}

int dtls_identity_new(struct dtls_identity **ret, struct error *err)
{
	struct dtls_identity *id = calloc(1, sizeof(*id));

	if (!id)
		return error_set(err, ERR_MEMORY, "no memory for a DTLS certificate");
	id->key = openssl_generate_p256();
	id->cert = id->key ? sign_own(id->key) : NULL;
	id->datagrams = datagrams_new();
	if (!id->cert || !id->datagrams || !digest(id->cert, id->fingerprint)) {
		dtls_identity_free(id);
		return openssl_error(err, ERR_INTERNAL, "cannot make a DTLS certificate");
	}
	*ret = id;
	return 0;
}

void dtls_identity_free(struct dtls_identity *id)
{
	if (!id)
		return;
	X509_free(id->cert);
	EVP_PKEY_free(id->key);
	BIO_meth_free(id->datagrams);
	free(id);
}

const uint8_t *dtls_identity_fingerprint(const struct dtls_identity *id)
{
	return id->fingerprint;
}

/* ---- connections ---- */

/* Nobody signed the certificate: it is the one whose fingerprint we were told, or it is wrong. */
static int verify(X509_STORE_CTX *store, void *arg)
{
	struct dtls *d = arg;
	const X509 *cert = X509_STORE_CTX_get0_cert(store);
	uint8_t theirs[SHA256_BYTES];

	if (cert && digest(cert, theirs) && secret_equal(theirs, d->config.peer, SHA256_BYTES))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

/*
 * Keys for media (RFC 5764), which nobody will ask for: a client that may carry media, as pion, offers them
 * for data alone too, and hangs up where the server agrees to none.
 */
static const char MEDIA_PROFILES[] = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

static bool set_rules(struct dtls *d)
{
	const struct dtls_identity *id = d->config.identity;

	SSL_CTX_set_options(d->ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
				    SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_session_cache_mode(d->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(d->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(d->ctx, verify, d);
	SSL_CTX_set_read_ahead(d->ctx, 1);
	return SSL_CTX_set_min_proto_version(d->ctx, DTLS1_2_VERSION) &&
	       SSL_CTX_set_tlsext_use_srtp(d->ctx, MEDIA_PROFILES) == 0 &&
	       SSL_CTX_use_certificate(d->ctx, id->cert) == 1 &&
	       SSL_CTX_use_PrivateKey(d->ctx, id->key) == 1;
}

static bool connect_bio(struct dtls *d)
{
	BIO *bio = BIO_new(d->config.identity->datagrams);

	if (!bio)
		return false;
	BIO_set_data(bio, d);
	BIO_set_init(bio, 1);
	SSL_set_bio(d->ssl, bio, bio);
	DTLS_set_link_mtu(d->ssl, DTLS_DATAGRAM_MAX + UDP_IP_OVERHEAD);
	return true;
}

int dtls_new(const struct dtls_config *config, struct dtls **ret, struct error *err)
{
	struct dtls *d = calloc(1, sizeof(*d));

	if (!d)
		return error_set(err, ERR_MEMORY, "no memory for DTLS");
	d->config = *config;
	d->ctx = SSL_CTX_new(DTLS_method());
	if (d->ctx && set_rules(d))
		d->ssl = SSL_new(d->ctx);
	if (!d->ssl || !connect_bio(d)) {
		dtls_free(d);
		return openssl_error(err, ERR_MEMORY, "no memory for DTLS");
	}
	if (config->side == DTLS_CLIENT)
		SSL_set_connect_state(d->ssl);
	else
		SSL_set_accept_state(d->ssl);
	*ret = d;
	return 0;
}

void dtls_free(struct dtls *d)
{
	if (!d)
		return;
	SSL_free(d->ssl);
	SSL_CTX_free(d->ctx);
	free(d);
}

bool dtls_is_record(const void *datagram, size_t len)
{
	uint8_t first = len ? *(const uint8_t *)datagram : 0;

	return first >= 20 && first <= 63;
}

static int fail(struct dtls *d, struct error *err, enum error_kind kind, const char *what)
{
	d->failed = true;
	return openssl_error(err, kind, "%s", what);
}

static int handshake(struct dtls *d, struct error *err)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(d->ssl);
	if (r == 1) {
		d->established = true;
		return 0;
	}
	if (SSL_get_error(d->ssl, r) == SSL_ERROR_WANT_READ)
		return 0;
	if (SSL_get_verify_result(d->ssl) != X509_V_OK)
		return fail(d, err, ERR_UNAUTHENTICATED,
			    "the other side's certificate has not the fingerprint of its description");
	return fail(d, err, ERR_UNAUTHENTICATED, "DTLS handshake failed");
}

int dtls_start(struct dtls *d, struct error *err)
{
	return d->config.side == DTLS_CLIENT ? handshake(d, err) : 0;
}

void dtls_feed(struct dtls *d, const void *datagram, size_t len)
{
	d->input = datagram;
	d->input_len = len;
}

/* A record that does not decrypt is dropped by the library without a word (RFC 6347, 4.1.2.7). */
static int read_error(struct dtls *d, int result, struct error *err)
{
	switch (SSL_get_error(d->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return fail(d, err, ERR_UNAVAILABLE, "the other side ended the connection");
	default:
		return fail(d, err, ERR_UNAVAILABLE, "DTLS failed");
	}
}

int dtls_read(struct dtls *d, void *out, size_t cap, size_t *ret_len, struct error *err)
{
	size_t len = 0;
	int r;

	if (d->failed)
		return error_set(err, ERR_PRECONDITION, "DTLS has failed before");
	if (!d->established) {
		r = handshake(d, err);
		if (r)
			return r;
	}
	if (d->established) {
		ERR_clear_error();
		r = SSL_read_ex(d->ssl, out, cap, &len);
		if (r != 1) {
			r = read_error(d, r, err);
			if (r)
				return r;
			len = 0;
		}
	}
	*ret_len = len;
	return 0;
}

int dtls_write(struct dtls *d, const void *data, size_t len, struct error *err)
{
	size_t written;

	if (!dtls_established(d))
		return error_set(err, ERR_PRECONDITION, "DTLS is not established");
	ERR_clear_error();
	if (SSL_write_ex(d->ssl, data, len, &written) != 1)
		return fail(d, err, ERR_INTERNAL, "DTLS does not take what is to be sent");
	return 0;
}

bool dtls_pending(const struct dtls *d)
{
	return d->input || SSL_has_pending(d->ssl);
}

bool dtls_established(const struct dtls *d)
{
	return d->established && !d->failed;
}

int dtls_timeout_ms(const struct dtls *d)
{
	struct timeval left;

	if (d->failed || !DTLSv1_get_timeout(d->ssl, &left))
		return -1;
	return (int)(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

int dtls_expire(struct dtls *d, struct error *err)
{
	ERR_clear_error();
	if (DTLSv1_handle_timeout(d->ssl) < 0)
		return fail(d, err, ERR_DEADLINE, "the other side does not answer DTLS");
	return 0;
}

void dtls_close(struct dtls *d)
{
	if (!dtls_established(d))
		return;
	ERR_clear_error();
	SSL_shutdown(d->ssl);
	ERR_clear_error();
}
