// SPDX-License-Identifier: Apache-2.0
/* Times of the processors, load and memory: proc(5). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "metrics/host.h"

enum { TEXT_MAX = 4 << 20 };	/* bytes; /proc/stat has a number per interrupt */

void host_parse_stat(struct draft *m, const char *text, V1__CPUTimes *ret)
{
	/* In the order of the line. */
	char **const fields[] = { &ret->user, &ret->nice, &ret->system, &ret->idle, &ret->io_wait,
				  &ret->irq, &ret->soft_irq, &ret->steal };
	double hz = (double)sysconf(_SC_CLK_TCK);
	char *end;

	if (strncmp(text, "cpu ", 4) != 0)
		return;
	text += 4;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		unsigned long long ticks = strtoull(text, &end, 10);

		if (end == text)
			return;
		draft_printf(m, fields[i], "%.2fs", (double)ticks / hz);
		text = end;
	}
}

static void read_load(struct draft *m, V1__CPUTimes *ret)
{
	double load[3];

	ret->load_average = draft_new(m, &v1__load_average__descriptor);
	if (!ret->load_average || getloadavg(load, 3) != 3)
		return;
	ret->load_average->one = (float)load[0];
	ret->load_average->five = (float)load[1];
	ret->load_average->fifteen = (float)load[2];
}

void host_read_cpu(struct draft *m, V1__CPUTimes *ret)
{
	struct buf text = BUF_INIT(TEXT_MAX);

	if (file_read("/proc/stat", &text, NULL) == 0)
		host_parse_stat(m, buf_text(&text), ret);
	buf_fini(&text);
	read_load(m, ret);
}

/* Bytes of the line "NAME:   123 kB"; 0: there is none. */
static uint64_t line_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text && (strncmp(text, name, len) != 0 || text[len] != ':')) {
		text = strchr(text, '\n');
		text += text ? 1 : 0;
	}
	return text ? strtoull(text + len + 1, NULL, 10) * 1024 : 0;
}

void host_parse_meminfo(const char *text, V1__MemoryInfo *ret)
{
	ret->total = line_of(text, "MemTotal");
	ret->available = line_of(text, "MemAvailable");
	ret->free = line_of(text, "MemFree");
	ret->used = ret->total - ret->available;
	ret->virtual_total = line_of(text, "SwapTotal");
	ret->virtual_free = line_of(text, "SwapFree");
	ret->virtual_used = ret->virtual_total - ret->virtual_free;
}

void host_read_memory(V1__MemoryInfo *ret)
{
	struct buf text = BUF_INIT(TEXT_MAX);

	if (file_read("/proc/meminfo", &text, NULL) == 0)
		host_parse_meminfo(buf_text(&text), ret);
	buf_fini(&text);
}
