// SPDX-License-Identifier: Apache-2.0
/* crypto: an identity as browsers take it. */
#include "../cmocka.h"

#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "crypto/ca.h"
#include "crypto/pkcs12.h"

static void make(struct identity *ret, struct buf *ret_p12)
{
	struct error err = { 0 };
	struct subject subject;
	struct ca *ca;

	assert_int_equal(ca_new("mesh", time(NULL), &ca, &err), 0);
	assert_true(subject_init(&subject, SUBJECT_ADMIN, "mesh", "ann"));
	assert_int_equal(ca_make_identity(ca, &subject, time(NULL), 3600, ret, &err), 0);
	assert_int_equal(pkcs12_encode(ret, "ann of the mesh", "a password", ret_p12, &err), 0);
	ca_free(ca);
}

static void what_is_exported_opens_with_its_password_alone(void **state)
{
	struct buf p12 = BUF_INIT(65536);
	STACK_OF(X509) *others = NULL;
	const unsigned char *at;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	struct identity id;
	PKCS12 *read;

	(void)state;
	make(&id, &p12);
	at = p12.data;
	read = d2i_PKCS12(NULL, &at, (long)p12.len);
	assert_non_null(read);
	assert_int_equal(PKCS12_parse(read, "another", &key, &cert, &others), 0);
	assert_int_equal(PKCS12_parse(read, "", &key, &cert, &others), 0);
	assert_int_equal(PKCS12_parse(read, "a password", &key, &cert, &others), 1);
	assert_int_equal(X509_check_private_key(cert, key), 1);
	assert_int_equal(sk_X509_num(others), 1);
	assert_int_equal(X509_check_ca(sk_X509_value(others, 0)), 1);
	assert_null(memmem(p12.data, p12.len, "mesh", 4));	/* certificates, too, are encrypted */
	sk_X509_pop_free(others, X509_free);
	X509_free(cert);
	EVP_PKEY_free(key);
	PKCS12_free(read);
	buf_fini(&p12);
	identity_fini(&id);
}

static void nodes_have_their_name_in_the_domain_that_is_told(void **state)
{
	static const struct { const char *domain, *name; } domains[] = {
		{ "webmesh.internal", "n1.webmesh.internal" }, { "", NULL },
		{ "x,DNS:bank.example", NULL }, { "x\nDNS:y", NULL },
	};
	struct error err = { 0 };
	struct subject subject;
	struct ca *ca;

	(void)state;
	assert_int_equal(ca_new("mesh", time(NULL), &ca, &err), 0);
	assert_true(subject_init(&subject, SUBJECT_NODE, "mesh", "n1"));
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		struct identity id;
		BIO *pem;
		X509 *cert;

		ca_set_domain(ca, domains[i].domain);
		assert_int_equal(ca_make_identity(ca, &subject, time(NULL), 60, &id, &err), 0);
		pem = BIO_new_mem_buf(id.cert_pem, -1);
		cert = PEM_read_bio_X509(pem, NULL, NULL, NULL);
		assert_int_equal(X509_check_host(cert, "wgmesh.internal", 0, 0, NULL), 1);
		assert_int_equal(X509_check_host(cert, "bank.example", 0, 0, NULL), 0);
		assert_int_equal(X509_check_host(cert, "n1.webmesh.internal", 0, 0, NULL),
				 domains[i].name != NULL);
		assert_string_equal(id.info.subject.name, "n1");
		X509_free(cert);
		BIO_free(pem);
		identity_fini(&id);
	}
	ca_free(ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_exported_opens_with_its_password_alone),
		cmocka_unit_test(nodes_have_their_name_in_the_domain_that_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
