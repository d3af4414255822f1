// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/openssl.h"

enum {
	RECORD_PLAIN = 16 * 1024,	/* RFC 8446, 5.1 */
	RECORD_EXTRA = 512,		/* one record's header, tag and padding: ample */
	/* A handshake's or an alert's own output, which nobody paces. */
	OUTPUT_SLACK = 64 * 1024,
};

struct tls_context {
	SSL_CTX *ssl;
	char mesh_id[SUBJECT_NAME_MAX];
};

struct tls_stream {
	SSL *ssl;
	BIO *in, *out;		/* owned by ssl */
	char mesh_id[SUBJECT_NAME_MAX];
	struct cert_info peer;
	bool established;
	bool failed;
};

void tls_context_free(struct tls_context *ctx)
{
	if (!ctx)
		return;
	SSL_CTX_free(ctx->ssl);
	free(ctx);
}

static bool set_rules(SSL_CTX *ssl)
{
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) &&
	       SSL_CTX_set_num_tickets(ssl, 0);
}

/* A browser offers its user the certificates of those alone that a server names. */
static bool trust(SSL_CTX *ssl, const char *ca_pem)
{
	STACK_OF(X509) *certs = openssl_parse_certs(ca_pem);
	bool ok = certs != NULL;

	for (int i = 0; ok && i < sk_X509_num(certs); i++)
		ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), sk_X509_value(certs, i)) == 1 &&
		     SSL_CTX_add_client_CA(ssl, sk_X509_value(certs, i)) == 1;
	sk_X509_pop_free(certs, X509_free);
	return ok;
}

/* Our certificate, and those between it and the CA. */
static bool show(SSL_CTX *ssl, const char *cert_pem)
{
	STACK_OF(X509) *certs = openssl_parse_certs(cert_pem);
	bool ok = certs && SSL_CTX_use_certificate(ssl, sk_X509_value(certs, 0)) == 1;

	for (int i = 1; ok && i < sk_X509_num(certs); i++)
		ok = SSL_CTX_add1_chain_cert(ssl, sk_X509_value(certs, i)) == 1;
	sk_X509_pop_free(certs, X509_free);
	return ok;
}

static bool use_key(SSL_CTX *ssl, const char *key_pem)
{
	EVP_PKEY *key = openssl_parse_key(key_pem);
	bool ok = key && SSL_CTX_use_PrivateKey(ssl, key) == 1 &&
		  SSL_CTX_check_private_key(ssl) == 1;

	EVP_PKEY_free(key);
	return ok;
}

int tls_context_new(const struct identity *id, struct tls_context **ret, struct error *err)
{
	struct tls_context *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return error_set(err, ERR_MEMORY, "no memory for TLS");
	memcpy(ctx->mesh_id, id->info.subject.mesh_id, sizeof(ctx->mesh_id));
	ctx->ssl = SSL_CTX_new(TLS_method());
	if (!ctx->ssl || !set_rules(ctx->ssl) || !trust(ctx->ssl, id->ca_pem) ||
	    !show(ctx->ssl, id->cert_pem) || !use_key(ctx->ssl, id->key_pem)) {
		tls_context_free(ctx);
		return openssl_error(err, ERR_INVALID, "TLS does not take the identity of %s",
				     id->info.subject.name);
	}
	*ret = ctx;
	return 0;
}

void tls_stream_free(struct tls_stream *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	free(s);
}

static bool connect_bios(struct tls_stream *s)
{
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	if (!s->in || !s->out) {
		BIO_free(s->in);
		BIO_free(s->out);
		return false;
	}
	SSL_set_bio(s->ssl, s->in, s->out);
	return true;
}

int tls_stream_new(const struct tls_context *ctx, enum tls_side side, struct tls_stream **ret,
		   struct error *err)
{
	struct tls_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, ERR_MEMORY, "no memory for a TLS stream");
	memcpy(s->mesh_id, ctx->mesh_id, sizeof(s->mesh_id));
	s->ssl = SSL_new(ctx->ssl);
	if (!s->ssl || !connect_bios(s)) {
		tls_stream_free(s);
		return openssl_error(err, ERR_MEMORY, "no memory for a TLS stream");
	}
	if (side == TLS_CLIENT)
		SSL_set_connect_state(s->ssl);
	else
		SSL_set_accept_state(s->ssl);
	*ret = s;
	return 0;
}

int tls_feed(struct tls_stream *s, const void *data, size_t len, struct error *err)
{
	if (len > TLS_INPUT_MAX || BIO_pending(s->in) > TLS_INPUT_MAX - (int)len) {
		s->failed = true;
		return error_set(err, ERR_EXHAUSTED, "more than %d bytes wait to be decrypted",
				 TLS_INPUT_MAX);
	}
	if (len && BIO_write(s->in, data, (int)len) != (int)len) {
		s->failed = true;
		return openssl_error(err, ERR_MEMORY, "no memory for TLS input");
	}
	return 0;
}

size_t tls_output(const struct tls_stream *s)
{
	return (size_t)BIO_pending(s->out);
}

size_t tls_take(struct tls_stream *s, void *out, size_t cap)
{
	int n = BIO_read(s->out, out, cap > INT_MAX ? INT_MAX : (int)cap);

	return n > 0 ? (size_t)n : 0;
}

bool tls_established(const struct tls_stream *s)
{
	return s->established && !s->failed;
}

const struct cert_info *tls_peer(const struct tls_stream *s)
{
	return s->established ? &s->peer : NULL;
}

static int fail(struct tls_stream *s, struct error *err, enum error_kind kind, const char *what)
{
	s->failed = true;
	return openssl_error(err, kind, "%s", what);
}

/* A certificate was the matter, ours or theirs, as far as the library tells. */
static int handshake_error(struct tls_stream *s, struct error *err)
{
	long verdict = SSL_get_verify_result(s->ssl);
	char text[160];

	if (verdict != X509_V_OK) {
		ERR_clear_error();
		snprintf(text, sizeof(text), "the other side's certificate is not acceptable: %s",
			 X509_verify_cert_error_string(verdict));
		return fail(s, err, ERR_UNAUTHENTICATED, text);
	}
	return fail(s, err, ERR_UNAUTHENTICATED, "TLS handshake failed");
}

/* The CA vouches for the certificate; this asks whether it is one of our mesh. */
static int check_peer(struct tls_stream *s, struct error *err)
{
	X509 *cert = SSL_get1_peer_certificate(s->ssl);
	struct cert_info info;
	int r;

	if (!cert)
		return fail(s, err, ERR_UNAUTHENTICATED, "the other side has no certificate");
	r = openssl_cert_info(cert, &info, err);
	X509_free(cert);
	if (r) {
		s->failed = true;
		return r;
	}
	if ((info.subject.kind != SUBJECT_NODE && info.subject.kind != SUBJECT_ADMIN) ||
	    strcmp(info.subject.mesh_id, s->mesh_id) != 0)
		return fail(s, err, ERR_UNAUTHENTICATED,
			    "the other side's certificate is not of this mesh");
	s->peer = info;
	s->established = true;
	return 0;
}

/* Answers that nobody takes would grow without end. */
static int check_output(struct tls_stream *s, struct error *err)
{
	if (tls_output(s) > TLS_OUTPUT_MAX + OUTPUT_SLACK)
		return fail(s, err, ERR_EXHAUSTED, "too much TLS output waits to be sent");
	return 0;
}

static int handshake(struct tls_stream *s, struct error *err)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(s->ssl);
	if (r == 1)
		return check_peer(s, err);
	if (SSL_get_error(s->ssl, r) == SSL_ERROR_WANT_READ)
		return check_output(s, err);
	return handshake_error(s, err);
}

static int read_error(struct tls_stream *s, int result, struct error *err)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return check_output(s, err);
	case SSL_ERROR_ZERO_RETURN:
		return fail(s, err, ERR_UNAVAILABLE, "the other side ended the connection");
	default:
		/* In TLS 1.3 a client learns only here that its certificate was refused. */
		return fail(s, err, ERR_UNAUTHENTICATED, "TLS failed");
	}
}

int tls_read(struct tls_stream *s, void *out, size_t cap, size_t *ret_len, struct error *err)
{
	size_t len = 0;
	int r;

	if (s->failed)
		return error_set(err, ERR_PRECONDITION, "the TLS stream has failed before");
	if (!s->established) {
		r = handshake(s, err);
		if (r || !s->established) {
			if (!r)
				*ret_len = 0;
			return r;
		}
	}
	ERR_clear_error();
	r = SSL_read_ex(s->ssl, out, cap, &len);
	if (r != 1) {
		r = read_error(s, r, err);
		if (r)
			return r;
		len = 0;
	}
	*ret_len = len;
	return 0;
}

int tls_write(struct tls_stream *s, const void *data, size_t len, size_t *ret_len,
	      struct error *err)
{
	size_t done = 0;

	if (!tls_established(s))
		return error_set(err, ERR_PRECONDITION, "the TLS stream is not established");
	while (done < len && tls_output(s) + RECORD_PLAIN + RECORD_EXTRA <= TLS_OUTPUT_MAX) {
		size_t n = len - done < RECORD_PLAIN ? len - done : RECORD_PLAIN;
		size_t written;

		ERR_clear_error();
		if (SSL_write_ex(s->ssl, (const uint8_t *)data + done, n, &written) != 1)
			return fail(s, err, ERR_INTERNAL, "TLS does not take what is to be sent");
		done += written;
	}
	*ret_len = done;
	return 0;
}

void tls_close(struct tls_stream *s)
{
	if (!tls_established(s))
		return;
	ERR_clear_error();
	SSL_shutdown(s->ssl);
	ERR_clear_error();
}
