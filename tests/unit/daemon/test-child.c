// SPDX-License-Identifier: Apache-2.0
/* Programs beside the daemon: shells here, which say in files what they were given. */
#include "../cmocka.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/child.h"

enum { WAIT_MS = 30 * 1000 };

struct world {
	char dir[32];
	char user[64];
	char script[256];
	const char *arguments[4];
	uv_loop_t loop;
	uv_timer_t tick;	/* ends each turn of the loop, and the test when it is too late */
	unsigned int ticks;
	struct child *child;
};

static void on_tick(uv_timer_t *timer)
{
	struct world *w = timer->data;

	if (++w->ticks > WAIT_MS / 10)
		fail_msg("it took too long");
}

/* As root the program is somebody else's. */
static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct passwd *user = geteuid() == 0 ? getpwnam("nobody") : getpwuid(geteuid());

	assert_non_null(user);
	snprintf(w->user, sizeof(w->user), "%s", user->pw_name);
	strcpy(w->dir, "/tmp/test-child-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(chmod(w->dir, 0777), 0);
	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->tick);
	w->tick.data = w;
	uv_timer_start(&w->tick, on_tick, 10, 10);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[64];

	child_free(w->child);
	uv_close((uv_handle_t *)&w->tick, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	snprintf(command, sizeof(command), "rm -r %s", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

static void start(struct world *w, const char *script)
{
	struct child_config config = { .program = "/bin/sh", .package = "dash", .user = w->user,
				       .arguments = w->arguments, .file = "a secret\n",
				       .file_len = 9 };
	struct error err;

	snprintf(w->script, sizeof(w->script), "cd %s; %s", w->dir, script);
	w->arguments[0] = "shell";
	w->arguments[1] = "-c";
	w->arguments[2] = w->script;
	if (child_new(&w->loop, &config, &w->child, &err) < 0)
		fail_msg("%s", err.text);
}

static char *path(const struct world *w, const char *name, char out[64])
{
	snprintf(out, 64, "%s/%s", w->dir, name);
	return out;
}

static bool is_there(const struct world *w, const char *name)
{
	char at[64];

	return access(path(w, name, at), F_OK) == 0;
}

static void run_until_there(struct world *w, const char *name)
{
	while (!is_there(w, name))
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void content(const struct world *w, const char *name, struct buf *out)
{
	char at[64];

	*out = BUF_INIT(4096);
	assert_int_equal(file_read(path(w, name, at), out, NULL), 0);
}

static pid_t number(const struct world *w, const char *name)
{
	struct buf text;
	pid_t pid;

	content(w, name, &text);
	pid = (pid_t)atoi(buf_text(&text));
	buf_fini(&text);
	return pid;
}

static void it_is_given_its_file_and_nothing_else_of_ours(void **state)
{
	struct world *w = *state;
	struct buf text;
	char wanted[128];
	int ours = dup(STDIN_FILENO);	/* open in what is executed */

	setenv("TEST_CHILD_SECRET", "x", 1);
	start(w, "{ cat " CHILD_FILE "; id -u; echo $TEST_CHILD_SECRET; ls /proc/$$/fd; } > got; "
		 "mv got done; exec sleep 100");
	run_until_there(w, "done");
	content(w, "done", &text);
	/* 10: where the shell keeps its own output meanwhile */
	snprintf(wanted, sizeof(wanted), "a secret\n%u\n\n0\n1\n10\n2\n3\n", getpwnam(w->user)->pw_uid);
	assert_string_equal(buf_text(&text), wanted);
	assert_true(child_runs(w->child));
	buf_fini(&text);
	close(ours);
}

static void it_may_not_change_its_file(void **state)
{
	struct world *w = *state;

	start(w, "if echo x >> " CHILD_FILE "; then touch could; fi; touch done; exec sleep 100");
	run_until_there(w, "done");
	assert_false(is_there(w, "could"));
}

static void it_is_started_again_when_it_ends(void **state)
{
	struct world *w = *state;
	uint64_t began = uv_hrtime();

	start(w, "test -e second && touch third; test -e first && touch second; touch first; exit 3");
	run_until_there(w, "third");
	assert_true(uv_hrtime() - began >= 3ULL * CHILD_AGAIN_MS * 1000000);
}

static bool is_gone(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static void it_is_gone_when_it_is_freed(void **state)
{
	struct world *w = *state;
	pid_t pid;

	start(w, "trap '' TERM; echo $$ > got; mv got done; while :; do sleep 1; done");
	run_until_there(w, "done");
	pid = number(w, "done");
	assert_false(is_gone(pid));
	child_free(w->child);
	w->child = NULL;
	assert_true(is_gone(pid));
}

static void it_is_gone_when_we_are_killed(void **state)
{
	struct world *w = *state;
	pid_t parent = fork(), pid;

	if (parent == 0) {
		uv_loop_fork(&w->loop);
		start(w, "echo $$ > got; mv got done; exec sleep 100");
		for (;;)
			uv_run(&w->loop, UV_RUN_ONCE);
	}
	run_until_there(w, "done");
	pid = number(w, "done");
	assert_false(is_gone(pid));
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	while (!is_gone(pid))
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void what_cannot_be_started_is_tried_again_and_lets_go(void **state)
{
	struct world *w = *state;
	struct child_config config = { .program = "/nonexistent", .package = "none", .user = w->user,
				       .arguments = w->arguments, .file = "" };

	assert_int_equal(child_new(&w->loop, &config, &w->child, NULL), 0);
	for (unsigned int end = w->ticks + 150; w->ticks < end;)
		uv_run(&w->loop, UV_RUN_ONCE);
	assert_false(child_runs(w->child));
}

int main(void)
{
#define in_world(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		in_world(it_is_given_its_file_and_nothing_else_of_ours),
		in_world(it_may_not_change_its_file),
		in_world(it_is_started_again_when_it_ends),
		in_world(it_is_gone_when_it_is_freed),
		in_world(it_is_gone_when_we_are_killed),
		in_world(what_cannot_be_started_is_tried_again_and_lets_go),
	};

	/* Whoever of theirs loses its parent is waited for by nobody else. */
	signal(SIGCHLD, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
