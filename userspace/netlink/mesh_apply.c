// SPDX-License-Identifier: Apache-2.0
#include "netlink/mesh_apply.h"

#include <stdlib.h>
#include <string.h>

#include "netlink/mesh_client.h"
#include "netlink/mesh_codec.h"

struct mesh_apply {
	struct mesh_client *client;
	char ifname[IF_NAMESIZE];
	struct mesh_apply_options options;
	struct message message;		/* the one that is being filled */
	size_t head;			/* its length without peers */
	uint32_t transaction;		/* 0: nothing was sent yet */
	uint32_t answered;		/* transaction id of the last answer */
	struct mesh_apply_result result;
	struct error *err;		/* of the call that is running */
};

static uint32_t first_flags(const struct mesh_apply *a)
{
	return a->options.replace ? WGMESH_APPLY_FLAGS_REPLACE : 0;
}

/*
 * Room in every message for the frame, so that flags and the transaction can be
 * put in front of the peers when it is known what the message will be.
 */
static int start_message(struct mesh_apply *a, struct error *err)
{
	uint32_t flags = a->transaction ? 0 : first_flags(a);

	a->message = mesh_message(MESH_APPLY_MESSAGE_MAX, WGMESH_CMD_PEERS_APPLY, 0, a->ifname);
	message_put_u32(&a->message, WGMESH_A_MESH_APPLY_FLAGS, flags);
	if (a->transaction)
		message_put_u32(&a->message, WGMESH_A_MESH_TRANSACTION, a->transaction);
	else if (a->options.expect)
		message_put_u64(&a->message, WGMESH_A_MESH_EXPECTED_GENERATION,
				a->options.expected_generation);
	a->head = message_len(&a->message);
	if (a->message.failed)
		return error_set(err, ERR_MEMORY, "no memory for a batch");
	return 0;
}

/* What the message is, is known when it is sent: begin, a part, commit or abort. */
static void set_flags(struct mesh_apply *a, uint32_t flags)
{
	struct nlmsghdr *h = message_header(&a->message);
	struct nlattr *attr = nlmsg_find_attr(h, GENL_HDRLEN, WGMESH_A_MESH_APPLY_FLAGS);

	memcpy(nla_data(attr), &flags, sizeof(flags));
}

static int note_answer(void *data, const struct nlmsghdr *answer)
{
	static const struct nla_policy policy[WGMESH_A_MESH_MAX + 1] = {
		[WGMESH_A_MESH_GENERATION] = { .type = NLA_U64 },
		[WGMESH_A_MESH_TRANSACTION] = { .type = NLA_U32 },
		[WGMESH_A_MESH_UPSERTED] = { .type = NLA_U32 },
		[WGMESH_A_MESH_REMOVED] = { .type = NLA_U32 },
	};
	struct nlattr *tb[WGMESH_A_MESH_MAX + 1];
	struct mesh_apply *a = data;
	int r = genl_parse(answer, tb, WGMESH_A_MESH_MAX, policy, a->err);

	if (r)
		return r;
	if (tb[WGMESH_A_MESH_TRANSACTION])
		a->answered = nla_get_u32(tb[WGMESH_A_MESH_TRANSACTION]);
	if (tb[WGMESH_A_MESH_GENERATION])
		a->result.generation = nla_get_u64(tb[WGMESH_A_MESH_GENERATION]);
	if (tb[WGMESH_A_MESH_UPSERTED])
		a->result.upserted = nla_get_u32(tb[WGMESH_A_MESH_UPSERTED]);
	if (tb[WGMESH_A_MESH_REMOVED])
		a->result.removed = nla_get_u32(tb[WGMESH_A_MESH_REMOVED]);
	return 0;
}

static int send_message(struct mesh_apply *a, uint32_t flags, struct error *err)
{
	int r;

	set_flags(a, flags);
	a->err = err;
	r = genl_request(a->client->genl, &a->message, note_answer, a, err);
	message_fini(&a->message);
	return r;
}

/* Sends what is collected as a part of a transaction, and begins that when it is the first. */
static int flush(struct mesh_apply *a, struct error *err)
{
	bool first = !a->transaction;
	int r = send_message(a, first ? WGMESH_APPLY_FLAGS_BEGIN | first_flags(a) : 0, err);

	if (!r && first && !a->answered)
		r = error_set(err, ERR_IO, "the kernel opened a transaction without an id");
	if (r) {
		error_prefix(err, "mesh %s", a->ifname);
		return r;
	}
	a->transaction = a->answered;
	return start_message(a, err);
}

int mesh_apply_begin(struct mesh_client *c, const char *ifname,
		     const struct mesh_apply_options *options, struct mesh_apply **ret,
		     struct error *err)
{
	struct mesh_apply *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return error_set(err, ERR_MEMORY, "no memory for a batch");
	a->client = c;
	strncpy(a->ifname, ifname, sizeof(a->ifname) - 1);
	if (options)
		a->options = *options;
	r = start_message(a, err);
	if (r)
		mesh_apply_abort(a);
	else
		*ret = a;
	return r;
}

/* A part of the peer into this message, or into the next one when this one is full. */
static int put_part(struct mesh_apply *a, const struct wg_peer *peer, size_t from,
		    size_t *ret_next, struct error *err)
{
	size_t len = message_len(&a->message);
	char key[KEY_TEXT_MAX];
	int r = 0;

	*ret_next = mesh_put_peer_part(&a->message, peer, from);
	if (!a->message.failed)
		return 0;
	message_cut(&a->message, len);
	if (len > a->head)
		r = flush(a, err);
	if (r)
		return r;
	*ret_next = mesh_put_peer_part(&a->message, peer, from);
	if (!a->message.failed)
		return 0;
	return error_set(err, ERR_EXHAUSTED, "peer %s does not fit into a message",
			 key_format(&peer->public_key, key));
}

int mesh_apply_peer(struct mesh_apply *a, const struct wg_peer *peer, struct error *err)
{
	size_t next = 0;
	int r;

	do {
		r = put_part(a, peer, next, &next, err);
	} while (!r && next < peer->prefix_count);
	return r;
}

int mesh_apply_commit(struct mesh_apply *a, struct mesh_apply_result *ret, struct error *err)
{
	uint32_t flags = a->transaction ? WGMESH_APPLY_FLAGS_COMMIT : first_flags(a);
	int r = send_message(a, flags, err);

	if (r) {
		error_prefix(err, "mesh %s", a->ifname);
		mesh_apply_abort(a);
		return r;
	}
	if (ret)
		*ret = a->result;
	free(a);
	return 0;
}

void mesh_apply_abort(struct mesh_apply *a)
{
	if (!a)
		return;
	message_fini(&a->message);
	/* Best effort: the transaction dies with the socket or its timeout all the same. */
	if (a->transaction && !start_message(a, NULL))
		send_message(a, WGMESH_APPLY_FLAGS_ABORT, NULL);
	message_fini(&a->message);
	free(a);
}
