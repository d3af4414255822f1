// SPDX-License-Identifier: Apache-2.0
/* Another program, run to its end: what it gets, what it says, and when it does not end. */
#include "../cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/program.h"

enum { LONG_MS = 60000 };

static int run(const char *script, int input, int timeout_ms, int *ret_status, char *said)
{
	char *const argv[] = { "sh", "-c", (char *)script, NULL };
	const struct program sh = { "/bin/sh", argv, input, timeout_ms };

	return program_run(&sh, ret_status, said, NULL);
}

static void what_it_says_and_how_it_ends_is_told(void **state)
{
	char said[PROGRAM_SAID_MAX];
	int status;

	(void)state;
	assert_int_equal(run("echo one; echo two >&2; exit 3", -1, LONG_MS, &status, said), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_string_equal(said, "one\ntwo\n");
	assert_int_equal(run("kill -9 $$", -1, LONG_MS, &status, said), 0);
	assert_true(WIFSIGNALED(status));
	assert_string_equal(said, "");
}

static void of_much_the_end_is_kept(void **state)
{
	char said[PROGRAM_SAID_MAX];
	int status;

	(void)state;
	assert_int_equal(run("seq 1 100000; echo last", -1, LONG_MS, &status, said), 0);
	assert_true(strlen(said) >= 5 && strlen(said) < PROGRAM_SAID_MAX);
	assert_string_equal(said + strlen(said) - 5, "last\n");
}

static void it_reads_what_it_is_given(void **state)
{
	int input = memfd_create("test", MFD_CLOEXEC), status;
	char said[PROGRAM_SAID_MAX];

	(void)state;
	assert_int_equal(write(input, "given\n", 6), 6);
	assert_int_equal(lseek(input, 0, SEEK_SET), 0);
	assert_int_equal(run("cat", input, LONG_MS, &status, said), 0);
	assert_string_equal(said, "given\n");
	close(input);
	assert_int_equal(run("cat", -1, LONG_MS, &status, said), 0);
	assert_string_equal(said, "");
}

/* A descriptor that others may inherit, too. */
static void it_has_nothing_else_of_ours(void **state)
{
	char said[PROGRAM_SAID_MAX], script[128];
	int fd = open("/dev/null", O_RDONLY), status;

	(void)state;
	setenv("WGMESH_TEST_SECRET", "secret", 1);
	snprintf(script, sizeof(script), "echo \"$WGMESH_TEST_SECRET\"; test -e /proc/self/fd/%d && echo open; pwd", fd);
	assert_int_equal(run(script, -1, LONG_MS, &status, said), 0);
	assert_null(strstr(said, "secret"));
	assert_null(strstr(said, "open"));
	assert_non_null(strstr(said, "\n/\n"));
	close(fd);
}

static void one_that_does_not_end_is_killed_and_one_that_is_not_there_is_told(void **state)
{
	char *const argv[] = { "nothing", NULL };
	const struct program nothing = { "/nonexistent/nothing", argv, -1, LONG_MS };
	char said[PROGRAM_SAID_MAX];
	struct error err;
	int status;

	(void)state;
	assert_int_equal(run("echo begun; exec sleep 1000", -1, 200, &status, said), -ERR_DEADLINE);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(program_run(&nothing, &status, said, &err), -ERR_UNSUPPORTED);
	assert_string_equal(err.text, "/nonexistent/nothing is missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says_and_how_it_ends_is_told),
		cmocka_unit_test(of_much_the_end_is_kept),
		cmocka_unit_test(it_reads_what_it_is_given),
		cmocka_unit_test(it_has_nothing_else_of_ours),
		cmocka_unit_test(one_that_does_not_end_is_killed_and_one_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
