// SPDX-License-Identifier: Apache-2.0
#include "crypto/ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/file.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

enum { DNS_NAME_MAX = 253 };	/* RFC 1035, 2.3.4, without the last dot */

struct ca {
	X509 *cert;
	EVP_PKEY *key;
	char *cert_pem;
	char *key_pem;
	struct cert_info info;
	char domain[DNS_NAME_MAX + 1];	/* "": none */
};

void ca_free(struct ca *ca)
{
	if (!ca)
		return;
	X509_free(ca->cert);
	EVP_PKEY_free(ca->key);
	free(ca->cert_pem);
	if (ca->key_pem)
		wipe(ca->key_pem, strlen(ca->key_pem));
	free(ca->key_pem);
	free(ca);
}

/* Takes both over, also on failure. */
static int wrap(X509 *cert, EVP_PKEY *key, struct ca **ret, struct error *err)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	int r = 0;

	if (!ca) {
		X509_free(cert);
		EVP_PKEY_free(key);
		return error_set(err, ERR_MEMORY, "no memory for a CA");
	}
	ca->cert = cert;
	ca->key = key;
	ca->cert_pem = openssl_format_cert(cert);
	ca->key_pem = openssl_format_key(key);
	if (!ca->cert_pem || !ca->key_pem)
		r = openssl_error(err, ERR_MEMORY, "cannot encode a CA");
	else
		r = openssl_cert_info(cert, &ca->info, err);
	if (!r && ca->info.subject.kind != SUBJECT_CA)
		r = error_set(err, ERR_INVALID, "the certificate is not one of a mesh's CA");
	if (r)
		ca_free(ca);
	else
		*ret = ca;
	return r;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

static bool add_name(X509_NAME *name, const char *field, const char *value)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, (const uint8_t *)value, -1,
					  -1, 0);
}

static bool set_name(X509_NAME *name, const char *organisation, const char *common_name)
{
	return add_name(name, "O", organisation) && add_name(name, "CN", common_name);
}

static bool set_serial(X509 *cert)
{
	uint8_t raw[CERT_SERIAL_BYTES];
	ASN1_INTEGER *serial;
	BIGNUM *bn;
	bool ok;

	if (random_bytes(raw, sizeof(raw), NULL))
		return false;
	bn = BN_bin2bn(raw, sizeof(raw), NULL);
	serial = BN_to_ASN1_INTEGER(bn, NULL);
	ok = serial && X509_set_serialNumber(cert, serial);
	ASN1_INTEGER_free(serial);
	BN_free(bn);
	return ok;
}

/* All that CA and issued certificates have in common; NULL on any failure. */
static X509 *new_cert(const struct subject *subject, EVP_PKEY *public, int64_t from, int64_t until)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	    X509_set_pubkey(cert, public) &&
	    ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)from) &&
	    ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)until) &&
	    set_name(X509_get_subject_name(cert), subject->mesh_id,
		     subject->kind == SUBJECT_CA ? "wgmesh CA" : subject->name))
		return cert;
	X509_free(cert);
	return NULL;
}

static bool add_alt_name(X509 *cert, const struct subject *subject, const char *domain)
{
	bool named = *domain && strlen(subject->name) + 1 + strlen(domain) <= DNS_NAME_MAX;
	char value[SUBJECT_TEXT_MAX + 64 + DNS_NAME_MAX], uri[SUBJECT_TEXT_MAX];

	/* Names hold no comma and no colon (subject_name_valid): this cannot add a second one. */
	if (subject->kind != SUBJECT_NODE)
		snprintf(value, sizeof(value), "URI:%s", subject_format(subject, uri));
	else
		snprintf(value, sizeof(value), "URI:%s,DNS:" CERT_SERVER_NAME "%s%s%s%s",
			 subject_format(subject, uri), named ? ",DNS:" : "",
			 named ? subject->name : "", named ? "." : "", named ? domain : "");
	return add_extension(cert, NULL, NID_subject_alt_name, value);
}

static X509 *self_sign(const struct subject *subject, EVP_PKEY *key, int64_t now)
{
	X509 *cert = new_cert(subject, key, now - CERT_BACKDATE_SECONDS, now + CA_VALID_SECONDS);

	if (cert && X509_set_issuer_name(cert, X509_get_subject_name(cert)) &&
	    add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    add_extension(cert, cert, NID_subject_key_identifier, "hash") &&
	    add_alt_name(cert, subject, "") && X509_sign(cert, key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

int ca_new(const char *mesh_id, int64_t now, struct ca **ret, struct error *err)
{
	struct subject subject;
	EVP_PKEY *key;
	X509 *cert;

	if (!subject_init(&subject, SUBJECT_CA, mesh_id, ""))
		return error_set(err, ERR_INVALID,
				 "mesh id \"%.64s\" is not 1-63 characters of a-z 0-9 - .",
				 mesh_id);
	key = openssl_generate_p256();
	cert = key ? self_sign(&subject, key, now) : NULL;
	if (!cert) {
		EVP_PKEY_free(key);
		return openssl_error(err, ERR_INTERNAL, "cannot create the CA of mesh %s", mesh_id);
	}
	return wrap(cert, key, ret, err);
}

int ca_parse(const char *cert_pem, const char *key_pem, struct ca **ret, struct error *err)
{
	X509 *cert = openssl_parse_cert(cert_pem);
	EVP_PKEY *key = openssl_parse_key(key_pem);
	int r;

	if (!cert)
		r = openssl_error(err, ERR_INVALID, "the CA's certificate is not in PEM form");
	else if (!key)
		r = openssl_error(err, ERR_INVALID, "the CA's key is not a plain key in PEM form");
	else if (X509_check_private_key(cert, key) != 1)
		r = openssl_error(err, ERR_INVALID, "the CA's key is not that of its certificate");
	else if (X509_check_ca(cert) != 1)
		r = openssl_error(err, ERR_INVALID, "the certificate is no CA's");
	else
		return wrap(cert, key, ret, err);
	X509_free(cert);
	EVP_PKEY_free(key);
	return r;
}

int ca_save(const struct ca *ca, const char *cert_path, const char *key_path, struct error *err)
{
	int r = file_write_atomic(key_path, ca->key_pem, strlen(ca->key_pem), 0600, err);

	return r ? r : file_write_atomic(cert_path, ca->cert_pem, strlen(ca->cert_pem), 0644, err);
}

int ca_load(const char *cert_path, const char *key_path, struct ca **ret, struct error *err)
{
	struct buf cert = BUF_INIT(CERT_PEM_MAX), key = BUF_INIT(CERT_PEM_MAX);
	int r = file_read(cert_path, &cert, err);

	if (!r)
		r = file_read(key_path, &key, err);
	if (!r) {
		r = ca_parse(buf_text(&cert), buf_text(&key), ret, err);
		if (r)
			error_prefix(err, "%s and %s", cert_path, key_path);
	}
	buf_fini(&cert);
	buf_fini_secret(&key);
	return r;
}

const char *ca_cert_pem(const struct ca *ca)
{
	return ca->cert_pem;
}

const char *ca_key_pem(const struct ca *ca)
{
	return ca->key_pem;
}

const char *ca_mesh_id(const struct ca *ca)
{
	return ca->info.subject.mesh_id;
}

void ca_set_domain(struct ca *ca, const char *domain)
{
	bool good = strlen(domain) <= DNS_NAME_MAX &&
		    !domain[strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-.")];

	snprintf(ca->domain, sizeof(ca->domain), "%s", good ? domain : "");
}

static bool key_acceptable(EVP_PKEY *key)
{
	char curve[32];

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return true;
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
	       strcmp(curve, "prime256v1") == 0;
}

/* The requester's public key, once he has shown that he holds the private one. */
static int proven_key(X509_REQ *request, EVP_PKEY **ret, struct error *err)
{
	EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;

	if (!request)
		return openssl_error(err, ERR_INVALID,
				     "not a certificate request (PKCS #10) in PEM form");
	if (!key || !key_acceptable(key))
		return openssl_error(err, ERR_INVALID,
				     "the request's key is neither EC P-256 nor Ed25519");
	if (X509_REQ_verify(request, key) != 1)
		return openssl_error(err, ERR_INVALID,
				     "the request's signature is not by its own key");
	*ret = key;
	return 0;
}

static X509 *certify(const struct ca *ca, const struct subject *subject, EVP_PKEY *public,
		     int64_t from, int64_t until)
{
	const char *usage = subject->kind == SUBJECT_NODE ? "serverAuth,clientAuth" : "clientAuth";
	X509 *cert = new_cert(subject, public, from, until);

	if (cert && X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)) &&
	    add_extension(cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(cert, ca->cert, NID_ext_key_usage, usage) &&
	    add_extension(cert, ca->cert, NID_subject_key_identifier, "hash") &&
	    add_extension(cert, ca->cert, NID_authority_key_identifier, "keyid:always") &&
	    add_alt_name(cert, subject, ca->domain) && X509_sign(cert, ca->key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

/* Takes @cert over. */
static int hand_out(X509 *cert, struct issued *ret, struct error *err)
{
	struct issued issued = { 0 };
	struct cert_info info;
	int r;

	if (!cert)
		return openssl_error(err, ERR_INTERNAL, "cannot issue a certificate");
	r = openssl_cert_info(cert, &info, err);
	if (!r) {
		issued.pem = openssl_format_cert(cert);
		issued.not_after = info.not_after;
		memcpy(issued.serial, info.serial, sizeof(issued.serial));
		if (!issued.pem)
			r = openssl_error(err, ERR_MEMORY, "cannot encode a certificate");
	}
	X509_free(cert);
	if (!r)
		*ret = issued;
	return r;
}

static int check_issue(const struct ca *ca, const struct subject *subject, int64_t now,
		       uint32_t valid_seconds, struct error *err)
{
	if (subject->kind != SUBJECT_NODE && subject->kind != SUBJECT_ADMIN)
		return error_set(err, ERR_INVALID,
				 "only nodes and administrators get certificates of a mesh");
	if (!subject_name_valid(subject->name))
		return error_set(err, ERR_INVALID,
				 "name \"%.64s\" is not 1-63 characters of a-z 0-9 - .",
				 subject->name);
	if (strcmp(subject->mesh_id, ca_mesh_id(ca)) != 0)
		return error_set(err, ERR_INVALID, "mesh %.64s is not this CA's, which is %s",
				 subject->mesh_id, ca_mesh_id(ca));
	if (valid_seconds == 0)
		return error_set(err, ERR_INVALID, "a certificate lives for 1 second or more");
	if (now >= ca->info.not_after)
		return error_set(err, ERR_PRECONDITION, "the CA of mesh %s has expired: renew it",
				 ca_mesh_id(ca));
	return 0;
}

int ca_issue(const struct ca *ca, const struct subject *subject, const char *csr_pem,
	     int64_t now, uint32_t valid_seconds, struct issued *ret, struct error *err)
{
	int64_t until = now + valid_seconds;
	X509_REQ *request;
	EVP_PKEY *key;
	int r = check_issue(ca, subject, now, valid_seconds, err);

	if (r)
		return r;
	if (until > ca->info.not_after)
		until = ca->info.not_after;
	request = openssl_parse_request(csr_pem);
	r = proven_key(request, &key, err);
	if (!r)
		r = hand_out(certify(ca, subject, key, now - CERT_BACKDATE_SECONDS, until), ret,
			     err);
	X509_REQ_free(request);
	return r;
}

void issued_fini(struct issued *issued)
{
	free(issued->pem);
	*issued = (struct issued){ 0 };
}

int ca_make_identity(const struct ca *ca, const struct subject *subject, int64_t now,
		     uint32_t valid_seconds, struct identity *ret, struct error *err)
{
	struct issued issued = { 0 };
	char *key, *csr;
	int r = identity_request(&key, &csr, err);

	if (r < 0)
		return r;
	r = ca_issue(ca, subject, csr, now, valid_seconds, &issued, err);
	if (r == 0)
		r = identity_init(ret, ca_cert_pem(ca), issued.pem, key, err);
	issued_fini(&issued);
	identity_key_free(key);
	free(csr);
	return r;
}
