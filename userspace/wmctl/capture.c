// SPDX-License-Identifier: Apache-2.0
#include "wmctl/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMPLAINT_MAX = 1024 };

/* In the child. */
static void become(const char *const *argv, int out, int complaints)
{
	int none = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signal(SIGPIPE, SIG_DFL);
	if (dup2(none, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(complaints, STDERR_FILENO) >= 0)
		execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static bool drain(int fd, struct buf *out)
{
	char chunk[16384];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || !buf_append(out, chunk, (size_t)n))
			return false;
	}
	return true;
}

/* Beyond a pipe's room a program that complains would wait: a file has room for all of it. */
static void read_complaint(int fd, char out[COMPLAINT_MAX])
{
	ssize_t n = pread(fd, out, COMPLAINT_MAX - 1, 0);

	out[n > 0 ? n : 0] = 0;
	out[strcspn(out, "\n")] = 0;
}

static int run(const char *const *argv, int complaints, struct buf *out, struct error *err)
{
	int ends[2], status = 0;
	char complaint[COMPLAINT_MAX];
	bool whole;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "%s: no pipe", argv[0]);
	pid = fork();
	if (pid == 0)
		become(argv, ends[1], complaints);
	close(ends[1]);
	whole = pid > 0 && drain(ends[0], out);
	close(ends[0]);		/* who still writes ends by SIGPIPE */
	if (pid < 0)
		return error_errno(err, errno, "%s: cannot be started", argv[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	read_complaint(complaints, complaint);
	if (!whole)
		return error_set(err, ERR_EXHAUSTED, "%s prints too much", argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ERR_NOT_FOUND, "%s cannot be run here", argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(err, ERR_IO, "%s fails: %.200s", argv[0], complaint);
	return 0;
}

int capture_command(const char *const *argv, struct buf *out, struct error *err)
{
	int complaints = memfd_create("complaints", MFD_CLOEXEC), r;

	if (complaints < 0)
		return error_errno(err, errno, "%s: no room for its errors", argv[0]);
	r = run(argv, complaints, out, err);
	close(complaints);
	return r;
}

int capture_tail(const char *path, long max, struct buf *out, struct error *err)
{
	FILE *file = fopen(path, "re");
	int c = 0, r = 0;
	long size;

	if (!file)
		return error_errno(err, errno, "%s", path);
	if (fseek(file, 0, SEEK_END) < 0 || (size = ftell(file)) < 0) {
		fclose(file);
		return error_set(err, ERR_IO, "%s is no file with an end", path);
	}
	rewind(file);
	if (size > max && fseek(file, size - max, SEEK_SET) == 0)
		while (c != EOF && c != '\n')
			c = getc(file);
	while (r == 0 && (c = getc(file)) != EOF)
		if (!buf_append(out, &(char){ (char)c }, 1))
			r = error_set(err, ERR_EXHAUSTED, "%s has grown too much meanwhile", path);
	fclose(file);
	return r;
}
