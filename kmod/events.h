/* SPDX-License-Identifier: GPL-2.0 */
/* Notifications to the family's multicast groups.  Best effort: a listener that
 * misses one is told so by its socket (ENOBUFS), and can ask for the whole.
 */
#ifndef _WGM_EVENTS_H
#define _WGM_EVENTS_H

#include <linux/types.h>
#include <uapi/linux/wgmesh.h>

struct wgm_apply_result;
struct wgm_mesh;
struct wgm_peer;

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

/* peer-ntf, to the group peers: at most WGM_PEER_EVENTS in a second, and what is more is
 * counted.  Table's lock held.
 */
void wgm_event_peer(struct wgm_mesh *mesh, const struct wgm_peer *peer,
		    enum wgmesh_peer_reason reason);
#define WGM_PEER_EVENTS	1000

#endif /* _WGM_EVENTS_H */
