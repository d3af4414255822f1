// SPDX-License-Identifier: Apache-2.0
#include "daemon/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

enum { LINE_MAX_BYTES = 512, FILE_FD = 3 };

struct child {
	struct child_config config;
	uv_timer_t again;
	uv_poll_t exit, output;		/* while it runs */
	unsigned int handles;		/* that the loop still has */
	char *file;			/* content */
	int pidfd, out;			/* -1: it does not run */
	unsigned int wait_ms;		/* until the next start */
	uint64_t started;		/* uv_now() */
	bool freed;
	char line[LINE_MAX_BYTES];	/* that it has begun, and then its last one */
	size_t len;
};

struct rights {
	uid_t uid;
	gid_t gid;
};

/* ---- in the new process, before the program ---- */

static void __attribute__((noreturn)) give_up(const char *why)
{
	if (write(STDERR_FILENO, why, strlen(why)) < 0)
		_exit(126);
	_exit(127);
}

/* Without the rights to take another user's it is not started with ours. */
static void take_rights(const struct rights *rights)
{
	if (geteuid() == rights->uid)
		return;
	if (setgroups(0, NULL) < 0 || setresgid(rights->gid, rights->gid, rights->gid) < 0 ||
	    setresuid(rights->uid, rights->uid, rights->uid) < 0)
		give_up("its user cannot be taken: SystemCallFilter of the unit has to let it\n");
}

/* Its own from the beginning, because we need not have the right to give files away. */
static void make_file(const struct child *c)
{
	int fd = memfd_create("wgmesh-child", MFD_ALLOW_SEALING);
	const char *at = c->file, *end = at + c->config.file_len;
	ssize_t n = 0;

	for (; fd >= 0 && at < end && n >= 0; at += n)
		n = write(fd, at, (size_t)(end - at));
	if (fd != FILE_FD || n < 0 || fchmod(fd, 0600) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) < 0)
		give_up("there is no memory for its file\n");
}

/* Only what may be called between fork() and exec() of a process with threads. */
static void __attribute__((noreturn)) run(const struct child *c, const struct rights *rights,
					  int out, pid_t parent)
{
	char *const environment[] = { NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(out, STDERR_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	close(STDIN_FILENO);
	if (open("/dev/null", O_RDONLY) != STDIN_FILENO || chdir("/") < 0)
		_exit(126);
	close_range(FILE_FD, ~0U, 0);
	take_rights(rights);
	make_file(c);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* Of the process's first thread, which ends last; a change of user would undo it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(126);
	execve(c->config.program, (char *const *)c->config.arguments, environment);
	give_up("it cannot be executed\n");
}

/* ---- what it says ---- */

static void end_line(struct child *c)
{
	if (!c->len)
		return;
	c->line[c->len] = 0;
	c->len = 0;
	log_debug("child-said", "program=%s line=\"%s\"", c->config.program, log_text(c->line));
}

static void take_output(struct child *c, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			end_line(c);
		else if (c->len < sizeof(c->line) - 1)
			c->line[c->len++] = data[i];
	}
}

static void read_output(struct child *c)
{
	char data[4096];
	ssize_t n = read(c->out, data, sizeof(data));

	if (n > 0)
		take_output(c, data, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		uv_poll_stop(&c->output);
}

static void on_output(uv_poll_t *handle, int status, int events)
{
	read_output(handle->data);
}

/* ---- its end ---- */

static void on_closed(uv_handle_t *handle)
{
	struct child *c = handle->data;

	if (--c->handles == 0 && c->freed)
		free(c);
}

static void let_go(struct child *c)
{
	if (c->pidfd < 0)
		return;
	uv_close((uv_handle_t *)&c->exit, on_closed);
	uv_close((uv_handle_t *)&c->output, on_closed);
	close(c->pidfd);
	close(c->out);
	c->pidfd = c->out = -1;
	c->len = 0;
}

static void on_again(uv_timer_t *timer);

/* By then the handles are closed: the loop does that before it looks at timers again. */
static void start_later(struct child *c)
{
	uv_timer_start(&c->again, on_again, c->wait_ms, 0);
	c->wait_ms = c->wait_ms * 2 < CHILD_AGAIN_MAX_MS ? c->wait_ms * 2 : CHILD_AGAIN_MAX_MS;
}

static void on_exit_of(uv_poll_t *handle, int status, int events)
{
	struct child *c = handle->data;
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
		return;
	read_output(c);
	end_line(c);
	if (uv_now(handle->loop) - c->started >= CHILD_STEADY_MS)
		c->wait_ms = CHILD_AGAIN_MS;
	log_warn("child-ended", "program=%s %s=%d said=\"%s\" again-in-ms=%u", c->config.program,
		 info.si_code == CLD_EXITED ? "exit" : "signal", info.si_status, log_text(c->line),
		 c->wait_ms);
	let_go(c);
	start_later(c);
}

/* ---- its beginning ---- */

/* To become another user, and to end what runs as him: by the kernel, too, when we are killed. */
static bool may_change_user(void)
{
	static const unsigned int needed[] = { CAP_SETUID, CAP_SETGID, CAP_KILL };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, have) < 0)
		return false;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(have[CAP_TO_INDEX(needed[i])].effective & CAP_TO_MASK(needed[i])))
			return false;
	return true;
}

static int find_rights(const struct child *c, struct rights *ret, struct error *err)
{
	const struct passwd *user = getpwnam(c->config.user);

	if (access(c->config.program, X_OK) < 0 || !user)
		return error_set(err, ERR_UNSUPPORTED,
				 user ? "it is missing: install the package %s"
				      : "its user is missing: install the package %s",
				 c->config.package);
	if (user->pw_uid != geteuid() && !may_change_user())
		return error_set(err, ERR_DENIED,
				 "this daemon may not start and end programs of another user: give "
				 "its unit CAP_SETUID, CAP_SETGID and CAP_KILL (turn.conf)");
	*ret = (struct rights){ user->pw_uid, user->pw_gid };
	return 0;
}

static void watch(struct child *c)
{
	c->started = uv_now(c->again.loop);
	c->handles += 2;
	uv_poll_init(c->again.loop, &c->exit, c->pidfd);
	uv_poll_init(c->again.loop, &c->output, c->out);
	c->exit.data = c->output.data = c;
	uv_poll_start(&c->exit, UV_READABLE, on_exit_of);
	uv_poll_start(&c->output, UV_READABLE, on_output);
}

static int spawn(struct child *c, const struct rights *rights, struct error *err)
{
	int fds[2], why;
	pid_t parent = getpid(), pid;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, errno, "there is no pipe for what it says");
	pid = fork();
	if (pid == 0)
		run(c, rights, fds[1], parent);
	why = errno;
	close(fds[1]);
	/* Nobody else waits for it, so that its number is its own until we have. */
	c->pidfd = pid < 0 ? -1 : pidfd_open(pid, 0);
	if (c->pidfd < 0) {
		why = pid < 0 ? why : errno;
		if (pid > 0 && kill(pid, SIGKILL) == 0)
			waitpid(pid, NULL, 0);
		close(fds[0]);
		return error_errno(err, why, "it cannot be started");
	}
	c->out = fds[0];
	log_info("child-started", "program=%s pid=%d user=%s", c->config.program, (int)pid,
		 c->config.user);
	return 0;
}

static void on_again(uv_timer_t *timer)
{
	struct child *c = timer->data;
	struct error err = { 0 };
	struct rights rights;
	int r = find_rights(c, &rights, &err);

	if (r == 0)
		r = spawn(c, &rights, &err);
	if (r == 0) {
		watch(c);
		return;
	}
	log_warn("child-not-started", "program=%s reason=\"%s\" again-in-ms=%u",
		 c->config.program, log_text(err.text), c->wait_ms);
	start_later(c);
}

int child_new(uv_loop_t *loop, const struct child_config *config, struct child **ret,
	      struct error *err)
{
	struct child *c = calloc(1, sizeof(*c));

	if (c)
		c->file = malloc(config->file_len + 1);
	if (!c || !c->file) {
		free(c);
		return error_set(err, ERR_MEMORY, "no memory for %s", config->program);
	}
	memcpy(c->file, config->file, config->file_len);
	c->config = *config;
	c->pidfd = c->out = -1;
	c->wait_ms = CHILD_AGAIN_MS;
	c->handles = 1;
	uv_timer_init(loop, &c->again);
	c->again.data = c;
	uv_timer_start(&c->again, on_again, 0, 0);
	*ret = c;
	return 0;
}

/* Some milliseconds; libuv has made the descriptor one that waitid() does not wait with. */
static void kill_now(struct child *c)
{
	struct pollfd ended = { .fd = c->pidfd, .events = POLLIN };

	/* Rights that were taken from us meanwhile would have us wait for ever. */
	if (pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0) < 0) {
		log_warn("child-not-ended", "program=%s reason=\"%s\"", c->config.program,
			 strerror(errno));
		return;
	}
	while (poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
	waitid(P_PIDFD, (id_t)c->pidfd, NULL, WEXITED | WNOHANG);
}

/* It has nothing to put in order: a relay keeps no more than its sockets. */
void child_free(struct child *c)
{
	if (!c)
		return;
	if (c->pidfd >= 0)
		kill_now(c);
	let_go(c);
	wipe(c->file, c->config.file_len);
	free(c->file);
	c->freed = true;
	uv_close((uv_handle_t *)&c->again, on_closed);
}

bool child_runs(const struct child *c)
{
	return c->pidfd >= 0;
}
