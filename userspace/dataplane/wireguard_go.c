// SPDX-License-Identifier: Apache-2.0
#include "dataplane/wireguard_go.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char program[] = "/usr/bin/wireguard-go";
static const char tun[] = "/dev/net/tun";

void wireguard_go_socket(const char *ifname, char out[WIREGUARD_GO_PATH_MAX])
{
	snprintf(out, WIREGUARD_GO_PATH_MAX, "/var/run/wireguard/%s.sock", ifname);
}

static int check_host(struct error *err)
{
	if (access(program, X_OK))
		return error_set(err, ERR_UNSUPPORTED,
				 "%s is missing: install the package wireguard-go", program);
	if (access(tun, R_OK | W_OK))
		return error_set(err, ERR_UNSUPPORTED, "cannot use %s (%s): run \"modprobe tun\", "
				 "or give the container that device", tun, strerror(errno));
	return 0;
}

/*
 * In the child.  wireguard-go itself forks once more and exits when the device is
 * there; what it has to complain about until then goes to @out.
 */
static void __attribute__((noreturn)) run(const char *ifname, int out)
{
	char *const argv[] = { "wireguard-go", (char *)ifname, NULL };
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	unsetenv("LOG_LEVEL");	/* else it would keep our output open */
	if (dup2(open("/dev/null", O_RDWR), STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0 || chdir("/"))
		_exit(126);
	close_range(3, ~0U, 0);
	execv(program, argv);
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Keeps the end of what the child says; false when it still had not ended at the deadline. */
static int read_until_end(int fd, char *text, size_t size)
{
	int64_t deadline = now_ms() + WIREGUARD_GO_START_MS, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while ((left = deadline - now_ms()) > 0) {
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		if (len > size / 2) {
			memmove(text, text + size / 2, len - size / 2);
			len -= size / 2;
		}
		n = read(fd, text + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = 0;
	return left > 0;
}

/* The last line: before it stands a box that advertises the kernel's WireGuard. */
static const char *last_line(char *text)
{
	const char *last = "it said nothing";
	char *rest, *line;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		last = line;
	return last;
}

static int wait_for(pid_t child, int fd, struct error *err)
{
	char text[1024];
	int status;

	if (!read_until_end(fd, text, sizeof(text))) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		return error_set(err, ERR_DEADLINE, "wireguard-go did not start within %d seconds",
				 WIREGUARD_GO_START_MS / 1000);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot wait for wireguard-go");
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return error_set(err, ERR_UNAVAILABLE, "wireguard-go did not start: %s", last_line(text));
}

int wireguard_go_start(const char *ifname, struct error *err)
{
	int fds[2], r = check_host(err);
	pid_t child;

	if (r)
		return r;
	if (pipe2(fds, O_CLOEXEC))
		return error_errno(err, errno, "cannot start wireguard-go");
	child = fork();
	if (child == 0)
		run(ifname, fds[1]);
	close(fds[1]);
	if (child < 0)
		r = error_errno(err, errno, "cannot start wireguard-go");
	else
		r = wait_for(child, fds[0], err);
	close(fds[0]);
	return r;
}
