// SPDX-License-Identifier: Apache-2.0
/* The machine, its system and its addresses. */
#include <ifaddrs.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/file.h"
#include "metrics/host.h"

enum { FILE_MAX = 64 * 1024, VALUE_MAX = 256 };

/* ---- os-release(5) ---- */

/* The value of NAME=value, with or without quotes; "": there is none. */
static const char *value_of(const char *text, const char *name, char out[VALUE_MAX])
{
	size_t len = strlen(name), n;

	out[0] = 0;
	while (text && (strncmp(text, name, len) != 0 || text[len] != '=')) {
		text = strchr(text, '\n');
		text += text ? 1 : 0;
	}
	if (!text)
		return out;
	text += len + 1;
	n = *text == '"' || *text == '\'' ? strcspn(text + 1, (char[]){ *text, '\n', 0 })
					   : strcspn(text, "\n");
	text += *text == '"' || *text == '\'';
	snprintf(out, VALUE_MAX, "%.*s", (int)(n < VALUE_MAX ? n : VALUE_MAX - 1), text);
	return out;
}

static void parse_version(const char *text, V1__OSInfo *ret)
{
	int64_t *const parts[] = { &ret->major, &ret->minor, &ret->patch };

	for (int i = 0; i < 3 && *text >= '0' && *text <= '9'; i++) {
		char *end;

		*parts[i] = strtol(text, &end, 10);
		text = end + (*end == '.');
	}
}

void host_parse_os_release(struct draft *m, const char *text, const char *debian_version,
			   V1__OSInfo *ret)
{
	char id[VALUE_MAX], value[VALUE_MAX];

	draft_text(m, &ret->type, "linux");
	value_of(text, "ID", id);
	draft_text(m, &ret->platform, id);
	value_of(text, "ID_LIKE", value);
	draft_text(m, &ret->family, *value ? value : id);
	draft_text(m, &ret->name, value_of(text, "NAME", value));
	draft_text(m, &ret->version, value_of(text, "VERSION", value));
	draft_text(m, &ret->codename, value_of(text, "VERSION_CODENAME", value));
	draft_text(m, &ret->build, value_of(text, "BUILD_ID", value));
	parse_version(value_of(text, "VERSION_ID", value), ret);
	/* os-release has the major version alone there. */
	if (strcmp(id, "debian") == 0)
		parse_version(debian_version, ret);
}

static void read_os(struct draft *m, const struct utsname *uts, V1__OSInfo *ret)
{
	struct buf text = BUF_INIT(FILE_MAX), debian = BUF_INIT(FILE_MAX);

	if (file_read("/etc/os-release", &text, NULL) < 0)
		file_read("/usr/lib/os-release", &text, NULL);
	file_read("/etc/debian_version", &debian, NULL);
	host_parse_os_release(m, buf_text(&text), buf_text(&debian), ret);
	/* Few systems have a BUILD_ID; the kernel's is the next best. */
	if (!*ret->build)
		draft_text(m, &ret->build, uts->version);
	buf_fini(&text);
	buf_fini(&debian);
}

/* ---- addresses ---- */

static void add_mac(struct draft *m, const struct sockaddr_ll *link, V1__HostInfo *ret)
{
	static const unsigned char none[6];
	const unsigned char *a = link->sll_addr;
	char text[18];

	if (link->sll_halen != 6 || memcmp(a, none, 6) == 0 || ret->n_macs == HOST_ADDRESSES_MAX)
		return;
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4],
		 a[5]);
	draft_add_text(m, &ret->macs, &ret->n_macs, text);
}

static void add_ip(struct draft *m, const struct sockaddr *address, V1__HostInfo *ret)
{
	socklen_t len = address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						      : sizeof(struct sockaddr_in6);
	char text[IP_TEXT_MAX];
	struct endpoint e;

	if (endpoint_from_sockaddr(address, len, &e) && ret->n_ips < HOST_ADDRESSES_MAX)
		draft_add_text(m, &ret->ips, &ret->n_ips, ip_format(&e.ip, text));
}

static void read_addresses(struct draft *m, V1__HostInfo *ret)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (!i->ifa_addr)
			continue;
		if (i->ifa_addr->sa_family == AF_PACKET)
			add_mac(m, (const struct sockaddr_ll *)(const void *)i->ifa_addr, ret);
		else if (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6)
			add_ip(m, i->ifa_addr, ret);
	}
	freeifaddrs(list);
}

/* ---- the rest ---- */

/* As systemd, Docker and Podman leave word of themselves. */
static bool is_container(void)
{
	return access("/run/systemd/container", F_OK) == 0 || access("/.dockerenv", F_OK) == 0 ||
	       access("/run/.containerenv", F_OK) == 0;
}

static void read_times(struct draft *m, V1__HostInfo *ret)
{
	struct timespec now, up;
	char text[64];
	struct tm tm;
	time_t boot;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	boot = now.tv_sec - up.tv_sec;
	if (gmtime_r(&boot, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		draft_text(m, &ret->boot_time, text);
	draft_printf(m, &ret->uptime, "%lldh%lldm%llds", (long long)up.tv_sec / 3600,
		       (long long)up.tv_sec / 60 % 60, (long long)up.tv_sec % 60);
	if (localtime_r(&now.tv_sec, &tm))
		draft_text(m, &ret->timezone, tm.tm_zone);
}

void host_read_info(struct draft *m, V1__HostInfo *ret)
{
	struct utsname uts;

	ret->os = draft_new(m, &v1__osinfo__descriptor);
	if (uname(&uts) < 0)
		return;
	draft_text(m, &ret->architecture, uts.machine);
	draft_text(m, &ret->hostname, uts.nodename);
	draft_text(m, &ret->kernel_version, uts.release);
	ret->containerized = is_container();
	read_times(m, ret);
	read_addresses(m, ret);
	if (ret->os)
		read_os(m, &uts, ret->os);
}
