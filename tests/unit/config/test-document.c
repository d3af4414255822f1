// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/document.h"

static struct document *parse(const char *text)
{
	struct document *d = NULL;
	struct error err = { 0 };

	if (document_parse("f", text, strlen(text), &d, &err) < 0)
		fail_msg("%s", err.text);
	return d;
}

static void maps_lists_and_texts_have_their_places(void **state)
{
	struct document *d = parse("# first\nid: n1\nendpoint:\n  - 192.0.2.1\n  - 'x y'\ndeep: "
				   "{a: [1]}\n");
	const struct document_value *root = document_root(d), *v = document_lookup(root, "id");

	assert_int_equal(root->kind, DOCUMENT_MAP);
	assert_int_equal(v->kind, DOCUMENT_SCALAR);
	assert_string_equal(v->text, "n1");
	assert_int_equal(v->key_at.line, 2);
	assert_int_equal(v->key_at.column, 1);
	assert_int_equal(v->at.line, 2);
	assert_int_equal(v->at.column, 5);
	v = document_lookup(root, "endpoint");
	assert_int_equal(v->kind, DOCUMENT_LIST);
	assert_string_equal(v->first->text, "192.0.2.1");
	assert_string_equal(v->first->next->text, "x y");
	assert_int_equal(v->first->next->at.line, 5);
	assert_null(v->first->next->next);
	v = document_lookup(document_lookup(root, "deep"), "a");
	assert_string_equal(v->first->text, "1");
	assert_null(document_lookup(root, "nobody"));
	document_free(d);
}

static void an_empty_file_is_a_document_without_values(void **state)
{
	static const char *const empty[] = { "", "\n", "# only a comment\n", "   \n\n" };
	struct document *d;
	struct error err;

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		d = parse(empty[i]);

		assert_null(document_root(d));
		document_free(d);
	}
	assert_int_equal(document_read("/dev/null", &d, &err), 0);
	assert_null(document_root(d));
	document_free(d);
}

/* { text, how the error begins, what it says } */
static void what_is_wrong_is_told_with_its_place(void **state)
{
	static const char *const bad[][3] = {
		{ "id: n1\nid: n2\n", "f:2:1: ", "already, in line 1" },
		{ "a: &x 1\n", "f:1:4: ", "anchors" },
		{ "a: 1\nb: *x\n", "f:2:4: ", "aliases" },
		{ "a: !!str 1\n", "f:1:4: ", "tags" },
		{ "a: &x [1]\n", "f:1:4: ", "anchors" },
		{ "a: &x {b: 1}\n", "f:1:4: ", "anchors" },
		{ "? [a]\n: 1\n", "f:1:3: ", "a key must be a word" },
		{ "a: 1\n---\nb: 2\n", "f:2:1: ", "second document" },
		{ "a: \"x\\0y\"\n", "f:1:4: ", "NUL" },
		{ "a: [1\nb: 2\n", "f:2:", "" },
		{ "a: 1\n  b: 2\n", "f:2:4: ", "mapping values are not allowed" },
		{ "a:\n\t- 1\n", "f:2:1: ", "" },
		{ "a: \xff\n", "f:1:", "UTF-8" },
		{ "a: [[[[[[[[[1]]]]]]]]]\n", "f:1:11: ", "nested too deeply" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct document *d = NULL;
		struct error err = { 0 };

		assert_int_equal(document_parse("f", bad[i][0], strlen(bad[i][0]), &d, &err),
				 -ERR_INVALID);
		if (strncmp(err.text, bad[i][1], strlen(bad[i][1])) != 0 ||
		    !strstr(err.text, bad[i][2]))
			fail_msg("of \"%s\" is said: %s", bad[i][0], err.text);
		assert_null(d);
	}
}

/* Nine levels of ten aliases each are a thousand million values, were they read. */
static void a_bomb_of_aliases_does_not_go_off(void **state)
{
	static const char bomb[] = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b "
		"[*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n";
	struct document *d = NULL;
	struct error err = { 0 };

	assert_int_equal(document_parse("f", bomb, strlen(bomb), &d, &err), -ERR_INVALID);
}

static void size_and_number_of_values_are_bounded(void **state)
{
	struct buf text = BUF_INIT(4 * DOCUMENT_BYTES_MAX);
	char path[] = "/tmp/wgmesh-document.XXXXXX";
	struct document *d = NULL;
	struct error err = { 0 };
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	buf_append_text(&text, "a:\n");
	for (int i = 0; i < DOCUMENT_VALUES_MAX - 2; i++)
		buf_append_text(&text, " - 1\n");
	assert_int_equal(document_parse("f", buf_text(&text), text.len, &d, &err), 0);
	document_free(d);
	d = NULL;
	buf_append_text(&text, " - 1\n");
	assert_int_equal(document_parse("f", buf_text(&text), text.len, &d, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "too many values"));
	assert_int_equal(document_parse("/dev/zero", "", 0, &d, &err), 0);
	document_free(d);
	d = NULL;
	for (int i = 0; i <= DOCUMENT_BYTES_MAX; i++)
		fputc('#', file);
	fclose(file);
	assert_int_equal(document_read(path, &d, &err), -ERR_EXHAUSTED);
	assert_int_equal(document_read("/nonexistent/x", &d, &err), -ERR_NOT_FOUND);
	assert_true(document_read("/tmp", &d, &err) < 0);
	assert_null(d);
	remove(path);
	buf_fini(&text);
}

static void what_is_written_is_read_as_it_was(void **state)
{
	static const char *const texts[] = { "", "plain", "a: b", "- x", "\"", "\\", "#",
					     "tab\there",
					     "line\nbreak", "-", "- -", "...", "---", ",", "x,y",
					     "a:", "::1", "{}", "\x01\x7f", "&a *b !c", "ä€",
					     "true", "12", "\xc2\x85", "a\u2028b\u2029",
					     "\ufeffbom", "\uffff" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf out = BUF_INIT(256);
		struct document *d;

		buf_append_text(&out, "k: ");
		assert_true(document_write_text(&out, texts[i]));
		d = parse(buf_text(&out));
		assert_string_equal(document_lookup(document_root(d), "k")->text, texts[i]);
		document_free(d);
		buf_fini(&out);
	}
}

/* Whatever stands there, it is read or refused: a file that an editor left half is no exception. */
static void no_beginning_of_a_file_and_no_change_of_a_byte_is_fatal(void **state)
{
	static const char whole[] = "id: n1\nendpoint: [192.0.2.1, \"x\\ty\"]\nmap:\n  - {a: "
		"b}\n  - |\n    text\n";
	char copy[sizeof(whole)];

	for (size_t len = 0; len < sizeof(whole); len++) {
		for (int change = 0; change < 256; change += 5) {
			struct document *d = NULL;
			struct error err = { 0 };

			memcpy(copy, whole, len);
			if (len)
				copy[len - 1] = (char)change;
			if (document_parse("f", copy, len, &d, &err) < 0)
				assert_true(strncmp(err.text, "f:", 2) == 0);
			document_free(d);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_lists_and_texts_have_their_places),
		cmocka_unit_test(an_empty_file_is_a_document_without_values),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(a_bomb_of_aliases_does_not_go_off),
		cmocka_unit_test(size_and_number_of_values_are_bounded),
		cmocka_unit_test(what_is_written_is_read_as_it_was),
		cmocka_unit_test(no_beginning_of_a_file_and_no_change_of_a_byte_is_fatal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
