// SPDX-License-Identifier: Apache-2.0
#include "crypto/sha1.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "crypto/openssl.h"

enum { SHA1_BYTES = 20 };

int hmac_sha1_base64(const char *key, const char *text, char ret[SHA1_TEXT_MAX],
		     struct error *err)
{
	unsigned char mac[SHA1_BYTES];
	unsigned int len = sizeof(mac);

	if (!HMAC(EVP_sha1(), key, (int)strlen(key), (const unsigned char *)text, strlen(text),
		  mac, &len))
		return openssl_error(err, ERR_MEMORY, "cannot compute an HMAC");
	EVP_EncodeBlock((unsigned char *)ret, mac, SHA1_BYTES);
	wipe(mac, sizeof(mac));
	return 0;
}

int sha1_base64(const char *text, char ret[SHA1_TEXT_MAX], struct error *err)
{
	unsigned char digest[SHA1_BYTES];

	if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha1(), NULL) != 1)
		return openssl_error(err, ERR_MEMORY, "cannot compute a SHA-1");
	EVP_EncodeBlock((unsigned char *)ret, digest, SHA1_BYTES);
	return 0;
}
