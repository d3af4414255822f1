// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forwarding.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RTF_ADDRCONF = 0x00040000 };	/* linux/ipv6_route.h: of a router's advertisement */

#define IPV4_SWITCH "/proc/sys/net/ipv4/ip_forward"
#define IPV6_SWITCH "/proc/sys/net/ipv6/conf/all/forwarding"

static int read_switch(const char *path)
{
	FILE *f = fopen(path, "re");
	int value = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

static int turn_on(const char *path, const char *name, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), e = errno;
	bool written = fd >= 0 && write(fd, "1\n", 2) == 2;

	if (fd >= 0) {
		e = errno;
		close(fd);
	}
	return written ? 0 : error_set(err, ERR_DENIED, "cannot turn forwarding on (%s): sysctl -w "
				       "%s=1", strerror(e), name);
}

/* As in /proc/net/ipv6_route: destination and length, source and length, gateway, 3 numbers, flags. */
static bool is_advertised_default(const char *line, char device[IF_NAMESIZE])
{
	unsigned int len, flags;

	return sscanf(line, "%*32s %x %*s %*s %*s %*s %*s %*s %x %15s", &len, &flags, device) == 3 &&
	       len == 0 && flags & RTF_ADDRCONF;
}

/* A kernel that forwards no longer listens to routers, unless accept_ra says 2. */
static int check_advertised(struct error *err)
{
	FILE *f = fopen("/proc/net/ipv6_route", "re");
	char device[IF_NAMESIZE], line[256], path[128];
	int r = 0;

	while (!r && f && fgets(line, sizeof(line), f)) {
		if (!is_advertised_default(line, device))
			continue;
		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", device);
		if (read_switch(path) != 2)
			r = error_set(err, ERR_PRECONDITION, "with forwarding of IPv6 on, this host "
				      "would lose its default route through %s: sysctl -w "
				      "net.ipv6.conf.%s.accept_ra=2", device, device);
	}
	if (f)
		fclose(f);
	return r;
}

int forwarding_enable(sa_family_t family, struct error *err)
{
	int r;

	if (read_switch(family == AF_INET ? IPV4_SWITCH : IPV6_SWITCH) == 1)
		return 0;
	if (family == AF_INET)
		return turn_on(IPV4_SWITCH, "net.ipv4.ip_forward", err);
	r = check_advertised(err);
	return r ? r : turn_on(IPV6_SWITCH, "net.ipv6.conf.all.forwarding", err);
}
