/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints (events/wgmesh in tracefs): one for every decision about a packet, a peer
 * or a batch.  A peer is told by its public key in base64, as wg and wgmesh print it.
 *
 * All may be called in any context in which the mesh may not end.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM wgmesh

#if !defined(_WGM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _WGM_TRACE_H

#include <linux/skbuff.h>
#include <linux/tracepoint.h>
#include <net/net_namespace.h>

#include "apply.h"
#include "egress.h"
#include "hold.h"
#include "mesh.h"
#include "peer.h"
#include "verdict.h"

#ifndef WGM_KEY_TEXT_LEN
#define WGM_KEY_TEXT_LEN 45	/* base64 of a key, and a zero */

/* Writes WGM_KEY_TEXT_LEN bytes; of NULL or zeros an empty text. */
void wgm_trace_key(char *ret, const u8 *key);
#endif

TRACE_DEFINE_ENUM(WGM_DROP_OVERFLOW);
TRACE_DEFINE_ENUM(WGM_DROP_TIMEOUT);
TRACE_DEFINE_ENUM(WGM_DROP_ENDED);
TRACE_DEFINE_ENUM(WGM_DEFER_RATE);
TRACE_DEFINE_ENUM(WGM_DEFER_ACTIVE_MAX);
TRACE_DEFINE_ENUM(WGM_VERDICT_HELD);
TRACE_DEFINE_ENUM(WGM_VERDICT_CONTINUED);
TRACE_DEFINE_ENUM(WGM_VERDICT_MAC1);
TRACE_DEFINE_ENUM(WGM_VERDICT_UNKNOWN);
TRACE_DEFINE_ENUM(WGM_VERDICT_FORGED);
TRACE_DEFINE_ENUM(WGM_VERDICT_REPLAYED);
TRACE_DEFINE_ENUM(WGM_VERDICT_CROSSED);
TRACE_DEFINE_ENUM(WGM_VERDICT_FRAGMENTED);
TRACE_DEFINE_ENUM(WGM_VERDICT_OVERFLOW);
TRACE_DEFINE_ENUM(WGM_VERDICT_TIMEOUT);
TRACE_DEFINE_ENUM(WGM_VERDICT_ENDED);
TRACE_DEFINE_ENUM(WGM_VERDICT_COOKIE);

/* ---- packets ---- */

DECLARE_EVENT_CLASS(wgm_packet,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer,
		 const struct sk_buff *skb),
	TP_ARGS(mesh, peer, skb),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__field(u32, len)
		__field(u32, waiting)
		__array(char, peer, WGM_KEY_TEXT_LEN)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		__entry->len = skb->len;
		__entry->waiting = mesh->table.holds.packets;
		wgm_trace_key(__entry->peer, peer->key);
	),
	TP_printk("netns=%u ifindex=%d peer=%s len=%u waiting=%u", __entry->netns,
		  __entry->ifindex, __entry->peer, __entry->len, __entry->waiting)
);

/* It waits for its peer. */
DEFINE_EVENT(wgm_packet, wgm_held,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer,
		 const struct sk_buff *skb),
	TP_ARGS(mesh, peer, skb));

/* It waited, and is sent. */
DEFINE_EVENT(wgm_packet, wgm_sent,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer,
		 const struct sk_buff *skb),
	TP_ARGS(mesh, peer, skb));

TRACE_EVENT(wgm_dropped,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer,
		 const struct sk_buff *skb, enum wgm_drop reason),
	TP_ARGS(mesh, peer, skb, reason),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__field(u32, len)
		__field(u8, reason)
		__array(char, peer, WGM_KEY_TEXT_LEN)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		__entry->len = skb->len;
		__entry->reason = reason;
		wgm_trace_key(__entry->peer, peer->key);
	),
	TP_printk("netns=%u ifindex=%d peer=%s len=%u reason=%s", __entry->netns,
		  __entry->ifindex, __entry->peer, __entry->len,
		  __print_symbolic(__entry->reason,
				   { WGM_DROP_OVERFLOW, "overflow" },
				   { WGM_DROP_TIMEOUT, "timeout" },
				   { WGM_DROP_ENDED, "ended" }))
);

/* ---- peers ---- */

DECLARE_EVENT_CLASS(wgm_peer,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer),
	TP_ARGS(mesh, peer),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__array(char, peer, WGM_KEY_TEXT_LEN)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		wgm_trace_key(__entry->peer, peer->key);
	),
	TP_printk("netns=%u ifindex=%d peer=%s", __entry->netns, __entry->ifindex, __entry->peer)
);

/* It is to be put into WireGuard. */
DEFINE_EVENT(wgm_peer, wgm_activate,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer), TP_ARGS(mesh, peer));
/* WireGuard has it. */
DEFINE_EVENT(wgm_peer, wgm_activated,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer), TP_ARGS(mesh, peer));
/* It is to leave WireGuard. */
DEFINE_EVENT(wgm_peer, wgm_evict,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer), TP_ARGS(mesh, peer));
/* It stays, because it was used after it was chosen. */
DEFINE_EVENT(wgm_peer, wgm_kept,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer), TP_ARGS(mesh, peer));
/* WireGuard does not have it any more. */
DEFINE_EVENT(wgm_peer, wgm_evicted,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer), TP_ARGS(mesh, peer));
/* WireGuard refused it a while ago, and is asked again. */
DEFINE_EVENT(wgm_peer, wgm_retried,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer), TP_ARGS(mesh, peer));

/* It has to wait with its activation. */
TRACE_EVENT(wgm_deferred,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer, enum wgm_defer why),
	TP_ARGS(mesh, peer, why),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__field(u32, active)
		__field(u8, why)
		__array(char, peer, WGM_KEY_TEXT_LEN)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		__entry->active = mesh->table.n_awake;
		__entry->why = why;
		wgm_trace_key(__entry->peer, peer->key);
	),
	TP_printk("netns=%u ifindex=%d peer=%s active=%u why=%s", __entry->netns,
		  __entry->ifindex, __entry->peer, __entry->active,
		  __print_symbolic(__entry->why, { WGM_DEFER_RATE, "rate" },
				   { WGM_DEFER_ACTIVE_MAX, "active-max" }))
);

/* What the doorman decided; @key is NULL or zero while nobody knows who it is from. */
TRACE_EVENT(wgm_initiation,
	TP_PROTO(const struct wgm_mesh *mesh, const u8 *key, enum wgm_verdict verdict),
	TP_ARGS(mesh, key, verdict),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__field(u8, verdict)
		__array(char, peer, WGM_KEY_TEXT_LEN)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		__entry->verdict = verdict;
		wgm_trace_key(__entry->peer, key);
	),
	TP_printk("netns=%u ifindex=%d peer=%s verdict=%s", __entry->netns, __entry->ifindex,
		  __entry->peer,
		  __print_symbolic(__entry->verdict,
				   { WGM_VERDICT_HELD, "held" },
				   { WGM_VERDICT_CONTINUED, "continued" },
				   { WGM_VERDICT_MAC1, "mac1" },
				   { WGM_VERDICT_UNKNOWN, "unknown" },
				   { WGM_VERDICT_FORGED, "forged" },
				   { WGM_VERDICT_REPLAYED, "replayed" },
				   { WGM_VERDICT_CROSSED, "crossed" },
				   { WGM_VERDICT_FRAGMENTED, "fragmented" },
				   { WGM_VERDICT_OVERFLOW, "overflow" },
				   { WGM_VERDICT_TIMEOUT, "timeout" },
				   { WGM_VERDICT_ENDED, "ended" },
				   { WGM_VERDICT_COOKIE, "cookie" }))
);

/* ---- batches ---- */

TRACE_EVENT(wgm_batch_committed,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_apply_result *result),
	TP_ARGS(mesh, result),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__field(u64, generation)
		__field(u32, upserted)
		__field(u32, removed)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		__entry->generation = result->generation;
		__entry->upserted = result->upserted;
		__entry->removed = result->removed;
	),
	TP_printk("netns=%u ifindex=%d generation=%llu upserted=%u removed=%u", __entry->netns,
		  __entry->ifindex, __entry->generation, __entry->upserted, __entry->removed)
);

/* @transaction is 0 for a batch that is none. */
TRACE_EVENT(wgm_batch_refused,
	TP_PROTO(const struct wgm_mesh *mesh, u32 transaction, int err),
	TP_ARGS(mesh, transaction, err),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__field(u32, transaction)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		__entry->transaction = transaction;
		__entry->err = err;
	),
	TP_printk("netns=%u ifindex=%d transaction=%u err=%d", __entry->netns, __entry->ifindex,
		  __entry->transaction, __entry->err)
);

/* A transaction is lost to its timeout, to the death of its socket, or to the mesh's end. */
TRACE_EVENT(wgm_transaction_dropped,
	TP_PROTO(const struct wgm_mesh *mesh, u32 transaction),
	TP_ARGS(mesh, transaction),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__field(u32, transaction)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		__entry->transaction = transaction;
	),
	TP_printk("netns=%u ifindex=%d transaction=%u", __entry->netns, __entry->ifindex,
		  __entry->transaction)
);

/* ---- WireGuard ---- */

/* A message about so many peers; @peer is the one to blame, or NULL. */
TRACE_EVENT(wgm_wg_refused,
	TP_PROTO(const struct wgm_mesh *mesh, const struct wgm_peer *peer, u32 peers, int err),
	TP_ARGS(mesh, peer, peers, err),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(int, ifindex)
		__field(u32, peers)
		__field(int, err)
		__array(char, peer, WGM_KEY_TEXT_LEN)
	),
	TP_fast_assign(
		__entry->netns = mesh->net->ns.inum;
		__entry->ifindex = mesh->ifindex;
		__entry->peers = peers;
		__entry->err = err;
		wgm_trace_key(__entry->peer, peer ? peer->key : NULL);
	),
	TP_printk("netns=%u ifindex=%d peer=%s peers=%u err=%d", __entry->netns,
		  __entry->ifindex, __entry->peer, __entry->peers, __entry->err)
);

#endif /* _WGM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
