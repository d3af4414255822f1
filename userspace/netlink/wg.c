// SPDX-License-Identifier: Apache-2.0
#include "netlink/wg.h"

#include <stdlib.h>

#include <linux/wireguard.h>

#include "netlink/wg_codec.h"

enum {
	SMALL_MESSAGE = 512,
	/* All peers of a message are one attribute, which ends at 64 KiB. */
	SET_MESSAGE_MAX = 60 * 1024,
	/* Bounds the time in which a message holds the rtnl lock: 0.1 to 13 ms per removal. */
	REMOVALS_PER_MESSAGE = 16,
	UPDATES_PER_MESSAGE = 300,
};

static const char wg_missing[] =
	"the kernel has no WireGuard: run \"modprobe wireguard\", or use a kernel that has it";

struct wg_client {
	struct genl *genl;
};

int wg_client_open(struct wg_client **ret, struct error *err)
{
	struct wg_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, ERR_MEMORY, "no memory for a netlink client");
	r = genl_open(WG_GENL_NAME, wg_missing, &wg_attrs, &c->genl, err);
	if (r)
		free(c);
	else
		*ret = c;
	return r;
}

void wg_client_close(struct wg_client *c)
{
	if (!c)
		return;
	genl_close(c->genl);
	free(c);
}

/* Sends what changes the device, and lets go of the message. */
static int change(struct wg_client *c, struct message *m, const char *ifname, struct error *err)
{
	int r = genl_request(c->genl, m, NULL, NULL, err);

	message_fini(m);
	if (r)
		error_prefix(err, "WireGuard device %s", ifname);
	return r;
}

int wg_device_set(struct wg_client *c, const char *ifname, const struct wg_device *device,
		  struct error *err)
{
	struct message m = wg_message(SMALL_MESSAGE, WG_CMD_SET_DEVICE, 0, ifname);

	wg_put_device(&m, device);
	return change(c, &m, ifname, err);
}

int wg_peers_clear(struct wg_client *c, const char *ifname, struct error *err)
{
	struct message m = wg_message(SMALL_MESSAGE, WG_CMD_SET_DEVICE, 0, ifname);

	message_put_u32(&m, WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS);
	return change(c, &m, ifname, err);
}

enum { FIRST_MESSAGE_SEEN = 1 };

struct device_telling {
	struct wg_device device;
	struct error *err;
};

static int keep_device(void *data, const struct nlmsghdr *answer)
{
	struct device_telling *t = data;
	int r = wg_decode_device(answer, &t->device, t->err);

	return r ? r : FIRST_MESSAGE_SEEN;
}

/* The first message has all of the device; the peers behind it are not waited for. */
int wg_device_get(struct wg_client *c, const char *ifname, struct wg_device *ret,
		  struct error *err)
{
	struct message m = wg_message(SMALL_MESSAGE, WG_CMD_GET_DEVICE, NLM_F_DUMP, ifname);
	struct device_telling t = { .err = err };
	int r = genl_request(c->genl, &m, keep_device, &t, err);

	message_fini(&m);
	if (r == FIRST_MESSAGE_SEEN)
		*ret = t.device;
	else if (r < 0)
		error_prefix(err, "WireGuard device %s", ifname);
	key_wipe(&t.device.private_key);
	if (!r)
		return error_set(err, ERR_IO, "WireGuard device %s: nothing was told", ifname);
	return r < 0 ? r : 0;
}

static int feed(void *data, const struct nlmsghdr *answer)
{
	return wg_decoder_feed(data, answer);
}

int wg_peer_list(struct wg_client *c, const char *ifname, wg_peer_fn *fn, void *data,
		 struct error *err)
{
	struct message m = wg_message(SMALL_MESSAGE, WG_CMD_GET_DEVICE, NLM_F_DUMP, ifname);
	struct wg_peer_decoder d;
	int r;

	wg_decoder_init(&d, fn, data, err);
	r = genl_request(c->genl, &m, feed, &d, err);
	if (!r)
		r = wg_decoder_end(&d);
	wg_decoder_fini(&d);
	message_fini(&m);
	if (r < 0)
		error_prefix(err, "peers of WireGuard device %s", ifname);
	return r;
}

/* Many peers in messages of bounded length and number. */
struct batch {
	struct wg_client *client;
	const char *ifname;
	struct message message;
	size_t peers_nest;
	unsigned int count, max;
};

static void batch_start(struct batch *b)
{
	b->message = wg_message(SET_MESSAGE_MAX, WG_CMD_SET_DEVICE, 0, b->ifname);
	b->peers_nest = message_nest(&b->message, WGDEVICE_A_PEERS);
	b->count = 0;
}

static int batch_flush(struct batch *b, struct error *err)
{
	if (!b->count) {
		message_fini(&b->message);
		return 0;
	}
	message_nest_end(&b->message, b->peers_nest);
	return change(b->client, &b->message, b->ifname, err);
}

static bool batch_try(struct batch *b, const struct wg_peer *peer, bool remove)
{
	size_t len = message_len(&b->message);

	if (b->count == b->max)
		return false;
	wg_put_peer(&b->message, peer, remove);
	if (b->message.failed) {
		message_cut(&b->message, len);
		return false;
	}
	b->count++;
	return true;
}

/*
 * A peer with more prefixes than one message takes goes on in the next ones; only the
 * first may empty its list.
 */
static int batch_split(struct batch *b, const struct wg_peer *peer, struct error *err)
{
	enum { PREFIXES_PER_PART = 1000 };
	struct wg_peer part = *peer;
	int r = 0;

	if (!peer->prefix_count)
		return error_set(err, ERR_MEMORY, "no memory for a netlink message");
	for (size_t at = 0; !r && at < peer->prefix_count; at += PREFIXES_PER_PART) {
		part.prefixes = peer->prefixes + at;
		part.prefix_count = peer->prefix_count - at;
		if (part.prefix_count > PREFIXES_PER_PART)
			part.prefix_count = PREFIXES_PER_PART;
		batch_start(b);
		if (!batch_try(b, &part, false)) {
			message_fini(&b->message);
			r = error_set(err, ERR_MEMORY, "no memory for a netlink message");
			break;
		}
		r = batch_flush(b, err);
		part.flags &= ~(uint32_t)WGMESH_PEER_FLAGS_REPLACE_PREFIXES;
		part.fields = 0;
	}
	key_wipe(&part.preshared_key);
	return r;
}

static int batch_add(struct batch *b, const struct wg_peer *peer, bool remove, struct error *err)
{
	int r;

	if (batch_try(b, peer, remove))
		return 0;
	r = batch_flush(b, err);
	if (r)
		return r;
	batch_start(b);
	if (batch_try(b, peer, remove))
		return 0;
	message_fini(&b->message);
	r = batch_split(b, peer, err);
	if (!r)
		batch_start(b);
	return r;
}

int wg_peers_set(struct wg_client *c, const char *ifname, const struct wg_peer *peers,
		 size_t count, struct error *err)
{
	struct batch b = { .client = c, .ifname = ifname, .max = UPDATES_PER_MESSAGE };
	int r = 0;

	batch_start(&b);
	for (size_t i = 0; !r && i < count; i++)
		r = batch_add(&b, &peers[i], false, err);
	if (!r)
		return batch_flush(&b, err);
	message_fini(&b.message);
	return r;
}

int wg_peers_remove(struct wg_client *c, const char *ifname, const struct key *public_keys,
		    size_t count, struct error *err)
{
	struct batch b = { .client = c, .ifname = ifname, .max = REMOVALS_PER_MESSAGE };
	int r = 0;

	batch_start(&b);
	for (size_t i = 0; !r && i < count; i++)
		r = batch_add(&b, &(struct wg_peer){ .public_key = public_keys[i] }, true, err);
	if (!r)
		return batch_flush(&b, err);
	message_fini(&b.message);
	return r;
}
