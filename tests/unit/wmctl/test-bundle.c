// SPDX-License-Identifier: Apache-2.0
/* What a bundle is made of: pseudonyms, archives, and what other programs print. */
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wmctl/capture.h"
#include "wmctl/pseudonyms.h"
#include "wmctl/tar.h"

#define KEY "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define OTHER_KEY "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="

static void expect(struct pseudonyms *p, const char *text, const char *wanted)
{
	struct buf out = BUF_INIT(1 << 20);

	assert_true(pseudonyms_apply(p, text, &out));
	assert_string_equal(buf_text(&out), wanted);
	buf_fini(&out);
}

static struct pseudonyms *two_nodes(void)
{
	struct pseudonyms *p = pseudonyms_new(true);

	assert_true(pseudonyms_add(p, "node", "n1"));
	assert_true(pseudonyms_add(p, "node", "n1.lab"));
	assert_true(pseudonyms_add(p, "host", "n1"));	/* is a node's name already */
	assert_true(pseudonyms_add(p, "host", "box"));
	return p;
}

static void names_are_replaced_as_whole_words(void **state)
{
	struct pseudonyms *p = two_nodes();

	expect(p, "n1", "node-1");
	expect(p, "node=n1 leader=n1.lab.", "node=node-1 leader=node-2.");
	expect(p, "n1.webmesh.internal n1.lab.webmesh.internal",
	       "node-1.webmesh.internal node-2.webmesh.internal");
	expect(p, "n11 an1 n1-a a-n1 n1_x", "n11 an1 n1-a a-n1 n1_x");
	expect(p, "\"n1\",'n1':(n1)/x/n1/y n1:8443",
	       "\"node-1\",'node-1':(node-1)/x/node-1/y node-1:8443");
	expect(p, "box", "host-1");
	expect(p, "", "");
	pseudonyms_free(p);
}

static void addresses_keep_what_is_around_them_and_are_equal_where_they_were(void **state)
{
	struct pseudonyms *p = two_nodes();

	expect(p, "192.0.2.1 192.0.2.2 192.0.2.1", "ipv4-1 ipv4-2 ipv4-1");
	expect(p, "192.0.2.1:8443, [2001:db8::1]:443 172.16.0.7/12",
	       "ipv4-1:8443, [ipv6-1]:443 ipv4-3/12");
	expect(p, "2001:db8:0::1 2001:DB8::1 fd00:1::/64.", "ipv6-1 ipv6-1 ipv6-2/64.");
	expect(p, "at 192.0.2.1: refused. 192.0.2.2.", "at ipv4-1: refused. ipv4-2.");
	expect(p, "02:00:5e:10:00:01", "mac-1");
	pseudonyms_free(p);
}

static void what_is_everybodys_or_no_address_stays(void **state)
{
	static const char *const same[] = { "127.0.0.1:8443 ::1 :: 0.0.0.0", "0.1.0",
					    "6.12.9-amd64",
		"2026-11-23T08:27:21.123Z", "08:27:21", "1:2:3", "event=a:b", "...", ":::", "dead",
		"a.b.c.d",
		"192.0.2.1x", "/proc/net/tcp:3:5: bad" };
	struct pseudonyms *p = two_nodes();

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		expect(p, same[i], same[i]);
	pseudonyms_free(p);
}

static void keys_and_fingerprints_are_replaced(void **state)
{
	struct pseudonyms *p = two_nodes();

	expect(p, "peer=" KEY " by=\"" OTHER_KEY "\" " KEY, "peer=key-1 by=\"key-2\" key-1");
	expect(p, "serial 0123456789abcdef0123456789abcdef.", "serial hex-1.");
	expect(p, "commit 0123456789abcdef", "commit 0123456789abcdef");
	pseudonyms_free(p);
}

static void secrets_are_left_out_of_any_bundle(void **state)
{
	for (int anonymize = 0; anonymize < 2; anonymize++) {
		struct pseudonyms *p = pseudonyms_new(anonymize);

		expect(p, "join wgmesh1.AbC-_9.xYz --id a", "join [secret] --id a");
		expect(p, "token=wgmesh1.a.b", "token=[secret]");
		expect(p, "a\n-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\nb",
		       "a\n[secret]\nb");
		expect(p, "-----BEGIN EC PRIVATE KEY-----\nMIGH", "[secret]");
		pseudonyms_free(p);
	}
}

static void without_pseudonyms_all_else_stays(void **state)
{
	static const char text[] = "n1 192.0.2.1:8443 " KEY " 02:00:5e:10:00:01\n\t\"x\"";
	struct pseudonyms *p = pseudonyms_new(false);

	assert_true(pseudonyms_add(p, "node", "n1"));
	expect(p, text, text);
	pseudonyms_free(p);
}

static void many_names_are_told_apart(void **state)
{
	struct pseudonyms *p = pseudonyms_new(true);
	char name[32], wanted[32];

	for (int i = 1; i <= 5000; i++) {
		snprintf(name, sizeof(name), "m%d", i * 7);
		assert_true(pseudonyms_add(p, "node", name));
	}
	for (int i = 1; i <= 5000; i += 13) {
		snprintf(name, sizeof(name), "m%d", i * 7);
		snprintf(wanted, sizeof(wanted), "node-%d", i);
		expect(p, name, wanted);
	}
	pseudonyms_free(p);
}

/* They take no time to speak of, and nothing reads beyond them. */
static void long_words_are_only_long(void **state)
{
	static const char *const parts[] = { "a", ".", ":", "a.", "a:", "1.", "-", "=", "AQEB" };
	enum { TIMES = 100000 };
	struct pseudonyms *p = two_nodes();

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct buf text = BUF_INIT(1 << 20), out = BUF_INIT(1 << 22);

		for (int n = 0; n < TIMES; n++)
			buf_append_text(&text, parts[i]);
		assert_true(pseudonyms_apply(p, buf_text(&text), &out));
		buf_fini(&text);
		buf_fini(&out);
	}
	pseudonyms_free(p);
}

/* ---- archives ---- */

static void tar_reads_what_was_put_in(void **state)
{
	const char *const list[] = { "tar", "-tvf", "/tmp/wgmesh-test.tar", NULL };
	const char *const print[] = { "tar", "-xOf", "/tmp/wgmesh-test.tar", "a/two", NULL };
	struct buf archive = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	char long_name[TAR_NAME_MAX + 2], data[513];
	struct error err = { 0 };
	FILE *file;

	memset(data, 'x', sizeof(data));
	memset(long_name, 'n', sizeof(long_name));
	long_name[TAR_NAME_MAX + 1] = 0;
	assert_true(tar_add(&archive, "a/one", "hello\n", 6, 1000000000));
	assert_true(tar_add(&archive, "a/two", data, sizeof(data), 1000000000));
	assert_true(tar_add(&archive, "a/none", "", 0, 1000000000));
	assert_true(tar_add(&archive, "a/block", data, 512, 1000000000));
	assert_false(tar_add(&archive, long_name, "", 0, 0));
	assert_true(tar_add(&archive, long_name + 1, "", 0, 0));
	assert_true(tar_finish(&archive));
	assert_int_equal(archive.len % 512, 0);
	file = fopen(list[2], "w");
	assert_int_equal(fwrite(archive.data, 1, archive.len, file), archive.len);
	fclose(file);
	if (capture_command(list, &out, &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(strstr(buf_text(&out), "-rw------- 0/0"));
	assert_non_null(strstr(buf_text(&out), " a/one\n"));
	assert_non_null(strstr(buf_text(&out), " 513 2001-09-09"));
	assert_non_null(strstr(buf_text(&out), long_name + 1));
	buf_reset(&out);
	assert_int_equal(capture_command(print, &out, &err), 0);
	assert_int_equal(out.len, sizeof(data));
	assert_memory_equal(out.data, data, sizeof(data));
	unlink(list[2]);
	buf_fini(&archive);
	buf_fini(&out);
}

/* ---- other programs ---- */

static void what_a_program_prints_and_how_it_fails_is_told(void **state)
{
	const char *const good[] = { "sh", "-c", "echo out; echo err >&2", NULL };
	const char *const bad[] = { "sh", "-c", "echo first >&2; echo second >&2; exit 3", NULL };
	const char *const none[] = { "wgmesh-there-is-no-such-program", NULL };
	const char *const much[] = { "yes", NULL };
	const char *const loud[] = { "sh", "-c", "yes | head -c 1000000 >&2; echo out", NULL };
	struct buf out = BUF_INIT(100000);
	struct error err = { 0 };

	assert_int_equal(capture_command(good, &out, &err), 0);
	assert_string_equal(buf_text(&out), "out\n");
	assert_int_equal(capture_command(loud, &out, &err), 0);
	assert_string_equal(buf_text(&out), "out\nout\n");
	assert_int_equal(capture_command(bad, &out, &err), -ERR_IO);
	assert_string_equal(err.text, "sh fails: first");
	assert_int_equal(capture_command(none, &out, &err), -ERR_NOT_FOUND);
	assert_int_equal(capture_command(much, &out, &err), -ERR_EXHAUSTED);
	buf_fini(&out);
}

static void the_end_of_a_file_begins_with_a_line(void **state)
{
	char path[] = "/tmp/wgmesh-tail.XXXXXX";
	struct buf out = BUF_INIT(1000);
	struct error err = { 0 };
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "first\nsecond\nthird\n", 19), 19);
	close(fd);
	assert_int_equal(capture_tail(path, 100, &out, &err), 0);
	assert_string_equal(buf_text(&out), "first\nsecond\nthird\n");
	buf_reset(&out);
	assert_int_equal(capture_tail(path, 10, &out, &err), 0);
	assert_string_equal(buf_text(&out), "third\n");
	buf_reset(&out);
	assert_int_equal(capture_tail("/nonexistent", 10, &out, &err), -ERR_NOT_FOUND);
	assert_true(capture_tail("/tmp", 10, &out, &err) < 0 || out.len == 0);
	unlink(path);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_replaced_as_whole_words),
		cmocka_unit_test(addresses_keep_what_is_around_them_and_are_equal_where_they_were),
		cmocka_unit_test(what_is_everybodys_or_no_address_stays),
		cmocka_unit_test(keys_and_fingerprints_are_replaced),
		cmocka_unit_test(secrets_are_left_out_of_any_bundle),
		cmocka_unit_test(without_pseudonyms_all_else_stays),
		cmocka_unit_test(many_names_are_told_apart),
		cmocka_unit_test(long_words_are_only_long),
		cmocka_unit_test(tar_reads_what_was_put_in),
		cmocka_unit_test(what_a_program_prints_and_how_it_fails_is_told),
		cmocka_unit_test(the_end_of_a_file_begins_with_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
