// SPDX-License-Identifier: Apache-2.0
#include "netlink/wg_codec.h"

#include <string.h>

#include <linux/time_types.h>
#include <linux/wireguard.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Removal of one prefix: kernels from 6.16, whose header Debian 12 does not have. */
enum { ALLOWEDIP_A_FLAGS = 4, ALLOWEDIP_F_REMOVE_ME = 1 };

/* A million prefixes on one peer: more than a node can have, and an end all the same. */
enum { PREFIX_BYTES_MAX = (1 << 20) * (int)sizeof(struct wg_prefix) };

static const struct attr_name allowedip_names[] = {
	[WGALLOWEDIP_A_FAMILY] = { .name = "family" },
	[WGALLOWEDIP_A_IPADDR] = { .name = "address" },
	[WGALLOWEDIP_A_CIDR_MASK] = { .name = "length" },
	[ALLOWEDIP_A_FLAGS] = { .name = "flags" },
};

static const struct attr_set allowedip_attrs = {
	.names = allowedip_names, .count = COUNT(allowedip_names),
};

static const struct attr_set allowedips_attrs = { .elements = &allowedip_attrs };

static const struct attr_name peer_names[] = {
	[WGPEER_A_PUBLIC_KEY] = { .name = "public-key" },
	[WGPEER_A_PRESHARED_KEY] = { .name = "preshared-key" },
	[WGPEER_A_FLAGS] = { .name = "flags" },
	[WGPEER_A_ENDPOINT] = { .name = "endpoint" },
	[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = { .name = "keepalive" },
	[WGPEER_A_ALLOWEDIPS] = { .name = "prefixes", .nest = &allowedips_attrs },
};

static const struct attr_set peer_attrs = {
	.names = peer_names, .count = COUNT(peer_names), .key_type = WGPEER_A_PUBLIC_KEY,
};

static const struct attr_set peers_attrs = { .elements = &peer_attrs };

static const struct attr_name device_names[] = {
	[WGDEVICE_A_IFINDEX] = { .name = "ifindex" },
	[WGDEVICE_A_IFNAME] = { .name = "ifname" },
	[WGDEVICE_A_PRIVATE_KEY] = { .name = "private-key" },
	[WGDEVICE_A_FLAGS] = { .name = "flags" },
	[WGDEVICE_A_LISTEN_PORT] = { .name = "listen-port" },
	[WGDEVICE_A_FWMARK] = { .name = "fwmark" },
	[WGDEVICE_A_PEERS] = { .name = "peers", .nest = &peers_attrs },
};

const struct attr_set wg_attrs = { .names = device_names, .count = COUNT(device_names) };

struct message wg_message(size_t max, uint8_t command, uint16_t flags, const char *ifname)
{
	struct message m = message_new_genl(max, command, WG_GENL_VERSION, flags);

	message_put_text(&m, WGDEVICE_A_IFNAME, ifname);
	return m;
}

void wg_put_device(struct message *m, const struct wg_device *device)
{
	if (device->fields & WG_DEVICE_PRIVATE_KEY)
		message_put(m, WGDEVICE_A_PRIVATE_KEY, device->private_key.bytes, KEY_BYTES);
	if (device->fields & WG_DEVICE_LISTEN_PORT)
		message_put_u16(m, WGDEVICE_A_LISTEN_PORT, device->listen_port);
	if (device->fields & WG_DEVICE_FWMARK)
		message_put_u32(m, WGDEVICE_A_FWMARK, device->fwmark);
}

static void put_prefix(struct message *m, const struct wg_prefix *p)
{
	size_t nest = message_nest(m, 0);

	message_put_u16(m, WGALLOWEDIP_A_FAMILY, p->prefix.ip.family);
	message_put_ip(m, WGALLOWEDIP_A_IPADDR, &p->prefix.ip);
	message_put_u8(m, WGALLOWEDIP_A_CIDR_MASK, p->prefix.len);
	if (p->flags & WGMESH_PREFIX_FLAGS_REMOVE)
		message_put_u32(m, ALLOWEDIP_A_FLAGS, ALLOWEDIP_F_REMOVE_ME);
	message_nest_end(m, nest);
}

static void put_prefixes(struct message *m, const struct wg_peer *peer)
{
	size_t nest = message_nest(m, WGPEER_A_ALLOWEDIPS);

	for (size_t i = 0; i < peer->prefix_count; i++)
		put_prefix(m, &peer->prefixes[i]);
	message_nest_end(m, nest);
}

static uint32_t peer_flags(const struct wg_peer *peer, bool remove)
{
	uint32_t flags = remove ? WGPEER_F_REMOVE_ME : 0;

	if (peer->flags & WGMESH_PEER_FLAGS_REPLACE_PREFIXES)
		flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
	if (peer->flags & WGMESH_PEER_FLAGS_UPDATE_ONLY)
		flags |= WGPEER_F_UPDATE_ONLY;
	return flags;
}

void wg_put_peer(struct message *m, const struct wg_peer *peer, bool remove)
{
	uint32_t flags = peer_flags(peer, remove);
	size_t nest = message_nest(m, 0);

	message_put(m, WGPEER_A_PUBLIC_KEY, peer->public_key.bytes, KEY_BYTES);
	if (flags)
		message_put_u32(m, WGPEER_A_FLAGS, flags);
	if (peer->fields & WG_PEER_PRESHARED_KEY)
		message_put(m, WGPEER_A_PRESHARED_KEY, peer->preshared_key.bytes, KEY_BYTES);
	if (peer->fields & WG_PEER_ENDPOINT)
		message_put_endpoint(m, WGPEER_A_ENDPOINT, &peer->endpoint);
	if (peer->fields & WG_PEER_KEEPALIVE)
		message_put_u16(m, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer->keepalive);
	if (peer->prefix_count)
		put_prefixes(m, peer);
	message_nest_end(m, nest);
}

static int malformed(struct error *err, const char *what)
{
	return error_set(err, ERR_IO, "WireGuard told a malformed %s", what);
}

static const struct nla_policy device_policy[WGDEVICE_A_MAX + 1] = {
	[WGDEVICE_A_PRIVATE_KEY] = { .type = NLA_UNSPEC, .minlen = KEY_BYTES },
	[WGDEVICE_A_PUBLIC_KEY] = { .type = NLA_UNSPEC, .minlen = KEY_BYTES },
	[WGDEVICE_A_LISTEN_PORT] = { .type = NLA_U16 },
	[WGDEVICE_A_FWMARK] = { .type = NLA_U32 },
};

static void decode_key(struct nlattr *a, uint32_t field, uint32_t *fields, struct key *ret)
{
	if (!a)
		return;
	*fields |= field;
	memcpy(ret->bytes, nla_data(a), KEY_BYTES);
}

int wg_decode_device(const struct nlmsghdr *answer, struct wg_device *ret, struct error *err)
{
	struct nlattr *tb[WGDEVICE_A_MAX + 1];
	struct wg_device d = { 0 };
	int r = genl_parse(answer, tb, WGDEVICE_A_MAX, device_policy, err);

	if (r)
		return r;
	decode_key(tb[WGDEVICE_A_PRIVATE_KEY], WG_DEVICE_PRIVATE_KEY, &d.fields, &d.private_key);
	decode_key(tb[WGDEVICE_A_PUBLIC_KEY], WG_DEVICE_PUBLIC_KEY, &d.fields, &d.public_key);
	if (tb[WGDEVICE_A_LISTEN_PORT]) {
		d.fields |= WG_DEVICE_LISTEN_PORT;
		d.listen_port = nla_get_u16(tb[WGDEVICE_A_LISTEN_PORT]);
	}
	if (tb[WGDEVICE_A_FWMARK]) {
		d.fields |= WG_DEVICE_FWMARK;
		d.fwmark = nla_get_u32(tb[WGDEVICE_A_FWMARK]);
	}
	*ret = d;
	key_wipe(&d.private_key);
	return 0;
}

void wg_decoder_init(struct wg_peer_decoder *d, wg_peer_fn *fn, void *data, struct error *err)
{
	*d = (struct wg_peer_decoder){
		.fn = fn, .data = data, .err = err, .prefixes = BUF_INIT(PREFIX_BYTES_MAX),
	};
}

void wg_decoder_fini(struct wg_peer_decoder *d)
{
	key_wipe(&d->waiting.preshared_key);
	buf_fini(&d->prefixes);
}

static int decode_prefix(struct nlattr *nest, struct wg_prefix *ret)
{
	static const struct nla_policy policy[WGALLOWEDIP_A_MAX + 1] = {
		[WGALLOWEDIP_A_FAMILY] = { .type = NLA_U16 },
		[WGALLOWEDIP_A_IPADDR] = { .type = NLA_UNSPEC, .minlen = 4 },
		[WGALLOWEDIP_A_CIDR_MASK] = { .type = NLA_U8 },
	};
	struct nlattr *tb[WGALLOWEDIP_A_MAX + 1] = { 0 };
	struct wg_prefix p = { 0 };

	if (nla_parse(tb, WGALLOWEDIP_A_MAX, nla_data(nest), nla_len(nest), policy) ||
	    !tb[WGALLOWEDIP_A_FAMILY] || !tb[WGALLOWEDIP_A_IPADDR] || !tb[WGALLOWEDIP_A_CIDR_MASK])
		return -1;
	p.prefix.ip.family = nla_get_u16(tb[WGALLOWEDIP_A_FAMILY]);
	p.prefix.len = nla_get_u8(tb[WGALLOWEDIP_A_CIDR_MASK]);
	if (!ip_bits(&p.prefix.ip) || p.prefix.len > ip_bits(&p.prefix.ip) ||
	    nla_len(tb[WGALLOWEDIP_A_IPADDR]) != (int)ip_bits(&p.prefix.ip) / 8)
		return -1;
	memcpy(p.prefix.ip.bytes, nla_data(tb[WGALLOWEDIP_A_IPADDR]), ip_bits(&p.prefix.ip) / 8);
	*ret = p;
	return 0;
}

static int append_prefixes(struct wg_peer_decoder *d, struct nlattr *list)
{
	struct wg_prefix prefix;
	struct nlattr *a;
	int rem;

	nla_for_each_nested(a, list, rem) {
		if (decode_prefix(a, &prefix))
			return malformed(d->err, "prefix");
		if (!buf_append(&d->prefixes, &prefix, sizeof(prefix)))
			return error_set(d->err, ERR_MEMORY, "no memory for a peer's prefixes");
	}
	return 0;
}

static uint64_t nanoseconds(struct nlattr *a)
{
	struct __kernel_timespec t;

	if (!a || nla_len(a) < (int)sizeof(t))
		return 0;
	memcpy(&t, nla_data(a), sizeof(t));
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static const struct nla_policy peer_policy[WGPEER_A_MAX + 1] = {
	[WGPEER_A_PUBLIC_KEY] = { .type = NLA_UNSPEC, .minlen = KEY_BYTES },
	[WGPEER_A_PRESHARED_KEY] = { .type = NLA_UNSPEC, .minlen = KEY_BYTES },
	[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = { .type = NLA_U16 },
	[WGPEER_A_RX_BYTES] = { .type = NLA_U64 },
	[WGPEER_A_TX_BYTES] = { .type = NLA_U64 },
};

static int fill_peer(struct nlattr **tb, const struct key *key, struct wg_peer *peer)
{
	struct nlattr *endpoint = tb[WGPEER_A_ENDPOINT];

	*peer = (struct wg_peer){ .public_key = *key };
	decode_key(tb[WGPEER_A_PRESHARED_KEY], WG_PEER_PRESHARED_KEY, &peer->fields,
		   &peer->preshared_key);
	if (tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]) {
		peer->fields |= WG_PEER_KEEPALIVE;
		peer->keepalive = nla_get_u16(tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
	}
	peer->last_handshake = nanoseconds(tb[WGPEER_A_LAST_HANDSHAKE_TIME]);
	peer->rx_bytes = tb[WGPEER_A_RX_BYTES] ? nla_get_u64(tb[WGPEER_A_RX_BYTES]) : 0;
	peer->tx_bytes = tb[WGPEER_A_TX_BYTES] ? nla_get_u64(tb[WGPEER_A_TX_BYTES]) : 0;
	if (!endpoint)
		return 0;
	peer->fields |= WG_PEER_ENDPOINT;
	return endpoint_from_sockaddr(nla_data(endpoint), (socklen_t)nla_len(endpoint),
				      &peer->endpoint) ? 0 : -1;
}

int wg_decoder_end(struct wg_peer_decoder *d)
{
	int r = 0;

	if (d->has_waiting) {
		d->waiting.prefixes = (const struct wg_prefix *)d->prefixes.data;
		d->waiting.prefix_count = d->prefixes.len / sizeof(struct wg_prefix);
		r = d->fn(d->data, &d->waiting);
	}
	key_wipe(&d->waiting.preshared_key);
	d->has_waiting = false;
	buf_reset(&d->prefixes);
	return r;
}

/* A peer that repeats the waiting one's key is its continuation. */
static int feed_peer(struct wg_peer_decoder *d, struct nlattr *nest)
{
	struct nlattr *tb[WGPEER_A_MAX + 1] = { 0 };
	struct key key;
	int r;

	if (nla_parse(tb, WGPEER_A_MAX, nla_data(nest), nla_len(nest), peer_policy) ||
	    !tb[WGPEER_A_PUBLIC_KEY])
		return malformed(d->err, "peer");
	memcpy(key.bytes, nla_data(tb[WGPEER_A_PUBLIC_KEY]), KEY_BYTES);
	if (!d->has_waiting || !key_equal(&key, &d->waiting.public_key)) {
		r = wg_decoder_end(d);
		if (r)
			return r;
		if (fill_peer(tb, &key, &d->waiting))
			return malformed(d->err, "endpoint");
		d->has_waiting = true;
	}
	return tb[WGPEER_A_ALLOWEDIPS] ? append_prefixes(d, tb[WGPEER_A_ALLOWEDIPS]) : 0;
}

int wg_decoder_feed(struct wg_peer_decoder *d, const struct nlmsghdr *answer)
{
	struct nlattr *tb[WGDEVICE_A_MAX + 1], *a;
	int rem, r = genl_parse(answer, tb, WGDEVICE_A_MAX, device_policy, d->err);

	if (r || !tb[WGDEVICE_A_PEERS])
		return r;
	nla_for_each_nested(a, tb[WGDEVICE_A_PEERS], rem) {
		r = feed_peer(d, a);
		if (r)
			return r;
	}
	return 0;
}
