// SPDX-License-Identifier: GPL-2.0
/* Generic netlink has held the whole message, nests and all, against the command's policy:
 * here attributes are only sorted, for each pass is a tenth of what a large table takes.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/genetlink.h>

#include "batch.h"
#include "netlink_gen.h"
#include "prefix.h"

void wgm_batch_init(struct wgm_batch *batch)
{
	*batch = (struct wgm_batch){ .tail = &batch->head, .message = &batch->head };
}

static void free_change(struct wgm_change *change)
{
	kvfree_sensitive(change, struct_size(change, prefixes, change->n_prefixes));
}

/* Frees all changes from *@from on, which becomes the end. */
static void truncate_batch(struct wgm_batch *batch, struct wgm_change **from)
{
	struct wgm_change *change = *from;

	*from = NULL;
	batch->tail = from;
	while (change) {
		struct wgm_change *next = change->next;

		batch->n -= !change->part;
		free_change(change);
		change = next;
		cond_resched();
	}
}

void wgm_batch_fini(struct wgm_batch *batch)
{
	truncate_batch(batch, &batch->head);
}

void wgm_batch_forget_attrs(struct wgm_batch *batch)
{
	struct wgm_change *change;
	u16 i;

	for (change = *batch->message; change; change = change->next) {
		change->attr = NULL;
		for (i = 0; i < change->n_prefixes; i++)
			change->prefixes[i].attr = NULL;
	}
	batch->message = batch->tail;
}

static int refuse_answers(struct nlattr **tb, const int *types, int n,
			  struct netlink_ext_ack *extack)
{
	int i;

	for (i = 0; i < n; i++) {
		if (!tb[types[i]])
			continue;
		NL_SET_ERR_MSG_ATTR(extack, tb[types[i]], "attribute is for answers only");
		return -EINVAL;
	}
	return 0;
}

static int parse_prefix_address(struct wgm_prefix_change *prefix, struct nlattr **tb,
				struct netlink_ext_ack *extack)
{
	const struct nlattr *addr = tb[WGMESH_A_PREFIX_ADDRESS];

	if (nla_len(addr) != 4 && nla_len(addr) != 16) {
		NL_SET_ERR_MSG_ATTR(extack, addr, "address of a prefix must have 4 or 16 bytes");
		return -EINVAL;
	}
	prefix->bits = nla_len(addr) * 8;
	prefix->len = nla_get_u8(tb[WGMESH_A_PREFIX_LENGTH]);
	memcpy(prefix->addr, nla_data(addr), nla_len(addr));
	if (prefix->len > prefix->bits) {
		NL_SET_ERR_MSG_ATTR(extack, tb[WGMESH_A_PREFIX_LENGTH],
				    "prefix is longer than its address");
		return -EINVAL;
	}
	if (!wgm_prefix_is_canonical(prefix->addr, prefix->bits, prefix->len)) {
		NL_SET_ERR_MSG_ATTR(extack, addr, "host bits of a prefix must be zero");
		return -EINVAL;
	}
	return 0;
}

static int parse_prefix(struct wgm_prefix_change *prefix, const struct nlattr *attr,
			u32 peer_flags, struct netlink_ext_ack *extack)
{
	static const int answers[] = { WGMESH_A_PREFIX_HOP };
	struct nlattr *tb[WGMESH_A_PREFIX_MAX + 1];
	u32 flags = 0;
	int err;

	err = nla_parse_nested(tb, WGMESH_A_PREFIX_MAX, attr, NULL, extack);
	if (!err)
		err = refuse_answers(tb, answers, ARRAY_SIZE(answers), extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(extack, attr, tb, WGMESH_A_PREFIX_ADDRESS) ||
	    NL_REQ_ATTR_CHECK(extack, attr, tb, WGMESH_A_PREFIX_LENGTH)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "prefix needs an address and a length");
		return -EINVAL;
	}
	if (tb[WGMESH_A_PREFIX_FLAGS])
		flags = nla_get_u32(tb[WGMESH_A_PREFIX_FLAGS]);
	if (flags & WGMESH_PREFIX_FLAGS_CHOSEN) {
		NL_SET_ERR_MSG_ATTR(extack, tb[WGMESH_A_PREFIX_FLAGS],
				    "flag chosen is for answers only");
		return -EINVAL;
	}
	prefix->remove = flags & WGMESH_PREFIX_FLAGS_REMOVE;
	if (prefix->remove && peer_flags & WGMESH_PEER_FLAGS_REPLACE_PREFIXES) {
		NL_SET_ERR_MSG_ATTR(extack, tb[WGMESH_A_PREFIX_FLAGS],
				    "prefix cannot be removed where all are replaced");
		return -EINVAL;
	}
	if (tb[WGMESH_A_PREFIX_METRIC])
		prefix->metric = nla_get_u32(tb[WGMESH_A_PREFIX_METRIC]);
	prefix->attr = attr;
	return parse_prefix_address(prefix, tb, extack);
}

static int parse_prefixes(struct wgm_change *change, struct netlink_ext_ack *extack)
{
	struct wgm_prefix_change *prefix = change->prefixes;
	const struct nlattr *attr;
	int rem, err;

	nla_for_each_nested(attr, change->attr, rem) {
		if (nla_type(attr) != WGMESH_A_PEER_PREFIX)
			continue;
		err = parse_prefix(prefix++, attr, change->flags, extack);
		if (err)
			return err;
	}
	return 0;
}

static int parse_endpoint(struct wgm_change *change, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	if (!wgm_endpoint_decode(&change->endpoint, nla_data(attr), nla_len(attr))) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "endpoint must be a sockaddr_in or a sockaddr_in6");
		return -EINVAL;
	}
	if (!change->endpoint.port) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "endpoint needs a port");
		return -EINVAL;
	}
	change->has |= WGM_HAS_ENDPOINT;
	return 0;
}

/* Flags that exclude each other, and what a removal must not carry. */
static int check_flags(const struct wgm_change *change, struct nlattr **tb, bool replace,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = tb[WGMESH_A_PEER_FLAGS];
	u32 flags = change->flags;

	if (flags & WGMESH_PEER_FLAGS_CREATE_ONLY && flags & WGMESH_PEER_FLAGS_UPDATE_ONLY) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "create-only and update-only exclude each other");
		return -EINVAL;
	}
	if (!(flags & WGMESH_PEER_FLAGS_REMOVE))
		return 0;
	if (replace) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a whole table removes by leaving out");
		return -EINVAL;
	}
	if (flags != WGMESH_PEER_FLAGS_REMOVE || change->n_prefixes || change->more ||
	    change->has & ~WGM_HAS_FLAGS) {
		NL_SET_ERR_MSG_ATTR(extack, tb[WGMESH_A_PEER_PREFIX] ?: attr,
				    "a removal names a public key and nothing else");
		return -EINVAL;
	}
	return 0;
}

static int parse_values(struct wgm_change *change, struct nlattr **tb,
			struct netlink_ext_ack *extack)
{
	memcpy(change->key, nla_data(tb[WGMESH_A_PEER_PUBLIC_KEY]), sizeof(change->key));
	change->more = tb[WGMESH_A_PEER_MORE];
	if (tb[WGMESH_A_PEER_FLAGS]) {
		change->flags = nla_get_u32(tb[WGMESH_A_PEER_FLAGS]);
		change->has |= WGM_HAS_FLAGS;
	}
	if (tb[WGMESH_A_PEER_PRESHARED_KEY]) {
		nla_memcpy(change->psk, tb[WGMESH_A_PEER_PRESHARED_KEY], sizeof(change->psk));
		change->has |= WGM_HAS_PSK;
	}
	if (tb[WGMESH_A_PEER_KEEPALIVE]) {
		change->keepalive = nla_get_u16(tb[WGMESH_A_PEER_KEEPALIVE]);
		change->has |= WGM_HAS_KEEPALIVE;
	}
	if (tb[WGMESH_A_PEER_FLOOR]) {
		nla_memcpy(change->floor, tb[WGMESH_A_PEER_FLOOR], sizeof(change->floor));
		change->has |= WGM_HAS_FLOOR;
	}
	if (tb[WGMESH_A_PEER_ENDPOINT])
		return parse_endpoint(change, tb[WGMESH_A_PEER_ENDPOINT], extack);
	return 0;
}

static int parse_key(const struct nlattr *attr, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	const struct nlattr *key = tb[WGMESH_A_PEER_PUBLIC_KEY];

	if (NL_REQ_ATTR_CHECK(extack, attr, tb, WGMESH_A_PEER_PUBLIC_KEY)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "peer needs a public key");
		return -EINVAL;
	}
	if (!memchr_inv(nla_data(key), 0, nla_len(key))) {
		NL_SET_ERR_MSG_ATTR(extack, key, "public key is all zero");
		return -EINVAL;
	}
	return 0;
}

static int count_prefixes(const struct nlattr *peer)
{
	const struct nlattr *attr;
	int n = 0, rem;

	nla_for_each_nested(attr, peer, rem)
		n += nla_type(attr) == WGMESH_A_PEER_PREFIX;
	return n;
}

static struct wgm_change *new_change(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	int n = count_prefixes(attr);
	struct wgm_change *change;

	change = kvzalloc(struct_size(change, prefixes, n), GFP_KERNEL_ACCOUNT);
	if (!change)
		return ERR_PTR(-ENOMEM);
	change->attr = attr;
	change->n_prefixes = n;
	return change;
}

static struct wgm_change *parse_peer(const struct nlattr *attr, bool replace,
				     struct netlink_ext_ack *extack)
{
	static const int answers[] = {
		WGMESH_A_PEER_STATE, WGMESH_A_PEER_GENERATION, WGMESH_A_PEER_RX_BYTES,
		WGMESH_A_PEER_TX_BYTES, WGMESH_A_PEER_LAST_HANDSHAKE,
	};
	struct nlattr *tb[WGMESH_A_PEER_MAX + 1];
	struct wgm_change *change;
	int err;

	err = nla_parse_nested(tb, WGMESH_A_PEER_MAX, attr, NULL, extack);
	if (!err)
		err = refuse_answers(tb, answers, ARRAY_SIZE(answers), extack);
	if (!err)
		err = parse_key(attr, tb, extack);
	if (err)
		return ERR_PTR(err);
	change = new_change(attr, extack);
	if (IS_ERR(change))
		return change;
	err = parse_values(change, tb, extack);
	if (!err)
		err = check_flags(change, tb, replace, extack);
	if (!err)
		err = parse_prefixes(change, extack);
	if (!err)
		return change;
	free_change(change);
	return ERR_PTR(err);
}

/* A peer whose prefixes do not fit into one attribute comes in parts. */
static int check_part(const struct wgm_batch *batch, struct wgm_change *change,
		      struct netlink_ext_ack *extack)
{
	const char *why = NULL;

	if (!wgm_batch_is_open(batch))
		return 0;
	if (memcmp(change->key, batch->last->key, WGMESH_KEY_LEN))
		why = "the prefixes of the peer before were to go on here";
	else if (change->has)
		why = "where prefixes of a peer go on there is nothing else";
	else if (!change->n_prefixes)
		why = "the peer's prefixes do not go on";
	if (why) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, change->attr, "%s", why);
		return -EINVAL;
	}
	change->part = true;
	return 0;
}

static int append(struct wgm_batch *batch, struct wgm_change *change,
		  struct netlink_ext_ack *extack)
{
	u32 n_prefixes = change->n_prefixes;
	int err;

	err = check_part(batch, change, extack);
	if (err)
		return err;
	if (change->part)
		n_prefixes += batch->n_prefixes;
	/* Twice the limit: a batch may remove as many as it adds. */
	if (n_prefixes > 2 * WGMESH_PREFIXES_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, change->attr, "too many prefixes for one peer");
		return -E2BIG;
	}
	batch->n_prefixes = n_prefixes;
	batch->n += !change->part;
	change->nr = batch->n;
	*batch->tail = change;
	batch->tail = &change->next;
	batch->last = change;
	return 0;
}

static int parse_one(struct wgm_batch *batch, const struct nlattr *attr, u32 max,
		     struct netlink_ext_ack *extack)
{
	struct wgm_change *change;
	int err;

	if (batch->n >= max && !wgm_batch_is_open(batch)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "too many peers in a batch");
		return -E2BIG;
	}
	change = parse_peer(attr, batch->replace, extack);
	if (IS_ERR(change))
		return PTR_ERR(change);
	err = append(batch, change, extack);
	if (err)
		free_change(change);
	return err;
}

int wgm_batch_parse(struct wgm_batch *batch, struct genl_info *info, u32 max)
{
	const struct wgm_batch before = *batch;
	const struct nlattr *attr;
	int err = 0, rem;

	batch->message = batch->tail;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != WGMESH_A_MESH_PEER)
			continue;
		err = parse_one(batch, attr, max, info->extack);
		if (err)
			break;
		cond_resched();
	}
	if (!err)
		return 0;
	truncate_batch(batch, before.tail);
	batch->last = before.last;
	batch->n_prefixes = before.n_prefixes;
	return err;
}
