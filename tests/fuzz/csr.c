// SPDX-License-Identifier: Apache-2.0
/*
 * crypto: a request for a certificate, as PEM, and as what lies inside.  Whatever is certified is what
 * the authority said, and nothing of what the request says.
 */
#include "fuzz.h"

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "crypto/ca.h"

enum { NOW = 1800000000, DAY = 86400 };

static const struct ca *authority(void)
{
	static struct ca *ca;

	if (!ca)
		must(!ca_new("m1", NOW, &ca, NULL));
	return ca;
}

static void request(const char *pem)
{
	const struct ca *ca = authority();
	struct subject subject;
	struct cert_info info;
	struct issued issued;

	must(subject_init(&subject, SUBJECT_NODE, "m1", "n1"));
	if (ca_issue(ca, &subject, pem, NOW, DAY, &issued, NULL))
		return;
	must(!cert_verify(issued.pem, ca_cert_pem(ca), NOW, &info, NULL));
	must(subject_equal(&info.subject, &subject));
	must(info.not_after == NOW + DAY && strcmp(info.serial, issued.serial) == 0);
	issued_fini(&issued);
}

static void request_of(const uint8_t *der, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(bio);
	if (size && PEM_write_bio(bio, "CERTIFICATE REQUEST", "", der, (long)size) &&
	    BIO_write(bio, "", 1) == 1) {
		char *pem;

		BIO_get_mem_data(bio, &pem);
		request(pem);
	}
	BIO_free(bio);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pem = fuzz_text(data, size);

	request(pem);
	request_of(data, size);
	free(pem);
	return 0;
}
