// SPDX-License-Identifier: Apache-2.0
#include "store/wal_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

/* https://www.sqlite.org/fileformat2.html, "The Write-Ahead Log" */
enum {
	HEADER = 32,
	FRAME_HEADER = 24,
	MAGIC = 0x377f0682,	/* plus one: checksums are over big-endian words */
	SUMMED_HEADER = 24,
	SUMMED_FRAME_HEADER = 8,
};

struct wal {
	FILE *file;
	uint8_t *frame;
	uint32_t page_size;
	bool big_endian;
	uint8_t salts[8];
	uint32_t sum[2];	/* running over all frames */
};

static uint32_t load_word(const struct wal *w, const uint8_t *p)
{
	uint32_t v = load_u32(p);

	return w->big_endian ? v : __builtin_bswap32(v);
}

static void add_to_sum(struct wal *w, const uint8_t *p, size_t len)
{
	for (const uint8_t *end = p + len; p < end; p += 8) {
		w->sum[0] += load_word(w, p) + w->sum[1];
		w->sum[1] += load_word(w, p + 4) + w->sum[0];
	}
}

static bool sum_is(const struct wal *w, const uint8_t *p)
{
	return w->sum[0] == load_u32(p) && w->sum[1] == load_u32(p + 4);
}

/* As wal_reserve() leaves it: nothing was written since. */
static bool is_blank(struct wal *w, const uint8_t header[HEADER])
{
	int byte = 0;

	for (int i = 0; i < HEADER; i++)
		if (header[i])
			return false;
	while (byte == 0)
		byte = fgetc(w->file);
	return byte == EOF;
}

/* Written and synced before the first frame, so it is whole where there are frames. */
static bool read_header(struct wal *w, const uint8_t header[HEADER])
{
	uint32_t magic = load_u32(header);

	w->big_endian = magic & 1;
	w->page_size = load_u32(header + 8);
	memcpy(w->salts, header + 16, sizeof(w->salts));
	add_to_sum(w, header, SUMMED_HEADER);
	return (magic & ~1U) == MAGIC && sum_is(w, header + 24) &&
	       w->page_size >= 512 && w->page_size <= 65536 &&
	       (w->page_size & (w->page_size - 1)) == 0;
}

static bool of_this_wal(const struct wal *w)
{
	return memcmp(w->frame + 8, w->salts, sizeof(w->salts)) == 0;
}

static bool frame_sound(struct wal *w)
{
	if (!of_this_wal(w))
		return false;
	add_to_sum(w, w->frame, SUMMED_FRAME_HEADER);
	add_to_sum(w, w->frame + FRAME_HEADER, w->page_size);
	return sum_is(w, w->frame + 16);
}

static bool ends_transaction(const struct wal *w)
{
	return load_u32(w->frame + 4) != 0;
}

/* False: behind the broken transaction, which ends at its commit frame, there is more. */
static bool frames_sound(struct wal *w)
{
	bool broken = false, ended = false;

	while (fread(w->frame, FRAME_HEADER + w->page_size, 1, w->file) == 1) {
		if (!broken && frame_sound(w))
			continue;
		broken = true;
		if (!of_this_wal(w))
			continue;	/* left over from before the last checkpoint */
		if (ended)
			return false;
		ended = ends_transaction(w);
	}
	return true;
}

static int check_file(struct wal *w, const char *path, struct error *err)
{
	uint8_t header[HEADER];
	int next;

	if (fread(header, sizeof(header), 1, w->file) != 1)
		return 0;
	next = fgetc(w->file);
	if (next == EOF)
		return 0;
	ungetc(next, w->file);
	if (is_blank(w, header))
		return 0;
	rewind(w->file);
	if (fread(header, sizeof(header), 1, w->file) != 1)
		return 0;
	if (!read_header(w, header))
		return error_set(err, ERR_CORRUPT, "%s-wal: its header is damaged", path);
	w->frame = malloc(FRAME_HEADER + w->page_size);
	if (!w->frame)
		return error_set(err, ERR_MEMORY, "%s-wal: no memory", path);
	if (!frames_sound(w))
		return error_set(err, ERR_CORRUPT, "%s-wal: damaged in its middle", path);
	if (ferror(w->file))
		return error_set(err, ERR_IO, "%s-wal: cannot read", path);
	return 0;
}

static int write_zeros(int fd, const char *name, size_t bytes, struct error *err)
{
	static const uint8_t zeros[65536];

	for (size_t at = 0; at < bytes; at += sizeof(zeros)) {
		ssize_t n = pwrite(fd, zeros, sizeof(zeros), (off_t)at);

		if (n != (ssize_t)sizeof(zeros))
			return error_errno(err, n < 0 ? errno : ENOSPC, "%s: cannot write", name);
	}
	return fdatasync(fd) < 0 ? error_errno(err, errno, "%s: cannot sync", name) : 0;
}

int wal_reserve(const char *path, size_t bytes, struct error *err)
{
	char name[4096];
	int fd, r;

	if ((size_t)snprintf(name, sizeof(name), "%s-wal", path) >= sizeof(name))
		return error_set(err, ERR_INVALID, "%s: the path is too long", path);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "%s: cannot open", name);
	r = write_zeros(fd, name, bytes, err);
	close(fd);
	return r;
}

int wal_check(const char *path, struct error *err)
{
	char name[4096];
	struct wal w = { 0 };
	int r;

	if ((size_t)snprintf(name, sizeof(name), "%s-wal", path) >= sizeof(name))
		return error_set(err, ERR_INVALID, "%s: the path is too long", path);
	w.file = fopen(name, "re");
	if (!w.file)
		return errno == ENOENT ? 0 : error_errno(err, errno, "%s: cannot open", name);
	r = check_file(&w, path, err);
	free(w.frame);
	fclose(w.file);
	return r;
}
