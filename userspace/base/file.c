// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

/* Written, with its permission, and on the disk; errno says why not. */
static int write_durably(const char *path, const void *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int saved;

	if (fd < 0)
		return -1;
	if (fchmod(fd, mode) == 0 && write_all(fd, data, len) == 0 && fsync(fd) == 0)
		return close(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* The name in its folder is data of the folder, and lost with it. */
static int sync_folder(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, r;

	if (!slash)
		snprintf(dir, sizeof(dir), ".");
	else
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = fsync(fd);
	close(fd);
	return r;
}

int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
		      struct error *err)
{
	char tmp[PATH_MAX];
	int e;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", path) >= sizeof(tmp))
		return error_set(err, ERR_INVALID, "path %.100s... is too long", path);
	if (write_durably(tmp, data, len, mode)) {
		e = errno;
		unlink(tmp);
		return error_errno(err, e, "cannot write %s", tmp);
	}
	if (rename(tmp, path)) {
		e = errno;
		unlink(tmp);
		return error_errno(err, e, "cannot rename %s to %s", tmp, path);
	}
	if (sync_folder(path))
		return error_errno(err, errno, "cannot sync the folder of %s", path);
	return 0;
}

static int read_all(int fd, const char *path, struct buf *ret, struct error *err)
{
	uint8_t chunk[4096];
	size_t before = ret->len;
	ssize_t n;
	int r = 0;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = error_errno(err, errno, "cannot read %s", path);
		else if (!buf_append(ret, chunk, n))
			r = error_set(err, ERR_EXHAUSTED, "%s has more than the %zu bytes allowed",
				      path, ret->max - before);
		if (r)
			break;
	}
	wipe(chunk, sizeof(chunk));
	if (r) {
		ret->len = before;
		ret->failed = false;
	}
	return r;
}

int file_read(const char *path, struct buf *ret, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno(err, errno, "cannot open %s", path);
	r = read_all(fd, path, ret, err);
	close(fd);
	return r;
}
