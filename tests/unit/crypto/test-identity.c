// SPDX-License-Identifier: Apache-2.0
/* crypto: the CA certifies a proven key for whom it was told, and nothing else is believed. */
#include "../cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fixtures.h"

static char dir[] = "/tmp/wgmesh-test-identity-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static const char *in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "ca.pem", "ca.key", "node.pem", "file", "file.new" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_dir(names[i]));
	return rmdir(dir);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(in_dir(name), &st), 0);
	return st.st_mode & 07777;
}

static void files_are_replaced_whole(void **state)
{
	struct buf b = BUF_INIT(16), small = BUF_INIT(4);
	struct error err;

	(void)state;
	assert_ok(file_write_atomic(in_dir("file"), "old content", 11, 0600, &err), &err);
	assert_int_equal(mode_of("file"), 0600);
	assert_ok(file_write_atomic(in_dir("file"), "new", 3, 0640, &err), &err);
	assert_int_equal(mode_of("file"), 0640);
	assert_ok(file_read(in_dir("file"), &b, &err), &err);
	assert_string_equal(buf_text(&b), "new");
	assert_int_equal(access(in_dir("file.new"), F_OK), -1);
	buf_append(&small, "ab", 2);
	assert_int_equal(file_read(in_dir("file"), &small, &err), -ERR_EXHAUSTED);
	assert_string_equal(buf_text(&small), "ab");
	assert_int_equal(file_read(in_dir("none"), &b, &err), -ERR_NOT_FOUND);
	assert_int_equal(file_write_atomic("/nonexistent/x", "a", 1, 0600, &err), -ERR_NOT_FOUND);
	buf_fini(&small);
	buf_fini(&b);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
	struct buf b = BUF_INIT(16);
	struct error err;

	(void)state;
	assert_ok(file_write_atomic(in_dir("file"), "old", 3, 0600, &err), &err);
	/* A folder in the temporary file's place. */
	assert_int_equal(mkdir(in_dir("file.new"), 0700), 0);
	assert_true(file_write_atomic(in_dir("file"), "new", 3, 0600, &err) < 0);
	assert_int_equal(rmdir(in_dir("file.new")), 0);
	assert_ok(file_read(in_dir("file"), &b, &err), &err);
	assert_string_equal(buf_text(&b), "old");
	buf_fini(&b);
}

static void a_node_certificate_says_who_and_how_long(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct identity id = fixture_node(ca, "node-1.example", NOW, 30 * DAY);
	struct cert_info info;
	struct error err;
	char uri[SUBJECT_TEXT_MAX];

	(void)state;
	assert_ok(cert_verify(id.cert_pem, ca_cert_pem(ca), NOW, &info, &err), &err);
	assert_string_equal(subject_format(&info.subject, uri), "wgmesh://m1/node/node-1.example");
	assert_int_equal(info.not_before, NOW - CERT_BACKDATE_SECONDS);
	assert_int_equal(info.not_after, NOW + 30 * DAY);
	assert_int_equal(identity_expires_in(&id, NOW), 30 * DAY);
	assert_int_equal(strlen(info.serial), 2 * CERT_SERIAL_BYTES);
	assert_ok(cert_inspect(ca_cert_pem(ca), &info, &err), &err);
	assert_int_equal(info.subject.kind, SUBJECT_CA);
	assert_int_equal(info.not_after, NOW + (int64_t)CA_VALID_SECONDS);
	identity_fini(&id);
	ca_free(ca);
}

static void a_certificate_is_refused_outside_its_time(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct identity id = fixture_node(ca, "n1", NOW, DAY);
	struct cert_info info;
	struct error err;

	(void)state;
	assert_int_equal(cert_verify(id.cert_pem, ca_cert_pem(ca), NOW + DAY, &info, &err),
			 -ERR_UNAUTHENTICATED);
	assert_non_null(strstr(err.text, "expired"));
	assert_int_equal(cert_verify(id.cert_pem, ca_cert_pem(ca), NOW - 2 * CERT_BACKDATE_SECONDS,
				     &info, &err), -ERR_UNAUTHENTICATED);
	assert_int_equal(identity_expires_in(&id, NOW + DAY), 0);
	identity_fini(&id);
	ca_free(ca);
}

static void a_foreign_ca_of_the_same_name_is_refused(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW), *foreign = fixture_ca("m1", NOW);
	struct identity id = fixture_node(foreign, "n1", NOW, DAY), mixed;
	struct cert_info info;
	struct error err;

	(void)state;
	assert_int_equal(cert_verify(id.cert_pem, ca_cert_pem(ca), NOW, &info, &err),
			 -ERR_UNAUTHENTICATED);
	assert_int_equal(identity_init(&mixed, ca_cert_pem(ca), id.cert_pem, id.key_pem, &err),
			 -ERR_INVALID);
	assert_int_equal(cert_verify(ca_cert_pem(ca), ca_cert_pem(ca), NOW, &info, &err),
			 -ERR_UNAUTHENTICATED);	/* true, but nobody's */
	identity_fini(&id);
	ca_free(foreign);
	ca_free(ca);
}

/* What a stolen node key must not do: make a CA of itself. */
static void a_node_cannot_certify(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW), *rogue;
	struct identity id = fixture_node(ca, "n1", NOW, DAY);
	struct error err;

	(void)state;
	assert_int_equal(ca_parse(id.cert_pem, id.key_pem, &rogue, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "no CA's"));
	identity_fini(&id);
	ca_free(ca);
}

static void the_ca_issues_only_for_its_own_mesh_and_proper_names(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct subject s = { .kind = SUBJECT_NODE, .mesh_id = "m2", .name = "n1" };
	struct issued issued;
	struct error err;
	char *key, *csr;

	(void)state;
	assert_ok(identity_request(&key, &csr, &err), &err);
	assert_int_equal(ca_issue(ca, &s, csr, NOW, DAY, &issued, &err), -ERR_INVALID);
	strcpy(s.mesh_id, "m1");
	strcpy(s.name, "n1,URI:wgmesh://m1/admin/root");
	assert_int_equal(ca_issue(ca, &s, csr, NOW, DAY, &issued, &err), -ERR_INVALID);
	strcpy(s.name, "n1");
	assert_int_equal(ca_issue(ca, &s, csr, NOW, 0, &issued, &err), -ERR_INVALID);
	s.kind = SUBJECT_CA;
	assert_int_equal(ca_issue(ca, &s, csr, NOW, DAY, &issued, &err), -ERR_INVALID);
	s.kind = SUBJECT_NODE;
	assert_int_equal(ca_issue(ca, &s, csr, NOW + (int64_t)CA_VALID_SECONDS, DAY, &issued, &err),
			 -ERR_PRECONDITION);
	assert_int_equal(ca_new("No Mesh", NOW, &ca, &err), -ERR_INVALID);
	identity_key_free(key);
	free(csr);
	ca_free(ca);
}

static void a_certificate_never_outlives_its_ca(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	int64_t end = NOW + (int64_t)CA_VALID_SECONDS;
	struct identity id = fixture_node(ca, "n1", end - DAY, 30 * DAY);

	(void)state;
	assert_int_equal(id.info.not_after, end);
	identity_fini(&id);
	ca_free(ca);
}

/* The request's names and extensions are an attacker's text. */
static void nothing_of_the_request_but_its_key_is_taken(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct subject s = { .kind = SUBJECT_NODE, .mesh_id = "m1", .name = "n1" };
	struct issued issued;
	struct cert_info info;
	struct error err;
	uint8_t *der;
	size_t len;

	(void)state;
	assert_ok(ca_issue(ca, &s, csr_greedy, NOW, DAY, &issued, &err), &err);
	assert_ok(cert_verify(issued.pem, ca_cert_pem(ca), NOW, &info, &err), &err);
	assert_true(subject_equal(&info.subject, &s));
	assert_string_equal(info.serial, issued.serial);
	assert_ok(cert_pem_to_der(issued.pem, &der, &len, &err), &err);
	assert_null(memmem(der, len, "mallory", 7));
	assert_null(memmem(der, len, "evil", 4));
	assert_null(memmem(der, len, "admin", 5));
	assert_non_null(memmem(der, len, CERT_SERVER_NAME, strlen(CERT_SERVER_NAME)));
	free(der);
	issued_fini(&issued);
	ca_free(ca);
}

static void administrators_have_no_server_name(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct subject s = { .kind = SUBJECT_ADMIN, .mesh_id = "m1", .name = "root" };
	struct identity id = fixture_identity(ca, &s, NOW, DAY);
	struct error err;
	uint8_t *der;
	size_t len;

	(void)state;
	assert_int_equal(id.info.subject.kind, SUBJECT_ADMIN);
	assert_ok(cert_pem_to_der(id.cert_pem, &der, &len, &err), &err);
	assert_null(memmem(der, len, CERT_SERVER_NAME, strlen(CERT_SERVER_NAME)));
	free(der);
	identity_fini(&id);
	ca_free(ca);
}

static void expect_refused(const struct ca *ca, const char *csr, const char *why)
{
	struct subject s = { .kind = SUBJECT_NODE, .mesh_id = "m1", .name = "n1" };
	struct issued issued = { 0 };
	struct error err;

	assert_int_equal(ca_issue(ca, &s, csr, NOW, DAY, &issued, &err), -ERR_INVALID);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	assert_null(issued.pem);
}

static void requests_with_other_keys_or_no_proof_are_refused(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	char *key, *csr, *end, *huge;
	struct error err;

	(void)state;
	expect_refused(ca, csr_rsa, "neither EC P-256 nor Ed25519");
	expect_refused(ca, csr_p384, "neither EC P-256 nor Ed25519");
	expect_refused(ca, "", "not a certificate request");
	expect_refused(ca, ca_cert_pem(ca), "not a certificate request");
	assert_ok(identity_request(&key, &csr, &err), &err);
	end = strstr(csr, "\n-----END");
	end[-12] = end[-12] == 'A' ? 'B' : 'A';	/* within the signature's last number */
	expect_refused(ca, csr, "not by its own key");
	huge = malloc(CERT_PEM_MAX + 2);
	memset(huge, '\n', CERT_PEM_MAX + 1);
	huge[CERT_PEM_MAX + 1] = 0;
	expect_refused(ca, huge, "not a certificate request");
	free(huge);
	identity_key_free(key);
	free(csr);
	ca_free(ca);
}

static void serials_are_all_different(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct identity a = fixture_node(ca, "n1", NOW, DAY), b = fixture_node(ca, "n1", NOW, DAY);

	(void)state;
	assert_string_not_equal(a.info.serial, b.info.serial);
	assert_memory_not_equal(a.info.fingerprint, b.info.fingerprint, SHA256_BYTES);
	identity_fini(&a);
	identity_fini(&b);
	ca_free(ca);
}

static void two_subjects_are_none(void **state)
{
	struct cert_info info;
	struct error err;

	(void)state;
	assert_ok(cert_inspect(cert_two_subjects, &info, &err), &err);
	assert_int_equal(info.subject.kind, SUBJECT_NONE);
}

static void the_ca_survives_its_files(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW), *loaded;
	char cert_path[128], key_path[128];
	struct identity id;
	struct error err;

	(void)state;
	strcpy(cert_path, in_dir(IDENTITY_CA_FILE));
	strcpy(key_path, in_dir(IDENTITY_CA_KEY_FILE));
	assert_ok(ca_save(ca, cert_path, key_path, &err), &err);
	assert_int_equal(mode_of(IDENTITY_CA_KEY_FILE), 0600);
	assert_ok(ca_load(cert_path, key_path, &loaded, &err), &err);
	assert_string_equal(ca_mesh_id(loaded), "m1");
	id = fixture_node(loaded, "n1", NOW, DAY);
	assert_ok(cert_verify(id.cert_pem, ca_cert_pem(ca), NOW, &id.info, &err), &err);
	identity_fini(&id);
	ca_free(loaded);
	ca_free(ca);
}

static void a_ca_whose_key_is_anothers_is_refused(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW), *other = fixture_ca("m1", NOW), *mixed;
	struct error err;

	(void)state;
	assert_int_equal(ca_parse(ca_cert_pem(ca), ca_key_pem(other), &mixed, &err), -ERR_INVALID);
	assert_int_equal(ca_parse(ca_cert_pem(ca), key_encrypted, &mixed, &err), -ERR_INVALID);
	assert_int_equal(ca_parse("junk", ca_key_pem(ca), &mixed, &err), -ERR_INVALID);
	ca_free(other);
	ca_free(ca);
}

static void an_identity_survives_its_folder_and_is_replaced_by_one_rename(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct identity first = fixture_node(ca, "n1", NOW, DAY);
	struct identity second = fixture_node(ca, "n1", NOW, DAY);
	struct identity loaded, copy;
	struct error err;

	(void)state;
	assert_ok(identity_save(&first, dir, &err), &err);
	assert_int_equal(mode_of(IDENTITY_NODE_FILE), 0600);
	assert_ok(identity_save(&second, dir, &err), &err);
	assert_ok(identity_load(dir, &loaded, &err), &err);
	assert_string_equal(loaded.cert_pem, second.cert_pem);
	assert_string_equal(loaded.key_pem, second.key_pem);
	assert_null(strstr(loaded.cert_pem, "PRIVATE"));	/* this text is shown to others */
	assert_ok(identity_copy(&copy, &loaded, &err), &err);
	assert_string_equal(copy.key_pem, loaded.key_pem);
	identity_fini(&copy);
	identity_fini(&loaded);
	identity_fini(&first);
	identity_fini(&second);
	ca_free(ca);
}

static void an_identity_that_does_not_belong_together_is_refused(void **state)
{
	struct ca *ca = fixture_ca("m1", NOW);
	struct identity a = fixture_node(ca, "n1", NOW, DAY), b = fixture_node(ca, "n2", NOW, DAY);
	struct identity id;
	struct error err;

	(void)state;
	assert_int_equal(identity_init(&id, a.ca_pem, a.cert_pem, b.key_pem, &err), -ERR_INVALID);
	assert_int_equal(identity_init(&id, a.ca_pem, a.cert_pem, key_encrypted, &err),
			 -ERR_INVALID);
	assert_int_equal(identity_init(&id, "", a.cert_pem, a.key_pem, &err), -ERR_INVALID);
	assert_int_equal(identity_init(&id, a.ca_pem, "", a.key_pem, &err), -ERR_INVALID);
	assert_int_equal(identity_load("/nonexistent", &id, &err), -ERR_NOT_FOUND);
	identity_fini(&a);
	identity_fini(&b);
	ca_free(ca);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_replaced_whole),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(a_node_certificate_says_who_and_how_long),
		cmocka_unit_test(a_certificate_is_refused_outside_its_time),
		cmocka_unit_test(a_foreign_ca_of_the_same_name_is_refused),
		cmocka_unit_test(a_node_cannot_certify),
		cmocka_unit_test(the_ca_issues_only_for_its_own_mesh_and_proper_names),
		cmocka_unit_test(a_certificate_never_outlives_its_ca),
		cmocka_unit_test(nothing_of_the_request_but_its_key_is_taken),
		cmocka_unit_test(administrators_have_no_server_name),
		cmocka_unit_test(requests_with_other_keys_or_no_proof_are_refused),
		cmocka_unit_test(serials_are_all_different),
		cmocka_unit_test(two_subjects_are_none),
		cmocka_unit_test(the_ca_survives_its_files),
		cmocka_unit_test(a_ca_whose_key_is_anothers_is_refused),
		cmocka_unit_test(an_identity_survives_its_folder_and_is_replaced_by_one_rename),
		cmocka_unit_test(an_identity_that_does_not_belong_together_is_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
