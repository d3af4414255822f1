// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wmctl/contexts.h"
#include "wmctl/session.h"

static char dir[64], path[128];

static int setup(void **state)
{
	strcpy(dir, "/tmp/wgmesh-contexts.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a/b/config.yaml", dir);
	return setenv("WMCTL_CONFIG", path, 1);
}

static int teardown(void **state)
{
	unlink(path);
	for (int i = 0; i < 3; i++) {
		*strrchr(path, '/') = 0;
		rmdir(path);
	}
	return 0;
}

static struct contexts *load(void)
{
	struct contexts *c = NULL;
	struct error err = { 0 };

	if (contexts_load(&c, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

static struct context *add(struct contexts *c, const char *name, const char *address)
{
	struct context *item;
	struct error err;

	assert_int_equal(contexts_add(c, name, &item, &err), 0);
	assert_int_equal(context_set(item, CONTEXT_ADDRESS, address, &err), 0);
	return item;
}

static void write_text(const char *text)
{
	struct contexts *c = load();
	FILE *file;

	assert_int_equal(contexts_save(c, NULL), 0);	/* makes the folders */
	contexts_free(c);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void without_a_file_there_are_none(void **state)
{
	struct contexts *c = load();
	struct context *item = NULL;
	struct error err = { 0 };

	assert_int_equal(c->count, 0);
	assert_int_equal(contexts_get(c, NULL, &item, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "use-context"));
	assert_null(item);
	contexts_free(c);
}

static void what_is_saved_comes_back_for_its_owner_alone(void **state)
{
	struct contexts *c = load();
	struct context *item = add(c, "lab.1", "[fd00::1]:8443");
	struct error err = { 0 };
	struct stat st;

	assert_int_equal(context_set(item, CONTEXT_IDENTITY, "/a \"b\"/c: d", &err), 0);
	assert_int_equal(context_set(item, CONTEXT_TIMEOUT, "7", &err), 0);
	add(c, "other", "a:1");
	strcpy(c->current, "other");
	if (contexts_save(c, &err) < 0)
		fail_msg("%s", err.text);
	contexts_free(c);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	c = load();
	assert_int_equal(c->count, 2);
	assert_string_equal(c->current, "other");
	item = contexts_lookup(c, "lab.1");
	assert_string_equal(item->fields[CONTEXT_ADDRESS], "[fd00::1]:8443");
	assert_string_equal(item->fields[CONTEXT_IDENTITY], "/a \"b\"/c: d");
	assert_string_equal(item->fields[CONTEXT_TIMEOUT], "7");
	assert_null(item->fields[CONTEXT_STATE_DIR]);
	contexts_free(c);
}

static void a_context_that_goes_is_not_current_and_leaves_the_others(void **state)
{
	struct contexts *c = load();

	add(c, "a", "a:1");
	add(c, "b", "b:1");
	add(c, "c", "c:1");
	strcpy(c->current, "b");
	contexts_remove(c, contexts_lookup(c, "b"));
	assert_string_equal(c->current, "");
	assert_int_equal(c->count, 2);
	assert_string_equal(contexts_lookup(c, "c")->fields[CONTEXT_ADDRESS], "c:1");
	assert_null(contexts_lookup(c, "b"));
	contexts_free(c);
}

static void names_and_values_that_are_none_are_refused(void **state)
{
	static const char *const names[] = { "", "a b", "a/b", "ä",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct contexts *c = load();
	struct context *item = add(c, "a", "a:1"), *none = NULL;
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(contexts_add(c, names[i], &none, &err), -ERR_INVALID);
	assert_null(none);
	assert_int_equal(context_set(item, CONTEXT_ADDRESS, "nowhere", &err), -ERR_INVALID);
	assert_int_equal(context_set(item, CONTEXT_TIMEOUT, "0", &err), -ERR_INVALID);
	assert_int_equal(context_set(item, CONTEXT_TIMEOUT, "x", &err), -ERR_INVALID);
	assert_string_equal(item->fields[CONTEXT_ADDRESS], "a:1");
	assert_int_equal(context_set(item, CONTEXT_ADDRESS, "", &err), 0);
	assert_null(item->fields[CONTEXT_ADDRESS]);
	assert_int_equal(contexts_get(c, "aa", &none, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "did you mean a?"));
	contexts_free(c);
}

static void paths_are_made_absolute(void **state)
{
	struct contexts *c = load();
	struct context *item = add(c, "a", "a:1");
	char here[4096], expected[8192];

	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(expected, sizeof(expected), "%s/admin", here);
	assert_int_equal(context_set(item, CONTEXT_IDENTITY, "admin", NULL), 0);
	assert_string_equal(item->fields[CONTEXT_IDENTITY], expected);
	contexts_free(c);
}

static void there_is_a_most_of_contexts(void **state)
{
	struct contexts *c = load();
	struct context *item;
	struct error err;
	char name[16];

	for (int i = 0; i < CONTEXTS_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(contexts_add(c, name, &item, &err), 0);
	}
	assert_int_equal(contexts_add(c, "one-more", &item, &err), -ERR_EXHAUSTED);
	contexts_free(c);
}

/* { file, where, what is said } */
static void a_file_that_is_wrong_is_refused_with_the_place(void **state)
{
	static const char *const bad[][3] = {
		{ "contexts: [a]\n", ":1:11: ", "names and contexts" },
		{ "contexts:\n  a: 1\n", ":2:6: ", "a context is a map" },
		{ "contexts:\n  a:\n    adress: x:1\n", ":3:5: ", "did you mean address?" },
		{ "contexts:\n  a:\n    address: [x]\n", ":3:14: ", "takes a text" },
		{ "contexts:\n  a:\n    timeout: never\n", ":3:14: ", "1 to 3600" },
		{ "contexts:\n  a b: {}\n", ":2:3: ", "is no name" },
		{ "context: {}\n", ":1:1: ", "did you mean contexts?" },
		{ "current-context: [a]\n", ":1:18: ", "no name of a context" },
		{ "- a\n", ":1:1: ", "no file of contexts" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct contexts *c = NULL;
		struct error err = { 0 };

		write_text("");
		write_text(bad[i][0]);
		assert_int_equal(contexts_load(&c, &err), -ERR_INVALID);
		if (strncmp(err.text, path, strlen(path)) != 0 ||
		    strncmp(err.text + strlen(path), bad[i][1], strlen(bad[i][1])) != 0 ||
		    !strstr(err.text, bad[i][2]))
			fail_msg("of \"%s\" is said: %s", bad[i][0], err.text);
		assert_null(c);
		unlink(path);
	}
}

static void an_option_goes_before_the_context_and_it_before_the_default(void **state)
{
	struct session s = { .address = "option:1" };
	struct error err = { 0 };

	unsetenv("WGMESH_STATE_DIR");
	write_text("current-context: a\ncontexts:\n  a: {address: \"a:1\", identity: /a, "
		   "timeout: 3}\n"
		   "  b: {state-dir: /b}\n");
	assert_int_equal(session_choose(&s, &err), 0);
	assert_string_equal(s.address, "option:1");
	assert_string_equal(s.identity_dir, "/a");
	assert_int_equal(s.timeout_ms, 3000);
	assert_string_equal(s.state_dir, "/var/lib/wgmesh");
	session_forget(&s);
	s = (struct session){ .context = "b" };
	assert_int_equal(session_choose(&s, &err), 0);
	assert_string_equal(s.address, "127.0.0.1:8443");
	assert_string_equal(s.state_dir, "/b");
	assert_null(s.identity_dir);
	session_forget(&s);
	s = (struct session){ .context = "nobody" };
	assert_int_equal(session_choose(&s, &err), -ERR_NOT_FOUND);
	session_forget(&s);
}

static void who_names_a_state_folder_does_not_mean_the_current_context(void **state)
{
	struct session s = { .state_dir = "/mine" };
	struct error err = { 0 };

	write_text("current-context: a\ncontexts:\n  a: {address: \"a:1\", identity: /a}\n");
	assert_int_equal(session_choose(&s, &err), 0);
	assert_null(s.identity_dir);
	assert_string_equal(s.address, "127.0.0.1:8443");
	session_forget(&s);
	setenv("WGMESH_STATE_DIR", "/env", 1);
	s = (struct session){ 0 };
	assert_int_equal(session_choose(&s, &err), 0);
	assert_string_equal(s.state_dir, "/env");
	assert_null(s.identity_dir);
	session_forget(&s);
	s = (struct session){ .context = "a" };
	assert_int_equal(session_choose(&s, &err), 0);
	assert_string_equal(s.identity_dir, "/a");
	session_forget(&s);
	unsetenv("WGMESH_STATE_DIR");
}

#define with_file(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_file(without_a_file_there_are_none),
		with_file(what_is_saved_comes_back_for_its_owner_alone),
		with_file(a_context_that_goes_is_not_current_and_leaves_the_others),
		with_file(names_and_values_that_are_none_are_refused),
		with_file(paths_are_made_absolute),
		with_file(there_is_a_most_of_contexts),
		with_file(a_file_that_is_wrong_is_refused_with_the_place),
		with_file(an_option_goes_before_the_context_and_it_before_the_default),
		with_file(who_names_a_state_folder_does_not_mean_the_current_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
