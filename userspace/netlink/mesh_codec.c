// SPDX-License-Identifier: Apache-2.0
#include "netlink/mesh_codec.h"

#include <string.h>

struct message mesh_message(size_t max, uint8_t command, uint16_t flags, const char *ifname)
{
	struct message m = message_new_genl(max, command, WGMESH_FAMILY_VERSION, flags);

	if (ifname)
		message_put_text(&m, WGMESH_A_MESH_IFNAME, ifname);
	return m;
}

static void put_prefix(struct message *m, const struct wg_prefix *p)
{
	size_t nest = message_nest(m, WGMESH_A_PEER_PREFIX);

	message_put_ip(m, WGMESH_A_PREFIX_ADDRESS, &p->prefix.ip);
	message_put_u8(m, WGMESH_A_PREFIX_LENGTH, p->prefix.len);
	if (p->metric)
		message_put_u32(m, WGMESH_A_PREFIX_METRIC, p->metric);
	if (p->flags)
		message_put_u32(m, WGMESH_A_PREFIX_FLAGS, p->flags);
	message_nest_end(m, nest);
}

static void put_values(struct message *m, const struct wg_peer *peer)
{
	if (peer->fields & WG_PEER_PRESHARED_KEY)
		message_put(m, WGMESH_A_PEER_PRESHARED_KEY, peer->preshared_key.bytes, KEY_BYTES);
	if (peer->flags || peer->fields & WG_PEER_FLAGS)
		message_put_u32(m, WGMESH_A_PEER_FLAGS, peer->flags);
	if (peer->fields & WG_PEER_ENDPOINT)
		message_put_endpoint(m, WGMESH_A_PEER_ENDPOINT, &peer->endpoint);
	if (peer->fields & WG_PEER_KEEPALIVE)
		message_put_u16(m, WGMESH_A_PEER_KEEPALIVE, peer->keepalive);
	if (peer->fields & WG_PEER_FLOOR)
		message_put(m, WGMESH_A_PEER_FLOOR, peer->floor, sizeof(peer->floor));
}

size_t mesh_put_peer_part(struct message *m, const struct wg_peer *peer, size_t from)
{
	size_t nest = message_nest(m, WGMESH_A_MESH_PEER), end = from + MESH_PART_PREFIXES;

	if (end > peer->prefix_count)
		end = peer->prefix_count;
	message_put(m, WGMESH_A_PEER_PUBLIC_KEY, peer->public_key.bytes, KEY_BYTES);
	if (!from)
		put_values(m, peer);
	if (end < peer->prefix_count)
		message_put(m, WGMESH_A_PEER_MORE, NULL, 0);
	for (size_t i = from; i < end; i++)
		put_prefix(m, &peer->prefixes[i]);
	message_nest_end(m, nest);
	return end;
}

void mesh_put_peer(struct message *m, const struct wg_peer *peer)
{
	size_t next = 0;

	do {
		next = mesh_put_peer_part(m, peer, next);
	} while (next < peer->prefix_count);
}

static uint32_t u32_of(struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static uint64_t u64_of(struct nlattr *a)
{
	return a ? nla_get_u64(a) : 0;
}

static int malformed(struct error *err, const char *what)
{
	return error_set(err, ERR_IO, "the kernel told a malformed %s", what);
}

static int decode_ip(struct nlattr *a, struct ip *ret)
{
	struct ip ip = { .family = nla_len(a) == 4 ? AF_INET : AF_INET6 };

	if (nla_len(a) != 4 && nla_len(a) != 16)
		return -1;
	memcpy(ip.bytes, nla_data(a), (size_t)nla_len(a));
	*ret = ip;
	return 0;
}

static const struct nla_policy mesh_policy[WGMESH_A_MESH_MAX + 1] = {
	[WGMESH_A_MESH_IFINDEX] = { .type = NLA_U32 },
	[WGMESH_A_MESH_IFNAME] = { .type = NLA_STRING, .maxlen = IF_NAMESIZE },
	[WGMESH_A_MESH_FLAGS] = { .type = NLA_U32 },
	[WGMESH_A_MESH_FEATURES] = { .type = NLA_U32 },
	[WGMESH_A_MESH_GENERATION] = { .type = NLA_U64 },
	[WGMESH_A_MESH_PEERS_MAX] = { .type = NLA_U32 },
	[WGMESH_A_MESH_ACTIVE_MAX] = { .type = NLA_U32 },
	[WGMESH_A_MESH_TRANSACTION_TIMEOUT] = { .type = NLA_U32 },
	[WGMESH_A_MESH_UPSERTED] = { .type = NLA_U32 },
	[WGMESH_A_MESH_REMOVED] = { .type = NLA_U32 },
	[WGMESH_A_MESH_ERRNO] = { .type = NLA_U32 },
	[WGMESH_A_MESH_REASON] = { .type = NLA_U32 },
	[WGMESH_A_MESH_COUNTERS_AGE] = { .type = NLA_U32 },
	[WGMESH_A_MESH_IDLE_TIMEOUT] = { .type = NLA_U32 },
	[WGMESH_A_MESH_REMOVAL_GENERATION] = { .type = NLA_U64 },
	[WGMESH_A_MESH_SUPPRESSED] = { .type = NLA_U32 },
};

static int decode_stats(struct nlattr *nest, struct mesh_stats *ret)
{
	static const struct nla_policy policy[] = {
		[1 ... WGMESH_A_STATS_MAX] = { .type = NLA_U64 },
	};
	struct nlattr *tb[WGMESH_A_STATS_MAX + 1] = { 0 };

	if (nla_parse(tb, WGMESH_A_STATS_MAX, nla_data(nest), nla_len(nest), policy))
		return -1;
	for (int i = 1; i <= WGMESH_A_STATS_MAX; i++)
		ret->value[i] = u64_of(tb[i]);
	return 0;
}

static int fill_info(struct nlattr **tb, struct mesh_info *ret, struct error *err)
{
	struct mesh_info info = {
		.ifindex = u32_of(tb[WGMESH_A_MESH_IFINDEX]),
		.flags = u32_of(tb[WGMESH_A_MESH_FLAGS]),
		.features = u32_of(tb[WGMESH_A_MESH_FEATURES]),
		.generation = u64_of(tb[WGMESH_A_MESH_GENERATION]),
		.removal_generation = u64_of(tb[WGMESH_A_MESH_REMOVAL_GENERATION]),
		.peers_max = u32_of(tb[WGMESH_A_MESH_PEERS_MAX]),
		.active_max = u32_of(tb[WGMESH_A_MESH_ACTIVE_MAX]),
		.transaction_timeout = u32_of(tb[WGMESH_A_MESH_TRANSACTION_TIMEOUT]),
		.idle_timeout = u32_of(tb[WGMESH_A_MESH_IDLE_TIMEOUT]),
	};

	if (tb[WGMESH_A_MESH_IFNAME])
		strncpy(info.ifname, nla_get_string(tb[WGMESH_A_MESH_IFNAME]),
			sizeof(info.ifname) - 1);
	if (tb[WGMESH_A_MESH_STATS] && decode_stats(tb[WGMESH_A_MESH_STATS], &info.stats))
		return malformed(err, "counter");
	*ret = info;
	return 0;
}

int mesh_decode_info(const struct nlmsghdr *answer, struct mesh_info *ret, struct error *err)
{
	struct nlattr *tb[WGMESH_A_MESH_MAX + 1];
	int r = genl_parse(answer, tb, WGMESH_A_MESH_MAX, mesh_policy, err);

	return r ? r : fill_info(tb, ret, err);
}

static const struct nla_policy prefix_policy[WGMESH_A_PREFIX_MAX + 1] = {
	[WGMESH_A_PREFIX_LENGTH] = { .type = NLA_U8 },
	[WGMESH_A_PREFIX_FLAGS] = { .type = NLA_U32 },
	[WGMESH_A_PREFIX_METRIC] = { .type = NLA_U32 },
};

/* Address and length of a prefix nest, whose attributes come back in @tb. */
static int decode_network(struct nlattr *nest, struct nlattr **tb, struct prefix *ret)
{
	struct prefix p;

	memset(tb, 0, sizeof(*tb) * (WGMESH_A_PREFIX_MAX + 1));
	if (nla_parse(tb, WGMESH_A_PREFIX_MAX, nla_data(nest), nla_len(nest),
		      prefix_policy) ||
	    !tb[WGMESH_A_PREFIX_ADDRESS] || !tb[WGMESH_A_PREFIX_LENGTH] ||
	    decode_ip(tb[WGMESH_A_PREFIX_ADDRESS], &p.ip))
		return -1;
	p.len = nla_get_u8(tb[WGMESH_A_PREFIX_LENGTH]);
	if (p.len > ip_bits(&p.ip))
		return -1;
	*ret = p;
	return 0;
}

static int decode_hop(struct nlattr *nest, struct mesh_hop *ret)
{
	static const struct nla_policy policy[WGMESH_A_HOP_MAX + 1] = {
		[WGMESH_A_HOP_PUBLIC_KEY] = { .type = NLA_UNSPEC, .minlen = KEY_BYTES },
		[WGMESH_A_HOP_METRIC] = { .type = NLA_U32 },
		[WGMESH_A_HOP_FLAGS] = { .type = NLA_U32 },
		[WGMESH_A_HOP_STATE] = { .type = NLA_U32 },
	};
	struct nlattr *tb[WGMESH_A_HOP_MAX + 1] = { 0 };

	if (nla_parse(tb, WGMESH_A_HOP_MAX, nla_data(nest), nla_len(nest), policy) ||
	    !tb[WGMESH_A_HOP_PUBLIC_KEY])
		return -1;
	memcpy(ret->public_key.bytes, nla_data(tb[WGMESH_A_HOP_PUBLIC_KEY]), KEY_BYTES);
	ret->metric = u32_of(tb[WGMESH_A_HOP_METRIC]);
	ret->flags = u32_of(tb[WGMESH_A_HOP_FLAGS]);
	ret->state = u32_of(tb[WGMESH_A_HOP_STATE]);
	return 0;
}

int mesh_decode_prefix(const struct nlmsghdr *answer, struct mesh_prefix *ret, struct error *err)
{
	struct nlattr *tb[WGMESH_A_MESH_MAX + 1], *ptb[WGMESH_A_PREFIX_MAX + 1], *a;
	struct mesh_prefix p = { 0 };
	int rem, r = genl_parse(answer, tb, WGMESH_A_MESH_MAX, mesh_policy, err);

	if (r)
		return r;
	if (!tb[WGMESH_A_MESH_PREFIX] || decode_network(tb[WGMESH_A_MESH_PREFIX], ptb, &p.prefix))
		return malformed(err, "prefix");
	nla_for_each_nested(a, tb[WGMESH_A_MESH_PREFIX], rem) {
		if (nla_type(a) != WGMESH_A_PREFIX_HOP)
			continue;
		if (p.hop_count == WGMESH_HOPS_MAX || decode_hop(a, &p.hops[p.hop_count]))
			return malformed(err, "next hop");
		p.hop_count++;
	}
	*ret = p;
	return 0;
}

static const struct nla_policy peer_policy[WGMESH_A_PEER_MAX + 1] = {
	[WGMESH_A_PEER_PUBLIC_KEY] = { .type = NLA_UNSPEC, .minlen = KEY_BYTES },
	[WGMESH_A_PEER_FLAGS] = { .type = NLA_U32 },
	[WGMESH_A_PEER_KEEPALIVE] = { .type = NLA_U16 },
	[WGMESH_A_PEER_STATE] = { .type = NLA_U32 },
	[WGMESH_A_PEER_GENERATION] = { .type = NLA_U64 },
	[WGMESH_A_PEER_RX_BYTES] = { .type = NLA_U64 },
	[WGMESH_A_PEER_TX_BYTES] = { .type = NLA_U64 },
	[WGMESH_A_PEER_LAST_HANDSHAKE] = { .type = NLA_U64 },
	[WGMESH_A_PEER_FLOOR] = { .type = NLA_UNSPEC, .minlen = WGMESH_FLOOR_LEN },
};

static void fill_counters(struct nlattr **tb, struct wg_peer *peer)
{
	peer->flags = u32_of(tb[WGMESH_A_PEER_FLAGS]);
	peer->generation = u64_of(tb[WGMESH_A_PEER_GENERATION]);
	peer->rx_bytes = u64_of(tb[WGMESH_A_PEER_RX_BYTES]);
	peer->tx_bytes = u64_of(tb[WGMESH_A_PEER_TX_BYTES]);
	peer->last_handshake = u64_of(tb[WGMESH_A_PEER_LAST_HANDSHAKE]);
	if (tb[WGMESH_A_PEER_STATE]) {
		peer->fields |= WG_PEER_STATE;
		peer->state = nla_get_u32(tb[WGMESH_A_PEER_STATE]);
	}
	if (tb[WGMESH_A_PEER_FLOOR]) {
		peer->fields |= WG_PEER_FLOOR;
		memcpy(peer->floor, nla_data(tb[WGMESH_A_PEER_FLOOR]), WGMESH_FLOOR_LEN);
	}
}

static int fill_peer(struct nlattr **tb, const struct key *key, struct wg_peer *peer)
{
	struct nlattr *endpoint = tb[WGMESH_A_PEER_ENDPOINT];

	*peer = (struct wg_peer){ .public_key = *key };
	fill_counters(tb, peer);
	if (tb[WGMESH_A_PEER_KEEPALIVE]) {
		peer->fields |= WG_PEER_KEEPALIVE;
		peer->keepalive = nla_get_u16(tb[WGMESH_A_PEER_KEEPALIVE]);
	}
	if (!endpoint)
		return 0;
	peer->fields |= WG_PEER_ENDPOINT;
	return endpoint_from_sockaddr(nla_data(endpoint), (socklen_t)nla_len(endpoint),
				      &peer->endpoint) ? 0 : -1;
}

static int append_prefixes(struct nlattr *peer, struct mesh_peer_parts *parts)
{
	struct nlattr *tb[WGMESH_A_PREFIX_MAX + 1], *a;
	struct wg_prefix *p;
	int rem;

	nla_for_each_nested(a, peer, rem) {
		if (nla_type(a) != WGMESH_A_PEER_PREFIX)
			continue;
		if (parts->peer.prefix_count == WGMESH_PREFIXES_MAX)
			return -1;
		p = &parts->prefixes[parts->peer.prefix_count];
		if (decode_network(a, tb, &p->prefix))
			return -1;
		p->metric = u32_of(tb[WGMESH_A_PREFIX_METRIC]);
		p->flags = u32_of(tb[WGMESH_A_PREFIX_FLAGS]);
		parts->peer.prefix_count++;
	}
	return 0;
}

static int fill_parts(struct nlattr *nest, struct mesh_peer_parts *parts)
{
	struct nlattr *tb[WGMESH_A_PEER_MAX + 1] = { 0 };
	struct key key;

	if (nla_parse(tb, WGMESH_A_PEER_MAX, nla_data(nest), nla_len(nest),
		      peer_policy) || !tb[WGMESH_A_PEER_PUBLIC_KEY])
		return -1;
	memcpy(key.bytes, nla_data(tb[WGMESH_A_PEER_PUBLIC_KEY]), KEY_BYTES);
	if (parts->more && !key_equal(&key, &parts->peer.public_key))
		return -1;
	if (!parts->more && fill_peer(tb, &key, &parts->peer))
		return -1;
	parts->peer.prefixes = parts->prefixes;
	parts->more = tb[WGMESH_A_PEER_MORE] != NULL;
	return append_prefixes(nest, parts);
}

int mesh_decode_peer(const struct nlmsghdr *answer, struct mesh_peer_parts *parts,
		     uint64_t *ret_generation, bool *ret_present, struct error *err)
{
	struct nlattr *tb[WGMESH_A_MESH_MAX + 1];
	int r = genl_parse(answer, tb, WGMESH_A_MESH_MAX, mesh_policy, err);

	if (r)
		return r;
	if (tb[WGMESH_A_MESH_PEER] && fill_parts(tb[WGMESH_A_MESH_PEER], parts))
		return malformed(err, "peer");
	if (tb[WGMESH_A_MESH_COUNTERS_AGE]) {
		parts->peer.fields |= WG_PEER_COUNTERS_AGE;
		parts->peer.counters_age = nla_get_u32(tb[WGMESH_A_MESH_COUNTERS_AGE]);
	}
	*ret_generation = u64_of(tb[WGMESH_A_MESH_GENERATION]);
	*ret_present = tb[WGMESH_A_MESH_PEER] != NULL;
	return 0;
}

static int event_kind(uint8_t command, enum mesh_event_kind *ret)
{
	static const struct {
		uint8_t command;
		enum mesh_event_kind kind;
	} kinds[] = {
		{ WGMESH_CMD_MESH_NEW_NTF, MESH_EVENT_NEW },
		{ WGMESH_CMD_MESH_SET_NTF, MESH_EVENT_SET },
		{ WGMESH_CMD_MESH_DEL_NTF, MESH_EVENT_DEL },
		{ WGMESH_CMD_APPLY_NTF, MESH_EVENT_APPLY },
		{ WGMESH_CMD_FAULT_NTF, MESH_EVENT_FAULT },
		{ WGMESH_CMD_PEER_NTF, MESH_EVENT_PEER },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].command == command) {
			*ret = kinds[i].kind;
			return 0;
		}
	}
	return -1;
}

/* One event for each peer of the message, or one without a peer. */
static int tell_peers(const struct nlmsghdr *message, struct mesh_peer_parts *parts,
		      struct mesh_event *e, mesh_event_fn *fn, void *data, struct error *err)
{
	struct nlattr *a;
	int rem, r = 0, told = 0;

	nlmsg_for_each_attr(a, (struct nlmsghdr *)message, GENL_HDRLEN, rem) {
		if (nla_type(a) != WGMESH_A_MESH_PEER)
			continue;
		parts->more = false;
		if (fill_parts(a, parts))
			return malformed(err, "peer");
		e->peer = &parts->peer;
		told++;
		r = fn(data, e);
		if (r)
			return r;
	}
	return told || e->kind == MESH_EVENT_PEER ? 0 : fn(data, e);
}

int mesh_decode_event(const struct nlmsghdr *message, struct mesh_peer_parts *parts,
		      mesh_event_fn *fn, void *data, struct error *err)
{
	struct nlattr *tb[WGMESH_A_MESH_MAX + 1];
	struct mesh_event e = { 0 }, suppressed;
	int r = genl_parse(message, tb, WGMESH_A_MESH_MAX, mesh_policy, err);

	if (r)
		return r;
	if (event_kind(genl_command(message), &e.kind))
		return 0;	/* a newer module tells more than we know */
	r = fill_info(tb, &e.mesh, err);
	if (r)
		return r;
	e.upserted = u32_of(tb[WGMESH_A_MESH_UPSERTED]);
	e.removed = u32_of(tb[WGMESH_A_MESH_REMOVED]);
	e.sys_errno = (int)u32_of(tb[WGMESH_A_MESH_ERRNO]);
	e.reason = u32_of(tb[WGMESH_A_MESH_REASON]);
	if (tb[WGMESH_A_MESH_SUPPRESSED]) {
		suppressed = e;
		suppressed.kind = MESH_EVENT_SUPPRESSED;
		suppressed.suppressed = nla_get_u32(tb[WGMESH_A_MESH_SUPPRESSED]);
		r = fn(data, &suppressed);
	}
	return r ? r : tell_peers(message, parts, &e, fn, data, err);
}
