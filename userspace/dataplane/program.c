// SPDX-License-Identifier: Apache-2.0
#include "dataplane/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In the child. */
static void __attribute__((noreturn)) become(const struct program *p, int out)
{
	static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int in = p->input < 0 ? open("/dev/null", O_RDWR) : p->input;
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0 || chdir("/"))
		_exit(126);
	close_range(3, ~0U, 0);
	execve(p->path, p->argv, environment);
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Keeps the end of what the child says; false when it still had not ended at the deadline. */
static bool read_until_end(int fd, int timeout_ms, char said[PROGRAM_SAID_MAX])
{
	int64_t deadline = now_ms() + timeout_ms, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while ((left = deadline - now_ms()) > 0) {
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		if (len > PROGRAM_SAID_MAX / 2) {
			len -= PROGRAM_SAID_MAX / 2;
			memmove(said, said + PROGRAM_SAID_MAX / 2, len);
		}
		n = read(fd, said + len, PROGRAM_SAID_MAX - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	said[len] = 0;
	return left > 0;
}

static int wait_for(const struct program *p, pid_t child, int fd, int *ret_status, char *said,
		    struct error *err)
{
	bool ended = read_until_end(fd, p->timeout_ms, said);

	if (!ended)
		kill(child, SIGKILL);
	while (waitpid(child, ret_status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot wait for %s", p->path);
	return ended ? 0 : error_set(err, ERR_DEADLINE, "%s did not end within %d seconds",
				     p->path, p->timeout_ms / 1000);
}

int program_run(const struct program *p, int *ret_status, char said[PROGRAM_SAID_MAX],
		struct error *err)
{
	int fds[2], r;
	pid_t child;

	if (access(p->path, X_OK))
		return error_set(err, ERR_UNSUPPORTED, "%s is missing", p->path);
	if (pipe2(fds, O_CLOEXEC))
		return error_errno(err, errno, "cannot start %s", p->path);
	child = fork();
	if (child == 0)
		become(p, fds[1]);
	close(fds[1]);
	if (child < 0)
		r = error_errno(err, errno, "cannot start %s", p->path);
	else
		r = wait_for(p, child, fds[0], ret_status, said, err);
	close(fds[0]);
	return r;
}
