// SPDX-License-Identifier: Apache-2.0
/*
 * A disk below a program's databases (LD_PRELOAD) that loses, fails and delays as it is told:
 *
 *	FAULTY_DISK_UNDO=DIR	what was not synced can be taken back, also after the program was killed: undo.h
 *	FAULTY_DISK_ORDERS=FILE	looked at before every write and sync: "fail NAME" makes them EIO for files whose
 *				names begin so, "slow N" makes a sync take N ms, "lie NAME" makes a sync
 *				say yes and do nothing; a file that is empty or missing: the disk is well
 *
 * Files whose names have ".db" in them, and are no shared memory, are on this disk; to make,
 * rename and remove files is durable at once.  Whole blocks survive or do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "undo.h"

enum { FILES_MAX = 64 };

struct file {
	dev_t dev;
	ino_t ino;		/* 0: a free place */
	struct undo *undo;	/* NULL: not on this disk */
	char name[64];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES_MAX];

static const char *name_of(int fd, char path[PATH_MAX])
{
	char link[64];
	const char *slash;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static struct file *place(const struct stat *st)
{
	struct file *free_one = NULL;

	for (struct file *f = files; f < files + FILES_MAX; f++) {
		if (f->ino == st->st_ino && f->dev == st->st_dev)
			return f;
		if (!f->ino)
			free_one = f;
	}
	return free_one;
}

/* NULL: not on this disk. */
static struct file *lookup(int fd)
{
	const char *folder = getenv("FAULTY_DISK_UNDO"), *name;
	char path[PATH_MAX];
	struct stat st;
	struct file *f;

	if (!folder || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	f = place(&st);
	if (f && !f->ino) {
		name = name_of(fd, path);
		if (!strstr(name, ".db") || strstr(name, "-shm"))
			return NULL;
		*f = (struct file){ st.st_dev, st.st_ino, undo_new(folder, &st), "" };
		snprintf(f->name, sizeof(f->name), "%.63s", name);
	}
	return f && f->undo ? f : NULL;
}

static void forget(const char *path)
{
	struct stat st;
	struct file *f;

	if (lstat(path, &st) < 0)
		return;
	pthread_mutex_lock(&lock);
	f = place(&st);
	if (f && f->ino) {
		undo_free(f->undo);
		*f = (struct file){ 0 };
	}
	pthread_mutex_unlock(&lock);
}

static void read_orders(char text[32])
{
	const char *path = getenv("FAULTY_DISK_ORDERS");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, text, 31) : 0;

	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

enum health { WELL, FAILING, LYING };

static enum health obey(const struct file *f, bool sync)
{
	char text[32], name[32];
	unsigned int ms;

	read_orders(text);
	if (sscanf(text, "fail %31s", name) == 1 && strncmp(f->name, name, strlen(name)) == 0) {
		errno = EIO;
		return FAILING;
	}
	if (sync && sscanf(text, "slow %u", &ms) == 1)
		usleep(ms * 1000);
	if (sync && sscanf(text, "lie %31s", name) == 1 &&
	    strncmp(f->name, name, strlen(name)) == 0)
		return LYING;
	return WELL;
}

/* ---- what the program calls: off_t has 64 bits, and so pwrite() is pwrite64() ---- */

static ssize_t write_at(int fd, const void *data, size_t len, off_t at, bool has_place)
{
	struct file *f;
	ssize_t n;

	pthread_mutex_lock(&lock);
	f = lookup(fd);
	if (f && obey(f, false) == FAILING) {
		pthread_mutex_unlock(&lock);
		return -1;
	}
	if (f && !has_place)
		at = lseek(fd, 0, SEEK_CUR);
	if (f)
		undo_before(f->undo, fd, at, at + (off_t)len);
	n = has_place ? syscall(SYS_pwrite64, fd, data, len, at) :
			syscall(SYS_write, fd, data, len);
	pthread_mutex_unlock(&lock);
	return n;
}

static int cut(int fd, off_t size)
{
	struct file *f;
	struct stat st;
	int r;

	pthread_mutex_lock(&lock);
	f = lookup(fd);
	if (f && fstat(fd, &st) == 0)
		undo_before(f->undo, fd, size, st.st_size);
	r = (int)syscall(SYS_ftruncate, fd, size);
	pthread_mutex_unlock(&lock);
	return r;
}

/* The delay is no reason for others to wait. */
static int sync_file(int fd, long number)
{
	enum health health;
	struct file *f;

	pthread_mutex_lock(&lock);
	f = lookup(fd);
	pthread_mutex_unlock(&lock);
	if (!f)
		return (int)syscall(number, fd);
	health = obey(f, true);
	if (health == FAILING)
		return -1;
	pthread_mutex_lock(&lock);
	if (health == WELL)
		undo_synced(f->undo);
	pthread_mutex_unlock(&lock);
	return 0;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	return write_at(fd, data, len, at, true);
}

/* Signal handlers write, too, to pipes, and must not wait for what they have interrupted. */
ssize_t write(int fd, const void *data, size_t len)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return syscall(SYS_write, fd, data, len);
	return write_at(fd, data, len, 0, false);
}

int ftruncate(int fd, off_t size)
{
	return cut(fd, size);
}

int fsync(int fd)
{
	return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync);
}

int unlink(const char *path)
{
	forget(path);
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int rename(const char *from, const char *to)
{
	forget(to);
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
