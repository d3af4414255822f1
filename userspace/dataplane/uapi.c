// SPDX-License-Identifier: Apache-2.0
#include "dataplane/uapi.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path, int *ret, struct error *err)
{
	struct timeval timeout = { .tv_sec = UAPI_TIMEOUT_MS / 1000,
				   .tv_usec = UAPI_TIMEOUT_MS % 1000 * 1000 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return error_set(err, ERR_INVALID, "%s: the path is too long for a socket", path);
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, errno, "cannot make a socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		int e = errno;

		close(fd);
		if (e == ENOENT || e == ECONNREFUSED)
			return error_set(err, ERR_NOT_FOUND, "no wireguard-go listens at %s", path);
		return error_errno(err, e, "cannot connect to %s", path);
	}
	*ret = fd;
	return 0;
}

static int send_all(int fd, const void *data, size_t len, struct error *err)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return error_set(err, ERR_DEADLINE, "wireguard-go takes nothing");
		if (n < 0)
			return error_errno(err, errno, "cannot send to wireguard-go");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Of a recv() that gave @n, which is not positive. */
static int receive_error(ssize_t n, struct error *err)
{
	if (n == 0)
		return error_set(err, ERR_IO, "wireguard-go ended in the middle of its answer");
	if (errno == EINTR)
		return 0;
	if (errno == EAGAIN)
		return error_set(err, ERR_DEADLINE, "wireguard-go did not answer within %d seconds",
				 UAPI_TIMEOUT_MS / 1000);
	return error_errno(err, errno, "cannot read wireguard-go's answer");
}

static int receive(int fd, struct uapi_parser *p)
{
	char text[16 * 1024];
	ssize_t n;
	int r = 0;

	while (!r && !p->done) {
		n = recv(fd, text, sizeof(text), 0);
		r = n > 0 ? uapi_parser_feed(p, text, (size_t)n) : receive_error(n, p->err);
	}
	wipe(text, sizeof(text));
	if (!r && p->sys_errno)
		r = error_errno(p->err, p->sys_errno, "wireguard-go refused it");
	return r;
}

static int exchange(const char *path, const void *request, size_t len, struct uapi_parser *p)
{
	int fd = -1, r = connect_to(path, &fd, p->err);

	if (r)
		return r;
	r = send_all(fd, request, len, p->err);
	if (!r)
		r = receive(fd, p);
	close(fd);
	return r;
}

int uapi_get(const char *path, wg_peer_fn *fn, void *data, struct wg_device *ret_device,
	     struct error *err)
{
	static const char request[] = "get=1\n\n";
	struct uapi_parser p;
	int r;

	uapi_parser_init(&p, fn, data, err);
	r = exchange(path, request, sizeof(request) - 1, &p);
	if (!r && ret_device)
		*ret_device = p.device;
	uapi_parser_fini(&p);
	return r;
}

int uapi_set(const char *path, struct buf *request, struct error *err)
{
	struct uapi_parser p;
	int r;

	if (!buf_append_text(request, "\n"))
		return error_set(err, ERR_EXHAUSTED, "the request to wireguard-go is too long");
	uapi_parser_init(&p, NULL, NULL, err);
	r = exchange(path, request->data, request->len, &p);
	uapi_parser_fini(&p);
	return r;
}
