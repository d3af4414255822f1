// SPDX-License-Identifier: Apache-2.0
/* wireguard-go, where the kernel has no WireGuard. */
#include "dataplane/backend.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/device.h"
#include "dataplane/sync.h"
#include "dataplane/uapi.h"
#include "dataplane/wireguard_go.h"

enum { REQUEST_SOFT_MAX = 64 * 1024 };	/* bytes; a request is sent when it has grown so long */

struct backend {
	struct link_client *link;
	char ifname[IF_NAMESIZE];
	char socket[WIREGUARD_GO_PATH_MAX];
};

static int send_request(struct backend *b, struct buf *request, struct error *err)
{
	int r = uapi_set(b->socket, request, err);

	if (r)
		error_prefix(err, "device %s", b->ifname);
	buf_fini_secret(request);
	uapi_put_set(request);
	return r;
}

static int send_peers(struct backend *b, const struct wg_peer *peers, size_t count, bool remove,
		      struct error *err)
{
	struct buf request = BUF_INIT(UAPI_REQUEST_MAX);
	size_t waiting = 0;
	int r = 0;

	uapi_put_set(&request);
	for (size_t i = 0; !r && i < count; i++) {
		uapi_put_peer(&request, &peers[i], remove);
		waiting++;
		if (request.len < REQUEST_SOFT_MAX && i + 1 < count && !request.failed)
			continue;
		r = send_request(b, &request, err);
		waiting = 0;
	}
	buf_fini_secret(&request);
	return r;
}

static int set(void *data, const struct wg_peer *peers, size_t count, struct error *err)
{
	return send_peers(data, peers, count, false, err);
}

static int remove_peers(void *data, const struct key *keys, size_t count, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++)
		r = send_peers(data, &(struct wg_peer){ .public_key = keys[i] }, 1, true, err);
	return r;
}

/* The private key ends every session when it is set: only if it differs. */
static int configure(struct backend *b, const struct dataplane_config *config, struct error *err)
{
	struct buf request = BUF_INIT(UAPI_REQUEST_MAX);
	struct wg_device now = { 0 }, want = { 0 };
	int r = uapi_get(b->socket, NULL, NULL, &now, err);

	if (r)
		return r;
	if (!key_equal(&now.private_key, &config->private_key)) {
		want.fields |= WG_DEVICE_PRIVATE_KEY;
		want.private_key = config->private_key;
	}
	if (config->listen_port && now.listen_port != config->listen_port) {
		want.fields |= WG_DEVICE_LISTEN_PORT;
		want.listen_port = config->listen_port;
	}
	uapi_put_set(&request);
	uapi_put_device(&request, &want);
	if (want.fields)
		r = send_request(b, &request, err);
	buf_fini_secret(&request);
	key_wipe(&now.private_key);
	key_wipe(&want.private_key);
	return r;
}

/* A device of that name here, and a process that answers for it, are adopted. */
static int start(struct backend *b, struct error *err)
{
	struct link_info info;
	int r = link_get(b->link, b->ifname, &info, err);

	if (r == -ERR_NOT_FOUND) {
		r = wireguard_go_start(b->ifname, err);
	} else if (!r && strcmp(info.kind, "tun") != 0) {
		r = error_set(err, ERR_PRECONDITION, "device %s is of kind \"%s\", not one of "
			      "wireguard-go's: delete it, or choose another name", b->ifname,
			      info.kind);
	}
	return r;
}

static void userspace_close(struct backend *b)
{
	free(b);
}

static int userspace_open(const struct dataplane_config *config, struct link_client *link,
			  struct backend **ret, struct error *err)
{
	struct backend *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return error_set(err, ERR_MEMORY, "no memory for a data plane");
	b->link = link;
	strncpy(b->ifname, config->ifname, sizeof(b->ifname) - 1);
	wireguard_go_socket(b->ifname, b->socket);
	r = start(b, err);
	if (!r)
		r = configure(b, config, err);
	if (r == -ERR_NOT_FOUND)
		r = error_set(err, ERR_PRECONDITION, "device %s is there, but no wireguard-go "
			      "answers for it at %s: delete it, or choose another name",
			      b->ifname, b->socket);
	if (!r)
		r = device_set_up(link, config, err);
	if (r)
		userspace_close(b);
	else
		*ret = b;
	return r;
}

/*
 * The process ends by itself when its device is gone; it is waited for, because one
 * that is started meanwhile would find its socket taken.
 */
static int userspace_remove(struct backend *b, struct error *err)
{
	enum { TRIES = 200, PAUSE_NS = 10 * 1000 * 1000 };
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int r = link_delete(b->link, b->ifname, err);

	if (r)
		return r == -ERR_NOT_FOUND ? 0 : r;
	for (int i = 0; i < TRIES; i++) {
		if (uapi_get(b->socket, NULL, NULL, NULL, NULL) == -ERR_NOT_FOUND)
			return 0;
		nanosleep(&pause, NULL);
	}
	return error_set(err, ERR_DEADLINE, "wireguard-go does not let go of %s: end it",
			 b->ifname);
}

static int userspace_list(struct backend *b, wg_peer_fn *fn, void *data, struct error *err)
{
	return uapi_get(b->socket, fn, data, NULL, err);
}

static int userspace_apply(struct backend *b, const struct peer_diff *diff,
			   const struct peer_set *wanted, bool replace, struct error *err)
{
	static const struct sync_ops ops = { .set = set, .remove = remove_peers };

	return sync_apply(&ops, b, diff, err);
}

static int userspace_set_key(struct backend *b, const struct key *private_key, struct error *err)
{
	struct wg_device set = { .fields = WG_DEVICE_PRIVATE_KEY, .private_key = *private_key };
	struct buf request = BUF_INIT(UAPI_REQUEST_MAX);
	int r;

	uapi_put_set(&request);
	uapi_put_device(&request, &set);
	r = send_request(b, &request, err);
	buf_fini_secret(&request);
	key_wipe(&set.private_key);
	return r;
}

/* One request each: of several values in one, wireguard-go keeps the last. */
static int userspace_call(struct backend *b, const struct wg_peer steps[], size_t count,
			  struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++)
		r = send_peers(b, &steps[i], 1, false, err);
	return r;
}

static int userspace_listen_port(struct backend *b, uint16_t *ret, struct error *err)
{
	struct wg_device device;
	int r = uapi_get(b->socket, NULL, NULL, &device, err);

	if (r)
		return r;
	key_wipe(&device.private_key);
	*ret = device.listen_port;
	return 0;
}

static int userspace_set_mark(struct backend *b, struct error *err)
{
	const struct wg_device mark = { .fields = WG_DEVICE_FWMARK, .fwmark = LINK_ANNOUNCED_MARK };
	struct buf request = BUF_INIT(UAPI_REQUEST_MAX);
	int r;

	uapi_put_set(&request);
	uapi_put_device(&request, &mark);
	r = send_request(b, &request, err);
	buf_fini_secret(&request);
	return r;
}

const struct backend_ops backend_userspace = {
	.name = "userspace",
	.flat = true,
	.open = userspace_open,
	.close = userspace_close,
	.remove = userspace_remove,
	.list = userspace_list,
	.apply = userspace_apply,
	.list_sessions = userspace_list,
	.set_key = userspace_set_key,
	.call = userspace_call,
	.listen_port = userspace_listen_port,
	.set_mark = userspace_set_mark,
};
