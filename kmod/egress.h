/* SPDX-License-Identifier: GPL-2.0 */
/* The hook through which all packets to a WireGuard device pass: those to peers that
 * WireGuard does not have wait, and have the worker activate the peer.
 *
 * It needs CONFIG_NETFILTER_EGRESS and CONFIG_NETFILTER_SKIP_EGRESS (Linux 5.16 and
 * later).  Without them tables are changed and told to WireGuard whole: no lazy mesh.
 */
#ifndef _WGM_EGRESS_H
#define _WGM_EGRESS_H

#include <linux/kconfig.h>
#include <linux/types.h>

struct net_device;
struct wgm_mesh;
struct wgm_peer;

static inline bool wgm_egress_supported(void)
{
	return IS_ENABLED(CONFIG_NETFILTER_EGRESS) && IS_ENABLED(CONFIG_NETFILTER_SKIP_EGRESS);
}

/* Hooks the device of a new mesh.  rtnl held.  0 too where there are no hooks. */
int wgm_egress_open(struct wgm_mesh *mesh, struct net_device *dev);

/* Unhooks it and drops what waits; the device must still be there.  Does not wait for
 * hooks that run: a grace period must pass before the mesh is freed.
 */
void wgm_egress_close(struct wgm_mesh *mesh);

/* Activates what packets wait for, as far as the rate and active-max allow: fills
 * table->urgent.  Worker only, table's lock held.
 */
void wgm_egress_wake(struct wgm_mesh *mesh);

/* Whether the dormant peer may be activated now: takes one from the allowance of
 * activations.  Table's lock held.
 */
bool wgm_egress_allows(struct wgm_mesh *mesh, const struct wgm_peer *peer);

/* Has the worker put a dormant peer into WireGuard before all else.  Table's lock held;
 * kick the worker then.
 */
void wgm_egress_activate(struct wgm_mesh *mesh, struct wgm_peer *peer);

/* What an activation has to wait for. */
enum wgm_defer {
	WGM_DEFER_RATE,
	WGM_DEFER_ACTIVE_MAX,
};

#endif /* _WGM_EGRESS_H */
