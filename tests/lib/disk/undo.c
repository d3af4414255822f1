// SPDX-License-Identifier: Apache-2.0
#include "undo.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct record {
	uint64_t block;
	uint8_t old[UNDO_BLOCK];
};

struct undo {
	char path[PATH_MAX];
	int fd;
	bool open;		/* the file has a size at its last sync */
	uint64_t size;
	uint8_t *saved;		/* a bit for each block */
	size_t blocks;		/* that @saved has room for */
};

static void give_up(const char *what)
{
	perror(what);
	abort();
}

/* Past the library's own write(), which is ours here. */
static void append(struct undo *u, const void *data, size_t len)
{
	if (syscall(SYS_write, u->fd, data, len) != (long)len)
		give_up(u->path);
}

static void mark(struct undo *u, uint64_t block)
{
	size_t blocks = u->blocks;

	while (blocks <= block)
		blocks = blocks ? blocks * 2 : 4096;
	if (blocks != u->blocks) {
		u->saved = realloc(u->saved, blocks / 8);
		if (!u->saved)
			give_up(u->path);
		memset(u->saved + u->blocks / 8, 0, (blocks - u->blocks) / 8);
		u->blocks = blocks;
	}
	u->saved[block / 8] |= (uint8_t)(1 << block % 8);
}

static bool is_marked(const struct undo *u, uint64_t block)
{
	return block < u->blocks && u->saved[block / 8] >> block % 8 & 1;
}

static void load(struct undo *u)
{
	struct record record;

	u->open = read(u->fd, &u->size, sizeof(u->size)) == sizeof(u->size);
	while (u->open && read(u->fd, &record, sizeof(record)) == sizeof(record))
		mark(u, record.block);
}

struct undo *undo_new(const char *folder, const struct stat *file)
{
	struct undo *u = calloc(1, sizeof(*u));

	if (!u)
		give_up("faulty-disk");
	snprintf(u->path, sizeof(u->path), "%s/%lu", folder, (unsigned long)file->st_ino);
	u->fd = open(u->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (u->fd < 0)
		give_up(u->path);
	load(u);
	return u;
}

void undo_free(struct undo *u)
{
	syscall(SYS_unlinkat, AT_FDCWD, u->path, 0);
	close(u->fd);
	free(u->saved);
	free(u);
}

static void begin(struct undo *u, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		give_up(u->path);
	u->size = (uint64_t)st.st_size;
	u->open = true;
	append(u, &u->size, sizeof(u->size));
}

static void save(struct undo *u, int fd, uint64_t block)
{
	struct record record = { .block = block };

	if (pread(fd, record.old, UNDO_BLOCK, (off_t)(block * UNDO_BLOCK)) < 0)
		give_up(u->path);
	append(u, &record, sizeof(record));
	mark(u, block);
}

/* What lies behind the size at the last sync needs no saving: it goes. */
void undo_before(struct undo *u, int fd, off_t from, off_t to)
{
	if (!u->open)
		begin(u, fd);
	for (uint64_t block = (uint64_t)from / UNDO_BLOCK;
	     block * UNDO_BLOCK < (uint64_t)to && block * UNDO_BLOCK < u->size; block++)
		if (!is_marked(u, block))
			save(u, fd, block);
}

void undo_synced(struct undo *u)
{
	if (u->open && syscall(SYS_ftruncate, u->fd, 0) < 0)
		give_up(u->path);
	u->open = false;
	free(u->saved);
	u->saved = NULL;
	u->blocks = 0;
}
