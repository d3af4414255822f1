/* SPDX-License-Identifier: GPL-2.0 */
/* Notifications to the family's multicast groups.  Best effort: a listener that
 * misses one is told so by its socket (ENOBUFS), and can ask for the whole.
 *
 * Events of peers are collected: those with one reason that happen within a short
 * while go out in one message, in their order; and there are only so many in a second.
 */
#ifndef _WGM_EVENTS_H
#define _WGM_EVENTS_H

#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/wgmesh.h>

struct sk_buff;
struct wgm_apply_result;
struct wgm_mesh;
struct wgm_peer;

#define WGM_PEER_EVENTS		1000	/* of a mesh in a second */
#define WGM_EVENTS_WINDOW	(HZ / 50 ?: 1)

struct wgm_events {
	struct delayed_work flush;
	struct delayed_work watch;

	/* All below under the table's lock. */
	struct sk_buff *msg;		/* being collected; may be NULL */
	void *header;
	u32 reason;			/* of all in there */
	unsigned long opened_at;	/* jiffies */
	unsigned long since;		/* jiffies: of this second */
	u32 told;			/* in this second */
	u32 suppressed;			/* that nobody was told of yet */
};

void wgm_events_init(struct wgm_events *events);

/* Looks after peers for those who listen, from now on. */
void wgm_events_start(struct wgm_mesh *mesh);

/* Nothing is started any more; does not wait.  Then close, which may sleep: it tells
 * what was collected.
 */
void wgm_events_cancel(struct wgm_mesh *mesh);
void wgm_events_close(struct wgm_mesh *mesh);

/* mesh-new-ntf, mesh-set-ntf or mesh-del-ntf. Any process context. */
void wgm_event_mesh(struct wgm_mesh *mesh, u8 cmd);

/* apply-ntf. */
void wgm_event_apply(struct wgm_mesh *mesh, const struct wgm_apply_result *result);

/* fault-ntf: WireGuard answered @err (negative).  @peer is NULL when it is not
 * about one peer; else listeners are told once until it works.  Table's lock held.
 */
void wgm_event_fault(struct wgm_mesh *mesh, struct wgm_peer *peer, int err);

/* Whether anybody listens to the group peers. */
bool wgm_event_peers_wanted(struct wgm_mesh *mesh);

/* peer-ntf, to the group peers, within WGM_EVENTS_WINDOW.  Table's lock held. */
void wgm_event_peer(struct wgm_mesh *mesh, const struct wgm_peer *peer,
		    enum wgmesh_peer_reason reason);

/* Tells what has been collected for long enough: for who keeps the mesh's queue busy. */
void wgm_events_flush_due(struct wgm_mesh *mesh);

#endif /* _WGM_EVENTS_H */
