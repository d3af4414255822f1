// SPDX-License-Identifier: Apache-2.0
#include "metrics/traffic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

enum { DEVICES_BYTES_MAX = 1 << 20 };

/* The numbers of a line are behind its first colon: names of devices have none. */
static const char *numbers_of(const char *line, const char *ifname)
{
	size_t len = strlen(ifname);

	line += strspn(line, " ");
	return strncmp(line, ifname, len) == 0 && line[len] == ':' ? line + len + 1 : NULL;
}

int metrics_traffic_parse(const char *lines, const char *ifname, struct metrics_traffic *ret,
			  struct error *err)
{
	struct metrics_traffic t;
	const char *numbers = NULL;

	for (; lines && !numbers; lines = strchr(lines, '\n')) {
		lines += *lines == '\n';
		numbers = numbers_of(lines, ifname);
	}
	if (!numbers || sscanf(numbers,
			       "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64 "%*u%*u%*u%*u"
			       "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64,
			       &t.rx_bytes, &t.rx_packets, &t.rx_errors, &t.rx_dropped,
			       &t.tx_bytes, &t.tx_packets, &t.tx_errors, &t.tx_dropped) != 8)
		return error_set(err, ERR_NOT_FOUND, "there is no device %s", ifname);
	*ret = t;
	return 0;
}

int metrics_traffic_read(const char *ifname, struct metrics_traffic *ret, struct error *err)
{
	struct buf text = BUF_INIT(DEVICES_BYTES_MAX);
	int r = file_read("/proc/net/dev", &text, err);

	if (r == 0)
		r = metrics_traffic_parse(buf_text(&text), ifname, ret, err);
	buf_fini(&text);
	return r;
}
