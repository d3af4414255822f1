// SPDX-License-Identifier: Apache-2.0
#include "crypto/identity.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "crypto/openssl.h"

void identity_key_free(char *key_pem)
{
	if (key_pem)
		wipe(key_pem, strlen(key_pem));
	free(key_pem);
}

void identity_fini(struct identity *id)
{
	free(id->ca_pem);
	free(id->cert_pem);
	identity_key_free(id->key_pem);
	*id = (struct identity){ 0 };
}

/* Written anew, so that nothing but certificates gets into what others are shown. */
static char *certs_only(const char *pem)
{
	STACK_OF(X509) *certs = openssl_parse_certs(pem);
	struct buf text = BUF_INIT(CERT_PEM_MAX);
	char *ret = NULL;

	for (int i = 0; i < sk_X509_num(certs); i++) {
		char *one = openssl_format_cert(sk_X509_value(certs, i));

		if (!one || !buf_append_text(&text, one))
			text.failed = true;
		free(one);
	}
	if (text.len && !text.failed)
		ret = strdup(buf_text(&text));
	buf_fini(&text);
	sk_X509_pop_free(certs, X509_free);
	return ret;
}

static char *key_only(const char *pem)
{
	EVP_PKEY *key = openssl_parse_key(pem);
	char *ret = key ? openssl_format_key(key) : NULL;

	EVP_PKEY_free(key);
	return ret;
}

static int check_key(const struct identity *id, struct error *err)
{
	X509 *cert = openssl_parse_cert(id->cert_pem);
	EVP_PKEY *key = openssl_parse_key(id->key_pem);
	int r = 0;

	if (!cert || !key || X509_check_private_key(cert, key) != 1)
		r = openssl_error(err, ERR_INVALID, "the private key is not the certificate's");
	X509_free(cert);
	EVP_PKEY_free(key);
	return r;
}

static int check(struct identity *id, struct error *err)
{
	int r;

	if (!id->ca_pem)
		return openssl_error(err, ERR_INVALID, "the CA is not a certificate in PEM form");
	if (!id->cert_pem)
		return openssl_error(err, ERR_INVALID, "no certificate in PEM form");
	if (!id->key_pem)
		return openssl_error(err, ERR_INVALID, "no unencrypted private key in PEM form");
	r = check_key(id, err);
	if (!r)
		r = cert_inspect(id->cert_pem, &id->info, err);
	/* In its own last second: whether it has expired is another question. */
	if (!r && cert_verify(id->cert_pem, id->ca_pem, id->info.not_after - 1, &id->info, err))
		r = error_set(err, ERR_INVALID, "the certificate is not one of the CA beside it");
	return r;
}

int identity_init(struct identity *ret, const char *ca_pem, const char *cert_pem,
		  const char *key_pem, struct error *err)
{
	struct identity id = {
		.ca_pem = certs_only(ca_pem),
		.cert_pem = certs_only(cert_pem),
		.key_pem = key_only(key_pem),
	};
	int r = check(&id, err);

	if (r)
		identity_fini(&id);
	else
		*ret = id;
	return r;
}

int identity_copy(struct identity *ret, const struct identity *id, struct error *err)
{
	struct identity copy = {
		.ca_pem = strdup(id->ca_pem),
		.cert_pem = strdup(id->cert_pem),
		.key_pem = strdup(id->key_pem),
		.info = id->info,
	};

	if (!copy.ca_pem || !copy.cert_pem || !copy.key_pem) {
		identity_fini(&copy);
		return error_set(err, ERR_MEMORY, "no memory for an identity");
	}
	*ret = copy;
	return 0;
}

static int path_in(const char *dir, const char *name, char ret[PATH_MAX], struct error *err)
{
	if ((size_t)snprintf(ret, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		return error_set(err, ERR_INVALID, "path %.100s... is too long", dir);
	return 0;
}

static int save_node(const struct identity *id, const char *path, struct error *err)
{
	struct buf text = BUF_INIT(2 * CERT_PEM_MAX);
	int r;

	if (!buf_append_text(&text, id->key_pem) || !buf_append_text(&text, id->cert_pem))
		r = error_set(err, ERR_MEMORY, "no memory to write %s", path);
	else
		r = file_write_atomic(path, text.data, text.len, 0600, err);
	buf_fini_secret(&text);
	return r;
}

int identity_save(const struct identity *id, const char *dir, struct error *err)
{
	char path[PATH_MAX];
	int r = path_in(dir, IDENTITY_CA_FILE, path, err);

	if (!r)
		r = file_write_atomic(path, id->ca_pem, strlen(id->ca_pem), 0644, err);
	if (!r)
		r = path_in(dir, IDENTITY_NODE_FILE, path, err);
	return r ? r : save_node(id, path, err);
}

static int read_in(const char *dir, const char *name, struct buf *ret, struct error *err)
{
	char path[PATH_MAX];
	int r = path_in(dir, name, path, err);

	return r ? r : file_read(path, ret, err);
}

int identity_load(const char *dir, struct identity *ret, struct error *err)
{
	struct buf ca = BUF_INIT(CERT_PEM_MAX), node = BUF_INIT(CERT_PEM_MAX);
	int r = read_in(dir, IDENTITY_CA_FILE, &ca, err);

	if (!r)
		r = read_in(dir, IDENTITY_NODE_FILE, &node, err);
	if (!r) {
		r = identity_init(ret, buf_text(&ca), buf_text(&node), buf_text(&node), err);
		if (r)
			error_prefix(err, "identity in %s", dir);
	}
	buf_fini(&ca);
	buf_fini_secret(&node);
	return r;
}

int64_t identity_expires_in(const struct identity *id, int64_t now)
{
	return id->info.not_after - now;
}

int identity_request(char **ret_key_pem, char **ret_csr_pem, struct error *err)
{
	EVP_PKEY *key = openssl_generate_p256();
	X509_REQ *request = X509_REQ_new();
	char *key_pem = NULL, *csr_pem = NULL;

	if (key && request && X509_REQ_set_version(request, X509_REQ_VERSION_1) &&
	    X509_REQ_set_pubkey(request, key) && X509_REQ_sign(request, key, EVP_sha256())) {
		key_pem = openssl_format_key(key);
		csr_pem = openssl_format_request(request);
	}
	EVP_PKEY_free(key);
	X509_REQ_free(request);
	if (!key_pem || !csr_pem) {
		identity_key_free(key_pem);
		free(csr_pem);
		return openssl_error(err, ERR_INTERNAL, "cannot make a key and its request");
	}
	*ret_key_pem = key_pem;
	*ret_csr_pem = csr_pem;
	return 0;
}
