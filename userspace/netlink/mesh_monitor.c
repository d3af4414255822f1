// SPDX-License-Identifier: Apache-2.0
#include "netlink/mesh_monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/module.h"
#include "netlink/mesh_client.h"
#include "netlink/mesh_codec.h"

enum {
	MONITOR_BYTES = 128 * 1024,		/* as large as one message can get */
	MONITOR_QUEUE = 4 * 1024 * 1024,	/* asked of the kernel; a burst waits there */
};

struct mesh_monitor {
	struct nl_sock *sock;
	char *received;
	struct mesh_peer_parts parts;
};

static int join(struct mesh_monitor *m, const char *name, struct error *err)
{
	int group, r = genl_group(WGMESH_FAMILY_NAME, name, module_absence("")->text, &group, err);

	if (r)
		return r;
	r = nl_socket_add_membership(m->sock, group);
	if (r)
		return error_set(err, ERR_DENIED, "cannot listen to group \"%s\": %s", name,
				 nl_geterror(r));
	return 0;
}

static int subscribe(struct mesh_monitor *m, uint32_t groups, struct error *err)
{
	int queue = MONITOR_QUEUE, fd, r = nl_connect(m->sock, NETLINK_GENERIC);

	if (!r)
		r = nl_socket_set_nonblocking(m->sock);
	if (r)
		return error_set(err, ERR_UNAVAILABLE, "cannot open a netlink socket: %s",
				 nl_geterror(r));
	fd = nl_socket_get_fd(m->sock);
	/* Beyond the system's limit only with CAP_NET_ADMIN there; else as much as is allowed. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue, sizeof(queue));
	if (groups & MESH_MONITOR_CONFIG)
		r = join(m, WGMESH_MCGRP_CONFIG, err);
	if (!r && groups & MESH_MONITOR_PEERS)
		r = join(m, WGMESH_MCGRP_PEERS, err);
	return r;
}

int mesh_monitor_open(uint32_t groups, struct mesh_monitor **ret, struct error *err)
{
	struct mesh_monitor *m = calloc(1, sizeof(*m));
	int r;

	if (m) {
		m->sock = nl_socket_alloc();
		m->received = malloc(MONITOR_BYTES);
		m->parts.prefixes = calloc(WGMESH_PREFIXES_MAX, sizeof(*m->parts.prefixes));
	}
	if (!m || !m->sock || !m->received || !m->parts.prefixes)
		r = error_set(err, ERR_MEMORY, "no memory to listen to events");
	else
		r = subscribe(m, groups, err);
	if (r)
		mesh_monitor_close(m);
	else
		*ret = m;
	return r;
}

void mesh_monitor_close(struct mesh_monitor *m)
{
	if (!m)
		return;
	nl_socket_free(m->sock);
	free(m->received);
	free(m->parts.prefixes);
	free(m);
}

int mesh_monitor_fd(const struct mesh_monitor *m)
{
	return nl_socket_get_fd(m->sock);
}

static int tell_all(struct mesh_monitor *m, size_t len, mesh_event_fn *fn, void *data,
		    struct error *err)
{
	struct nlmsghdr *message = (struct nlmsghdr *)m->received;
	int rem = (int)len, r = 0;

	for (; !r && nlmsg_ok(message, rem); message = nlmsg_next(message, &rem))
		r = mesh_decode_event(message, &m->parts, fn, data, err);
	return r;
}

int mesh_monitor_read(struct mesh_monitor *m, mesh_event_fn *fn, void *data, struct error *err)
{
	static const struct mesh_event overrun = { .kind = MESH_EVENT_OVERRUN };
	ssize_t n;
	int r = 0;

	while (!r) {
		n = recv(mesh_monitor_fd(m), m->received, MONITOR_BYTES, MSG_DONTWAIT);
		if (n >= 0)
			r = tell_all(m, (size_t)n, fn, data, err);
		else if (errno == ENOBUFS)
			r = fn(data, &overrun);
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			r = error_errno(err, errno, "cannot read events");
	}
	return r;
}
