// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "metrics/page.h"

const char *const metrics_files[3] = { "raft.db", "state.db", "local.db" };

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t blocks_of(const char *dir, const char *name, const char *suffix)
{
	char path[PATH_MAX + 64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	return stat(path, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}

static void read_files(const char *dir, struct metrics_readings *ret)
{
	struct statvfs fs;

	for (size_t i = 0; i < sizeof(ret->files) / sizeof(ret->files[0]); i++) {
		ret->files[i].bytes = blocks_of(dir, metrics_files[i], "");
		ret->files[i].known = ret->files[i].bytes;
		ret->files[i].bytes += blocks_of(dir, metrics_files[i], "-wal");
	}
	ret->has_disk = statvfs(dir, &fs) == 0;
	if (ret->has_disk)
		ret->disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
}

void metrics_read(const struct metrics_snapshot *s, struct metrics_readings *ret)
{
	uint64_t began = clock_ns();

	*ret = (struct metrics_readings){ 0 };
	ret->has_process = !metrics_process_read(&ret->process, NULL);
	ret->has_dataplane = !dataplane_peek(s->backend, s->device, NULL, NULL, &ret->dataplane,
					     NULL);
	ret->has_traffic = !metrics_traffic_read(s->device, &ret->traffic, NULL);
	read_files(s->state_dir, ret);
	ret->now = clock_ns();
	ret->reading_ns = ret->now - began;
}
