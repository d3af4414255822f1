// SPDX-License-Identifier: Apache-2.0
/* crypto: certificates as others send them, in both forms, and chains of them. */
#include "fuzz.h"

#include "crypto/cert.h"

enum { NOW = 1800000000 };	/* seconds since 1970; the corpus is valid then */

static void inspect(const char *pem)
{
	char subject[SUBJECT_TEXT_MAX];
	struct cert_info info;
	struct subject back;

	if (cert_inspect(pem, &info, NULL))
		return;
	must(strlen(info.serial) < sizeof(info.serial));
	if (info.subject.kind != SUBJECT_NONE) {
		must(subject_parse(subject_format(&info.subject, subject), &back));
		must(subject_equal(&info.subject, &back));
	}
}

/* A text that is its own authority: nobody's but a node's or an administrator's is believed. */
static void verify(const char *pem)
{
	struct cert_info info;

	if (cert_verify(pem, pem, NOW, &info, NULL))
		return;
	must(info.subject.kind == SUBJECT_NODE || info.subject.kind == SUBJECT_ADMIN);
	must(info.not_before <= NOW && info.not_after >= NOW);
}

/* What was made PEM of comes back as the same bytes, once it is as we write it. */
static void convert(const uint8_t *der, size_t len)
{
	uint8_t *back, *again;
	size_t back_len, again_len;
	char *pem, *same;

	if (cert_der_to_pem(der, len, &pem, NULL))
		return;
	inspect(pem);
	must(!cert_pem_to_der(pem, &back, &back_len, NULL));
	must(!cert_der_to_pem(back, back_len, &same, NULL));
	must(!cert_pem_to_der(same, &again, &again_len, NULL));
	must(again_len == back_len && memcmp(again, back, back_len) == 0);
	free(pem);
	free(same);
	free(back);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pem = fuzz_text(data, size);

	inspect(pem);
	verify(pem);
	convert(data, size);
	free(pem);
	return 0;
}
