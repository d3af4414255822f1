/* SPDX-License-Identifier: Apache-2.0 */
/* Identities made for tests, and PEM texts that the library itself would never write. */
#ifndef WGMESH_TESTS_CRYPTO_FIXTURES_H
#define WGMESH_TESTS_CRYPTO_FIXTURES_H

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "crypto/ca.h"
#include "crypto/identity.h"

enum { NOW = 1800000000, DAY = 86400 };

/* Fails the test that runs when @r is an error. */
#define assert_ok(r, err) do { \
	if ((r) != 0) \
		fail_msg("%s:%d: %s", __FILE__, __LINE__, (err)->text); \
} while (0)

/* openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 */
static const char csr_p384[] __attribute__((unused)) =
	"-----BEGIN CERTIFICATE REQUEST-----\n"
	"MIH3MH8CAQAwADB2MBAGByqGSM49AgEGBSuBBAAiA2IABDzySsYYPmXS9A8KkIqk\n"
	"rSPcRsKdVAwzAKsKD2LBKv+5c0HhaqTCX8K+c9yuhdBQkxxTG/ZhJPmYN+I64/ag\n"
	"XUXgKk1fV2GzdPuMlZDsU/TSq4IlvePviPeqzNyaLN3Vn6AAMAoGCCqGSM49BAMC\n"
	"A2gAMGUCMQCH/2UFFIpOq8RRhwAj8F49L2ik/bfGqrEAeIFXady5TczIb+PEAsL7\n"
	"uITvt0xzr7ACMEiApmyD1judiPgFdq1ns5sVGJhY5bgZFYSsQ3lPzb8/GCLu+RE8\n"
	"sfNEev9A9CocPA==\n"
	"-----END CERTIFICATE REQUEST-----\n";

/* openssl req -new -newkey rsa:2048 */
static const char csr_rsa[] __attribute__((unused)) =
	"-----BEGIN CERTIFICATE REQUEST-----\n"
	"MIICRTCCAS0CAQAwADCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBALsN\n"
	"ocVd1xBPN+NpV26j2BZws+CLL2+9DbJVJR0TcNE+3+NY0QYflVH/cSjLjUGbPXv9\n"
	"7S94S7Ocs0V83mVaoWU/8yTEExWNZd8tfpCVgzEregDNRi7CMeXS/kaqmLAflL/a\n"
	"iuHVktiuNGAskLwX6NXntC7vJlpGKh4Dg/vYzIu6evViGi1pUfaYEaadv/nzFIWb\n"
	"HMmCa8jHrt6d31RdNFhMOGNXuS3V56Ic+hrxwKdBnhBE/vP6J/B302JzIMZ4750g\n"
	"bhLdxSPWuZmpTx5ips6mQekzvRJFbbx1amX+dZ/Muzgs2PYiPRfPEbvW1LnaJJr8\n"
	"v/aY/8Y9PhSnX9UCffUCAwEAAaAAMA0GCSqGSIb3DQEBCwUAA4IBAQAkFv4yjR8X\n"
	"ZDR0Pa0eGb7WiR1rd1ZW0SzNvuVIMhcE8dOf+jXQkW+vkayBjysqtnRAUoq5EWkA\n"
	"uOTpLx5J6zPtwSMz33HQ8CTtmj5CUDrRVgnp73E1myCnXRWTK6VY5hfwCL1r80m8\n"
	"ucVhZnSta/68d/MXUk3+2B5ZUSP0DVs9GHPHJoWkPEx6UP0BSKo9mIEiPyjU6iJL\n"
	"BgCKaf0zgdOdo66u4oZgNWP3Nm7OVTzkudwsNw2OT3vg7OxcMQkS0xV60eXiLGDb\n"
	"QwBZ5J8NzRq2x9MJSE9YZKoSitnUb+9u1TampNHsDtsVbPfEUp+js9c++33uWhEQ\n"
	"7MYaFNLQAAev\n"
	"-----END CERTIFICATE REQUEST-----\n";

/* Ed25519, and asks for CN=mallory, URI:wgmesh://m1/admin/root, DNS:evil.example and CA:TRUE. */
static const char csr_greedy[] __attribute__((unused)) =
	"-----BEGIN CERTIFICATE REQUEST-----\n"
	"MIHiMIGVAgEAMBIxEDAOBgNVBAMMB21hbGxvcnkwKjAFBgMrZXADIQC+VB5xFD2S\n"
	"11ySQ0HFMhw0+BfPNx2XaqaWRpjv/MnL66BQME4GCSqGSIb3DQEJDjFBMD8wLwYD\n"
	"VR0RBCgwJoYWd2dtZXNoOi8vbTEvYWRtaW4vcm9vdIIMZXZpbC5leGFtcGxlMAwG\n"
	"A1UdEwQFMAMBAf8wBQYDK2VwA0EA8S3VQBX9Ln8ZWHWG+Ac4QpE7oEu0Awz+IkPC\n"
	"6a5wcpYgTkfiemRhP60yQ9rNPM7C8M0fBOfbyGV2xGrQSfrKBg==\n"
	"-----END CERTIFICATE REQUEST-----\n";

/* An encrypted key: must be refused, not asked about on the terminal. */
static const char key_encrypted[] __attribute__((unused)) =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"Proc-Type: 4,ENCRYPTED\n"
	"DEK-Info: AES-128-CBC,30A52B79A51DE8CA8FE8969DAB85FA2E\n"
	"\n"
	"sCQ3wQsXuZGOHCSAYZ1KgLmaIqUUiUfBy65hP2loP8i3NadACooH93SxIyGzofBw\n"
	"umAb+UwK4bKVMrmk6QNPKLpO/GeTKAG3LEFbhmh3CZDVzi3uUxCudtmxUO03w6Xi\n"
	"Ai012ie3809BERrA4yQoWUWQaSZJKKZP4Jd8Iep/Es4=\n"
	"-----END EC PRIVATE KEY-----\n";

/* With two URIs: wgmesh://m1/node/n1 and wgmesh://m1/admin/root. */
static const char cert_two_subjects[] __attribute__((unused)) =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBqDCCAU+gAwIBAgIUBRf0XyVsVrvrY45T5CNsQJFK8o0wCgYIKoZIzj0EAwIw\n"
	"DDEKMAgGA1UEAwwBeDAgFw0yNjExMjIyMDU0MTNaGA8yMTI2MTAyOTIwNTQxM1ow\n"
	"DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJsddtidxR0Q\n"
	"RkqxozyF1P7i/3ygAon/RLYgKgcCzhgAVRuxN9/mr11evBFPBMhY9yV5fqvwN/zX\n"
	"RdFdOA16kkejgYwwgYkwHQYDVR0OBBYEFD5WwZO4VHvhodAq1vGyQoTXd5ydMB8G\n"
	"A1UdIwQYMBaAFD5WwZO4VHvhodAq1vGyQoTXd5ydMA8GA1UdEwEB/wQFMAMBAf8w\n"
	"NgYDVR0RBC8wLYYTd2dtZXNoOi8vbTEvbm9kZS9uMYYWd2dtZXNoOi8vbTEvYWRt\n"
	"aW4vcm9vdDAKBggqhkjOPQQDAgNHADBEAiBNhQL25oSsWpS93nH3l4EKGyn3j5Bw\n"
	"mIlUKrr0SbKPaQIgRP4WoMC/2JrT8/F4k7noknd7Nvi5scIUbELRS058LqQ=\n"
	"-----END CERTIFICATE-----\n";

/* A fresh key certified by @ca for @subject. */
static inline struct identity fixture_identity(const struct ca *ca, const struct subject *subject,
					       int64_t now, uint32_t valid_seconds)
{
	struct identity id;
	struct issued issued;
	struct error err;
	char *key, *csr;

	assert_ok(identity_request(&key, &csr, &err), &err);
	assert_ok(ca_issue(ca, subject, csr, now, valid_seconds, &issued, &err), &err);
	assert_ok(identity_init(&id, ca_cert_pem(ca), issued.pem, key, &err), &err);
	identity_key_free(key);
	free(csr);
	issued_fini(&issued);
	return id;
}

static inline struct identity fixture_node(const struct ca *ca, const char *node_id, int64_t now,
					   uint32_t valid_seconds)
{
	struct subject subject;

	assert_true(subject_init(&subject, SUBJECT_NODE, ca_mesh_id(ca), node_id));
	return fixture_identity(ca, &subject, now, valid_seconds);
}

static inline struct ca *fixture_ca(const char *mesh_id, int64_t now)
{
	struct error err;
	struct ca *ca;

	assert_ok(ca_new(mesh_id, now, &ca, &err), &err);
	return ca;
}

#endif
