// SPDX-License-Identifier: Apache-2.0
#include "wmctl/doctor_host.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/module.h"

enum {
	WIREGUARD_OVERHEAD = 80,	/* over IPv6: 40 + 8 + 32 bytes */
	MIB = 1024 * 1024,
	DISK_FAIL_MIB = 64,
	DISK_WARN_MIB = 512,
};

/* The first line of ROOT/PATH, without its end. */
static bool read_line(const char *root, const char *path, char *out, size_t cap)
{
	char name[PATH_MAX];
	FILE *file;
	bool found;

	snprintf(name, sizeof(name), "%s%s", root, path);
	file = fopen(name, "re");
	if (!file)
		return false;
	found = fgets(out, (int)cap, file) != NULL;
	fclose(file);
	if (found)
		out[strcspn(out, "\n")] = 0;
	return found;
}

static long read_number(const char *root, const char *path)
{
	char line[32];

	return read_line(root, path, line, sizeof(line)) ? strtol(line, NULL, 10) : -1;
}

/* ---- the module ---- */

void host_check_module(struct findings *f, const char *root, const char *version, bool wanted)
{
	const struct module_absence *why;
	char path[PATH_MAX], found[64] = "";

	snprintf(path, sizeof(path), "%s/sys/module/wgmesh", root);
	if (access(path, F_OK) < 0) {
		why = module_absence(root);
		findings_add(f, wanted ? VERDICT_WARN : VERDICT_OK, "module", why->remedy, "%s", why->cause);
		return;
	}
	read_line(root, "/sys/module/wgmesh/version", found, sizeof(found));
	if (*version && strcmp(found, version) != 0)
		findings_add(f, VERDICT_WARN, "module",
			     "rmmod wgmesh; modprobe wgmesh: tunnels stay, and the daemon finds "
			     "them",
			     "wgmesh %s is loaded, the daemon is %s", *found
			     ? found : "(no version)",
			     version);
	else
		findings_add(f, VERDICT_OK, "module", "", "wgmesh %s is loaded", found);
}

/* ---- MTU ---- */

/* The device of the default route; false: there is none. */
static bool way_out(const char *root, const char *except, char out[64])
{
	char name[PATH_MAX], line[256], device[64];
	unsigned long destination, mask;
	bool found = false;
	FILE *file;

	snprintf(name, sizeof(name), "%s/proc/net/route", root);
	file = fopen(name, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %lx %*x %*x %*d %*d %*d %lx", device, &destination,
			   &mask) != 3)
			continue;
		found = !destination && !mask && strcmp(device, except) != 0;
	}
	if (file)
		fclose(file);
	if (found)
		memcpy(out, device, sizeof(device));
	return found;
}

static long mtu_of(const char *root, const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/mtu", device);
	return read_number(root, path);
}

void host_check_mtu(struct findings *f, const char *root, const char *device)
{
	long own = mtu_of(root, device), below;
	char out[64];

	if (own < 0) {
		findings_add(f, VERDICT_FAIL, "mtu",
			     "the daemon makes it again within seconds; if not, its log says why",
			     "there is no device %s", device);
		return;
	}
	below = way_out(root, device, out) ? mtu_of(root, out) : -1;
	if (below < 0)
		findings_add(f, VERDICT_OK, "mtu", "",
			     "%s has %ld; there is no default route to compare",
			     device, own);
	else if (own + WIREGUARD_OVERHEAD > below)
		findings_add(f, VERDICT_WARN, "mtu",
			     "ip link set the device to the other's MTU less 80",
			     "%s has %ld, and packets of %ld do not fit %s with %ld", device, own,
			     own + WIREGUARD_OVERHEAD, out, below);
	else
		findings_add(f, VERDICT_OK, "mtu", "", "%s has %ld, %s has %ld", device, own, out,
			     below);
}

/* ---- forwarding ---- */

void host_check_forwarding(struct findings *f, const char *root, bool relay)
{
	long ipv4 = read_number(root, "/proc/sys/net/ipv4/ip_forward");
	long ipv6 = read_number(root, "/proc/sys/net/ipv6/conf/all/forwarding");

	if (!relay)
		findings_add(f, VERDICT_OK, "forwarding", "",
			     "nobody is reached through this node");
	else if (ipv4 == 1 && ipv6 != 0)
		findings_add(f, VERDICT_OK, "forwarding", "", "on");
	else
		findings_add(f, VERDICT_WARN, "forwarding",
			     "sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
			     "nodes behind NATs are reached through this one, and it forwards "
			     "no %s",
			     ipv4 == 1 ? "IPv6" : ipv6 == 0 ? "packets" : "IPv4");
}

/* ---- ports ---- */

/* Lines of /proc/net/tcp and its like: "  0: 0100007F:20FB 00000000:0000 0A …". */
static bool is_bound_in(const char *root, const char *path, uint16_t port, bool listening)
{
	char name[PATH_MAX], line[256];
	unsigned int found, state;
	bool bound = false;
	FILE *file;

	snprintf(name, sizeof(name), "%s%s", root, path);
	file = fopen(name, "re");
	while (file && !bound && fgets(line, sizeof(line), file))
		bound = sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &found,
			       &state) == 2 &&
			found == port && (!listening || state == 0x0a);
	if (file)
		fclose(file);
	return bound;
}

static void check_port(struct findings *f, const char *root, const char *what, bool tcp,
		       uint16_t port)
{
	const char *const files[2] = { tcp ? "/proc/net/tcp" : "/proc/net/udp",
				       tcp ? "/proc/net/tcp6" : "/proc/net/udp6" };

	if (is_bound_in(root, files[0], port, tcp) || is_bound_in(root, files[1], port, tcp))
		findings_add(f, VERDICT_OK, "port", "", "%s: %s %u is open", what, tcp
			     ? "TCP" : "UDP",
			     port);
	else
		findings_add(f, VERDICT_FAIL, "port",
			     "systemctl restart wgmeshd; its log says whose the port is",
			     "%s: nobody listens at %s %u", what, tcp ? "TCP" : "UDP", port);
}

void host_check_ports(struct findings *f, const char *root, const struct host_ports *ports)
{
	check_port(f, root, "API", true, ports->grpc);
	if (ports->raft)
		check_port(f, root, "Raft", true, ports->raft);
	if (ports->wireguard)
		check_port(f, root, "WireGuard", false, ports->wireguard);
}

bool host_reaches(const struct endpoint *to, int timeout_ms)
{
	struct sockaddr_in6 address;
	socklen_t len = endpoint_to_sockaddr(to, &address), error_len = sizeof(int);
	int fd = socket(to->ip.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = -1;
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	if (fd < 0)
		return false;
	if (connect(fd, (const struct sockaddr *)&address, len) == 0)
		error = 0;
	else if (errno == EINPROGRESS && poll(&wait, 1, timeout_ms) == 1)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
	close(fd);
	return error == 0;
}

/* ---- the state folder ---- */

static bool check_file(struct findings *f, const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (stat(path, &st) < 0 || !(st.st_mode & 077))
		return true;
	findings_add(f, VERDICT_FAIL, "state-dir",
		     "chmod go= the file; if others were on this machine, take the node out and "
		     "join it anew",
		     "%s is secret, and others may use it (mode %04o)", path, st.st_mode & 07777);
	return false;
}

void host_check_state_dir(struct findings *f, const char *dir)
{
	static const char *const secrets[] = { "local.db", "raft.db", "state.db",
					       "identity/node.pem",
					       "identity/ca.key", "admin/node.pem" };
	bool good = true;
	struct stat st;

	if (stat(dir, &st) < 0 || access(dir, R_OK | X_OK) < 0) {
		findings_add(f, VERDICT_WARN, "state-dir", "run wmctl doctor as root",
			     "%s cannot be looked into: %s", dir, strerror(errno));
		return;
	}
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		good &= check_file(f, dir, secrets[i]);
	if (st.st_mode & 077)
		findings_add(f, VERDICT_WARN, "state-dir", "chmod 0700 the folder",
			     "%s is open to others (mode %04o)", dir, st.st_mode & 07777);
	else if (good)
		findings_add(f, VERDICT_OK, "state-dir", "", "%s is its owner's alone", dir);
}

void host_check_disk(struct findings *f, const char *dir)
{
	struct statvfs vfs;
	uint64_t mib;
	enum verdict verdict;

	if (statvfs(dir, &vfs) < 0) {
		findings_add(f, VERDICT_WARN, "disk", "", "%s: %s", dir, strerror(errno));
		return;
	}
	mib = (uint64_t)vfs.f_bavail * vfs.f_frsize / MIB;
	verdict = mib < DISK_FAIL_MIB || (vfs.f_files && !vfs.f_favail) ? VERDICT_FAIL
		: mib < DISK_WARN_MIB ? VERDICT_WARN : VERDICT_OK;
	findings_add(f, verdict, "disk", "make room: a voter that cannot write stops",
		     "%" PRIu64 " MiB free for %s", mib, dir);
}
