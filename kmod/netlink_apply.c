// SPDX-License-Identifier: GPL-2.0
/* The handler of peers-apply: a batch alone, or the steps of a transaction. */
#include <linux/bitops.h>
#include <net/genetlink.h>

#include "answer.h"
#include "apply.h"
#include "batch.h"
#include "events.h"
#include "mesh.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "trace.h"
#include "txn.h"

static int check_apply_flags(struct genl_info *info, u32 flags)
{
	const struct nlattr *attr = info->attrs[WGMESH_A_MESH_APPLY_FLAGS];
	bool in_transaction = info->attrs[WGMESH_A_MESH_TRANSACTION];
	u32 step = flags & ~WGMESH_APPLY_FLAGS_REPLACE;
	const char *why = NULL;

	if (hweight32(step) > 1)
		why = "begin, commit and abort exclude each other";
	else if (step == WGMESH_APPLY_FLAGS_BEGIN && in_transaction)
		why = "a transaction that begins has no id yet";
	else if (step && step != WGMESH_APPLY_FLAGS_BEGIN && !in_transaction)
		why = "commit and abort need the id of a transaction";
	else if (flags & WGMESH_APPLY_FLAGS_REPLACE && in_transaction)
		why = "replace is said when a transaction begins";
	else if (step == WGMESH_APPLY_FLAGS_ABORT && info->attrs[WGMESH_A_MESH_PEER])
		why = "abort takes no peers";
	if (!why)
		return 0;
	NL_SET_ERR_MSG_FMT(info->extack, "%s", why);
	NL_SET_BAD_ATTR(info->extack, attr ?: info->attrs[WGMESH_A_MESH_TRANSACTION]);
	return -EINVAL;
}

static void read_expected(struct wgm_batch *batch, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[WGMESH_A_MESH_EXPECTED_GENERATION];

	if (!attr)
		return;
	batch->expects = true;
	batch->expected = nla_get_u64(attr);
}

/* Made before anything is done: who is told that there is no memory finds nothing changed. */
struct answer {
	struct sk_buff *skb;	/* NULL when it is sent */
	void *hdr;
};

static int answer_apply(struct genl_info *info, struct wgm_mesh *mesh, struct answer *answer,
			u32 transaction, const struct wgm_apply_result *result)
{
	struct sk_buff *skb = answer->skb;
	int err;

	answer->skb = NULL;
	err = nla_put_u32(skb, WGMESH_A_MESH_IFINDEX, mesh->ifindex);
	if (!err && transaction)
		err = nla_put_u32(skb, WGMESH_A_MESH_TRANSACTION, transaction);
	if (!err && result)
		err = wgm_put_result(skb, result);
	return wgm_nl_end_answer(info, skb, answer->hdr, err);
}

/* At most every peer that there is leaves, and as many as may be there come. */
static int parse_peers(struct wgm_mesh *mesh, struct wgm_batch *batch, struct genl_info *info)
{
	u32 peers_max = READ_ONCE(mesh->table.peers_max);

	return wgm_batch_parse(batch, info, batch->replace ? peers_max : 2 * peers_max);
}

/* The batch is over with that: a message that a transaction survives is not counted. */
static int note_refused(struct wgm_mesh *mesh, u32 transaction, int err)
{
	atomic64_inc(&mesh->stats.batches_refused);
	trace_wgm_batch_refused(mesh, transaction, err);
	return err;
}

static int apply_batch(struct wgm_mesh *mesh, struct wgm_batch *batch, struct genl_info *info,
		       struct answer *answer, u32 transaction)
{
	struct wgm_apply_result result;
	int err = 0;

	if (wgm_batch_is_open(batch)) {
		NL_SET_ERR_MSG(info->extack, "the batch ends in the middle of a peer");
		err = -EINVAL;
	}
	if (!err)
		err = wgm_apply(&mesh->table, batch, &result, info->extack);
	if (err) {
		if (err == -ESTALE)
			NL_SET_BAD_ATTR(info->extack,
					info->attrs[WGMESH_A_MESH_EXPECTED_GENERATION]);
		return note_refused(mesh, transaction, err);
	}
	atomic64_inc(&mesh->stats.batches);
	trace_wgm_batch_committed(mesh, &result);
	wgm_sync_kick(mesh);
	wgm_event_apply(mesh, &result);
	return answer_apply(info, mesh, answer, transaction, &result);
}

static int apply_alone(struct wgm_mesh *mesh, struct genl_info *info, struct answer *answer,
		       u32 flags)
{
	struct wgm_batch batch;
	int err;

	wgm_batch_init(&batch);
	batch.replace = flags & WGMESH_APPLY_FLAGS_REPLACE;
	read_expected(&batch, info);
	err = parse_peers(mesh, &batch, info);
	err = err ? note_refused(mesh, 0, err) : apply_batch(mesh, &batch, info, answer, 0);
	wgm_batch_fini(&batch);
	return err;
}

/* A generation that is wrong already is told now rather than at the end. */
static int check_expected(struct wgm_mesh *mesh, struct wgm_batch *batch, struct genl_info *info)
{
	int err;

	wgm_table_lock(&mesh->table);
	err = wgm_apply_check_generation(&mesh->table, batch, info->extack);
	wgm_table_unlock(&mesh->table);
	return err;
}

static int begin_transaction(struct wgm_mesh *mesh, struct genl_info *info,
			     struct answer *answer, u32 flags)
{
	struct wgm_batch batch;
	u32 id;
	int err;

	wgm_batch_init(&batch);
	batch.replace = flags & WGMESH_APPLY_FLAGS_REPLACE;
	read_expected(&batch, info);
	err = check_expected(mesh, &batch, info);
	if (!err)
		err = parse_peers(mesh, &batch, info);
	if (!err)
		err = wgm_txn_begin(mesh, info->snd_portid, &batch, &id);
	if (err == -EBUSY)
		NL_SET_ERR_MSG(info->extack, "too many open transactions");
	wgm_batch_fini(&batch);
	return err ? note_refused(mesh, 0, err) : answer_apply(info, mesh, answer, id, NULL);
}

static int go_on(struct wgm_mesh *mesh, struct genl_info *info, struct answer *answer, u32 flags)
{
	const struct nlattr *attr = info->attrs[WGMESH_A_MESH_TRANSACTION];
	u32 id = nla_get_u32(attr);
	struct wgm_txn *txn;
	int err;

	txn = wgm_txn_take(mesh, info->snd_portid, id);
	if (!txn) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "this socket has no such transaction");
		return -ENOENT;
	}
	if (flags & WGMESH_APPLY_FLAGS_ABORT) {
		wgm_txn_free(txn);
		return answer_apply(info, mesh, answer, id, NULL);
	}
	read_expected(&txn->batch, info);
	err = parse_peers(mesh, &txn->batch, info);
	if (err || !(flags & WGMESH_APPLY_FLAGS_COMMIT)) {
		wgm_txn_return(mesh, txn);
		return err ? err : answer_apply(info, mesh, answer, id, NULL);
	}
	err = apply_batch(mesh, &txn->batch, info, answer, id);
	wgm_txn_free(txn);
	return err;
}

static int do_step(struct wgm_mesh *mesh, struct genl_info *info, u32 flags)
{
	struct answer answer;
	int err;

	answer.skb = wgm_nl_begin_answer(info, GENLMSG_DEFAULT_SIZE, &answer.hdr);
	if (!answer.skb)
		return -ENOMEM;
	if (info->attrs[WGMESH_A_MESH_TRANSACTION])
		err = go_on(mesh, info, &answer, flags);
	else if (flags & WGMESH_APPLY_FLAGS_BEGIN)
		err = begin_transaction(mesh, info, &answer, flags);
	else
		err = apply_alone(mesh, info, &answer, flags);
	nlmsg_free(answer.skb);
	return err;
}

int wgmesh_nl_peers_apply_doit(struct sk_buff *skb, struct genl_info *info)
{
	u32 flags = wgm_nl_u32(info->attrs, WGMESH_A_MESH_APPLY_FLAGS, 0);
	struct wgm_mesh *mesh;
	int err;

	err = check_apply_flags(info, flags);
	if (err)
		return err;
	mesh = wgm_nl_mesh_of(info);
	if (IS_ERR(mesh))
		return PTR_ERR(mesh);
	err = do_step(mesh, info, flags);
	wgm_mesh_put(mesh);
	return err;
}
