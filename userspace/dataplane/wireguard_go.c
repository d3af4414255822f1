// SPDX-License-Identifier: Apache-2.0
#include "dataplane/wireguard_go.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/program.h"

static const char program[] = "/usr/bin/wireguard-go";
static const char tun[] = "/dev/net/tun";

void wireguard_go_socket(const char *ifname, char out[WIREGUARD_GO_PATH_MAX])
{
	snprintf(out, WIREGUARD_GO_PATH_MAX, "/var/run/wireguard/%s.sock", ifname);
}

static int check_host(struct error *err)
{
	if (access(program, X_OK))
		return error_set(err, ERR_UNSUPPORTED,
				 "%s is missing: install the package wireguard-go", program);
	if (access(tun, R_OK | W_OK))
		return error_set(err, ERR_UNSUPPORTED, "cannot use %s (%s): run \"modprobe tun\", "
				 "or give the container that device", tun, strerror(errno));
	return 0;
}

/* The last line: before it stands a box that advertises the kernel's WireGuard. */
static const char *last_line(char *text)
{
	const char *last = "it said nothing";
	char *rest, *line;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		last = line;
	return last;
}

/*
 * It forks once more, and exits when the device is there; what it has to complain about until then is
 * what it says: without a LOG_LEVEL the other one closes its outputs.
 */
int wireguard_go_start(const char *ifname, struct error *err)
{
	char *const argv[] = { "wireguard-go", (char *)ifname, NULL };
	const struct program go = {
		.path = program, .argv = argv, .input = -1, .timeout_ms = WIREGUARD_GO_START_MS,
	};
	char said[PROGRAM_SAID_MAX];
	int status, r = check_host(err);

	if (!r)
		r = program_run(&go, &status, said, err);
	if (r == -ERR_DEADLINE)
		return error_set(err, ERR_DEADLINE, "wireguard-go did not start within %d seconds",
				 WIREGUARD_GO_START_MS / 1000);
	if (r || (WIFEXITED(status) && !WEXITSTATUS(status)))
		return r;
	return error_set(err, ERR_UNAVAILABLE, "wireguard-go did not start: %s", last_line(said));
}
