// SPDX-License-Identifier: Apache-2.0
#include "metrics/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"

enum { STAT_MAX = 4096 };

/* The second field is a name, which may have anything in it: what counts is behind its last ")". */
int metrics_process_parse(const char *stat, struct metrics_process *ret, struct error *err)
{
	const char *rest = strrchr(stat, ')');
	uint64_t user, system, threads, size, pages;

	if (!rest ||
	    sscanf(rest + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		   " %*d %*d %*d %*d %" SCNu64 " %*d %*u %" SCNu64 " %" SCNu64,
		   &user, &system, &threads, &size, &pages) != 5)
		return error_set(err, ERR_INVALID, "/proc/self/stat is not as proc(5) says");
	ret->cpu_seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	ret->threads = threads;
	ret->virtual_bytes = size;
	ret->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

/* Without the one that is open for counting. */
static uint64_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	uint64_t count = 0;

	while (dir && (entry = readdir(dir)))
		count += *entry->d_name != '.';
	if (dir)
		closedir(dir);
	return count ? count - 1 : 0;
}

int metrics_process_read(struct metrics_process *ret, struct error *err)
{
	struct metrics_process p = { 0 };
	struct buf text = BUF_INIT(STAT_MAX);
	struct rlimit limit;
	int r = file_read("/proc/self/stat", &text, err);

	if (r == 0)
		r = metrics_process_parse(buf_text(&text), &p, err);
	buf_fini(&text);
	if (r < 0)
		return r;
	p.descriptors = count_descriptors();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		p.descriptors_max = limit.rlim_cur;
	*ret = p;
	return 0;
}
