// SPDX-License-Identifier: Apache-2.0
/*
 * wmctl connect TOKEN: this machine is in the mesh for as long as the command runs, as an observer
 * with a state folder of its own that goes with it.  The daemon does the work; this starts it, and
 * at the end takes the node out of the mesh, its device down and its folder away.
 *
 * That is done by a process of its own, the worker, so that it is done too when the command is
 * killed: the worker holds the end of a pipe whose other end goes with the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config/document.h"
#include "crypto/random.h"
#include "v1/node.pb-c.h"
#include "wmctl/capture.h"
#include "wmctl/command.h"

#define USAGE "connect TOKEN [OPTION of wgmeshd…]"

/* Without a word: a guest whose machine stops is taken out by the mesh. */
#define EXPIRE_AFTER "2m"

enum { WORDS_MAX = 64, PAUSE_MS = 200, SETTINGS_MAX = 65536 };

struct guest {
	struct session *session;
	char dir[64], id[64], address[32], identity[80];
	pid_t daemon;			/* 0: it does not run */
	int lifeline;			/* of the worker: readable when the command is gone */
	bool told;			/* that we are in the mesh */
};

static volatile sig_atomic_t stopping;
static volatile pid_t worker;	/* that the command passes signals on to; in the worker itself 0 */

static void on_signal(int number)
{
	stopping = 1;
	if (worker > 0)
		kill(worker, number);
}

static bool abandoned(const struct guest *g)
{
	struct pollfd p = { .fd = g->lifeline, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void pause_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = PAUSE_MS * 1000000L };

	nanosleep(&moment, NULL);
}

/* ---- wgmeshd ---- */

/* In a process group of its own: what is typed to end us must not end it before it has left. */
static pid_t start(const char *const *argv)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	setenv("WGMESH_LOG_LEVEL", "warn", 0);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "wmctl: %s cannot be run here\n", argv[0]);
	_exit(127);
}

static bool succeeds(const char *const *argv)
{
	pid_t pid = start(argv);
	int status = 0;

	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Options of the caller stand behind ours, and so before them; the folder is ours alone. */
static bool enrol(const struct guest *g, const char *token, int argc, char **argv)
{
	const char *words[WORDS_MAX + 10] = {
		"wgmeshd", "join", token, "--id", g->id, "--expire-after", EXPIRE_AFTER,
		"--metrics-address", "none",
	};
	int n = 9;

	for (int i = 0; i < argc && n < WORDS_MAX; i++)
		words[n++] = argv[i];
	words[n++] = "--state-dir";
	words[n++] = g->dir;
	return succeeds(words);
}

static const char *setting(const struct document *d, const char *name)
{
	const struct document_value *root = document_root(d), *v = NULL;

	if (root && root->kind == DOCUMENT_MAP)
		v = document_lookup(root, name);
	return v && v->text ? v->text : "";
}

/* What the options, and all else that wgmeshd listens to, have come to. */
static int learn(struct guest *g, struct error *err)
{
	const char *const words[] = { "wgmeshd", "config", "show", "--state-dir", g->dir, NULL };
	struct buf text = BUF_INIT(SETTINGS_MAX);
	struct document *d;
	int r = capture_command(words, &text, err);

	if (r == 0)
		r = document_parse("wgmeshd config show", (char *)text.data, text.len, &d, err);
	buf_fini(&text);
	if (r < 0)
		return r;
	snprintf(g->id, sizeof(g->id), "%s", setting(d, "id"));
	snprintf(g->address, sizeof(g->address), "127.0.0.1:%s", setting(d, "grpc-port"));
	document_free(d);
	return 0;
}

/* ---- in the mesh ---- */

/* A session for each question: a channel that was refused once waits before it tries again. */
static int ask_status(struct guest *g, json_t **ret)
{
	int r = session_open(g->session, NULL);

	if (r < 0)
		return r;
	r = status_json(g->session, ret, NULL);
	session_close(g->session);
	return r;
}

static void tell_when_in(struct guest *g)
{
	json_t *status;
	const char *ipv4, *ipv6;

	if (g->told || ask_status(g, &status) < 0)
		return;
	ipv4 = json_string_value(json_object_get(status, "address_ipv4"));
	ipv6 = json_string_value(json_object_get(status, "address_ipv6"));
	if (*ipv6) {
		printf("in the mesh as %s: %s %s\nCtrl-C leaves it\n", g->id, ipv4, ipv6);
		fflush(stdout);
		g->told = true;
	}
	json_decref(status);
}

/* Returns whether the daemon still ran at the end. */
static bool stay(struct guest *g)
{
	while (!stopping && !abandoned(g)) {
		if (waitpid(g->daemon, NULL, WNOHANG) != 0) {
			g->daemon = 0;
			fprintf(stderr, "wmctl: wgmeshd has ended\n");
			return false;
		}
		tell_when_in(g);
		pause_a_moment();
	}
	return true;
}

static int ask_to_leave(struct guest *g, struct error *err)
{
	V1__LeaveRequest request = V1__LEAVE_REQUEST__INIT;
	ProtobufCMessage *reply;
	int r = session_open(g->session, err);

	if (r < 0)
		return r;
	request.id = g->id;
	r = session_call_leader(g->session, &v1__node__descriptor, "Leave", &request.base, &reply,
				err);
	if (r == 0)
		protobuf_c_message_free_unpacked(reply, NULL);
	session_close(g->session);
	return r;
}

static bool leave(struct guest *g)
{
	struct error err = { 0 };

	if (ask_to_leave(g, &err) == 0)
		return true;
	fprintf(stderr, "wmctl: %s is still in the mesh: %s; wmctl node remove %s takes it out\n",
		g->id,
		err.text, g->id);
	return false;
}

static void stop_daemon(struct guest *g)
{
	if (g->daemon <= 0)
		return;
	kill(g->daemon, SIGTERM);
	while (waitpid(g->daemon, NULL, 0) < 0)
		;
	g->daemon = 0;
}

static int run(struct guest *g)
{
	const char *const daemon[] = { "wgmeshd", "run", "--state-dir", g->dir, NULL };
	const char *const down[] = { "wgmeshd", "down", "--state-dir", g->dir, NULL };
	struct error err = { 0 };
	bool good;

	if (learn(g, &err) < 0)
		return command_fail(&err);
	snprintf(g->identity, sizeof(g->identity), "%s/identity", g->dir);
	g->session->identity_dir = g->identity;
	g->session->address = g->address;
	g->daemon = start(daemon);
	good = g->daemon > 0 && stay(g);
	good &= leave(g);
	stop_daemon(g);
	return succeeds(down) && good ? EXIT_OK : EXIT_ERROR;
}

/* ---- the folder ---- */

static int make_folder(struct guest *g, struct error *err)
{
	static const char *const places[] = { "/run", "/tmp" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(g->dir, sizeof(g->dir), "%s/wgmesh-connect.XXXXXX", places[i]);
		if (mkdtemp(g->dir))
			return 0;
	}
	return error_set(err, ERR_IO, "neither /run nor /tmp has room for a folder");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

/* Those that end the command; they are @blocked until somebody unblocks them. */
static void catch_signals(sigset_t *blocked)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(blocked);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaction(numbers[i], &action, NULL);
		sigaddset(blocked, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, blocked, NULL);
}

/* What the command is there for: to be ended. */
static int wait_for_worker(void)
{
	int status = 0;

	while (waitpid(worker, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_ERROR;
}

static int work(struct guest *g, int argc, char **argv)
{
	int code = EXIT_ERROR;

	if (enrol(g, argv[1], argc - 2, argv + 2))
		code = run(g);
	nftw(g->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return code;
}

static int cannot_begin(const struct guest *g)
{
	struct error err = { 0 };

	error_errno(&err, errno, "cannot start a process that sees to the end");
	rmdir(g->dir);
	return command_fail(&err);
}

/* No signal comes before there is somebody to pass it on to. */
static int begin(struct guest *g, int argc, char **argv)
{
	sigset_t blocked;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cannot_begin(g);
	catch_signals(&blocked);
	worker = fork();
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	if (worker < 0)
		return cannot_begin(g);
	if (worker > 0)
		return wait_for_worker();
	close(ends[1]);
	g->lifeline = ends[0];
	return work(g, argc, argv);
}

int connect_main(struct session *s, int argc, char **argv)
{
	struct guest g = { .session = s };
	struct error err = { 0 };

	if (argc < 2 || argc > WORDS_MAX - 8 || *argv[1] == '-')
		return command_usage(USAGE);
	if (session_choose(s, &err) < 0 || make_folder(&g, &err) < 0)
		return command_fail(&err);
	snprintf(g.id, sizeof(g.id), "guest-%08x", (unsigned int)random_u64());
	return begin(&g, argc, argv);
}
