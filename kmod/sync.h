/* SPDX-License-Identifier: GPL-2.0 */
/* The worker of a mesh: it makes WireGuard have what the table says, in few
 * messages, and only where the two differ; and tries again what WireGuard refused.
 * It alone talks to WireGuard, and alone lets go of peers that WireGuard had.
 */
#ifndef _WGM_SYNC_H
#define _WGM_SYNC_H

#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/wgmesh.h>

#include "park.h"
#include "wg.h"

struct net;
struct wgm_mesh;
struct wgm_peer;
struct wgm_prefix;

#define WGM_ROUND_UPDATES	300	/* peers changed by a message, at most */
#define WGM_ROUND_REMOVALS	16	/* rtnl is held for milliseconds per removal */
#define WGM_ROUND_PARKED	1200	/* prefixes: more than fit into a message */

/* A message on its way. */
struct wgm_round {
	unsigned int n;
	bool removes_ips;	/* it uses WGALLOWEDIP_F_REMOVE_ME */
	bool parks;		/* prefixes, or takes them away */
	bool unparks;		/* the latter */
	struct wgm_round_entry {
		struct wgm_peer *peer;
		bool removal;
		bool renewal;	/* it is removed and added again */
		u8 dirty;	/* what the message tells of the peer's values */
	} entries[WGM_ROUND_UPDATES + WGM_ROUND_REMOVALS];
	unsigned int n_parked;
	struct wgm_prefix *parked[WGM_ROUND_PARKED];	/* they stay while they are parked */
};

struct wgm_sync {
	struct delayed_work work;
	bool survey_due;	/* READ_ONCE/WRITE_ONCE */
	u64 surveyed_at;	/* ns of boottime; 0: never. READ_ONCE/WRITE_ONCE */
	u64 survey_took;	/* ns. READ_ONCE/WRITE_ONCE */

	bool evictions_due;	/* ordered ones are yet to come; READ_ONCE/WRITE_ONCE */
	bool hurry;		/* a batch may have mended what WireGuard refused */
	bool identity_due;	/* see identity.h; READ_ONCE/WRITE_ONCE, as the next */
	unsigned long identified_at;	/* jiffies */

	/* All below belongs to the worker. */
	struct wgm_wg wg;
	struct wgm_round *round;
	u8 sink_key[WGMESH_KEY_LEN];	/* of a peer that takes prefixes with it */
	u8 parking_key[WGMESH_KEY_LEN];	/* see park.h */
	struct wgm_parking parking;
	bool parks;		/* WireGuard may have the peer at which prefixes are parked */
	bool can_remove_ips;	/* WGALLOWEDIP_F_REMOVE_ME works, as far as is known */
	bool proven;		/* it did */
	bool identified;	/* once, at least */
	unsigned int singly;	/* rounds to send with one peer each */
	unsigned int backoff;	/* s; 0: nothing failed lately */
	unsigned long failed_at;	/* jiffies; of the last retry */
	unsigned long retry_at;	/* jiffies */
};

/* Opens the socket.  -ENOMEM and the like. */
int wgm_sync_init(struct wgm_sync *sync, struct net *net);
/* The worker must have been stopped. */
void wgm_sync_fini(struct wgm_sync *sync);

/* A batch was committed: there is something to do, and what was refused is tried again
 * without waiting long.
 */
void wgm_sync_kick(struct wgm_mesh *mesh);

/* Somebody looks at counters: have them read, at most once in a second and for a
 * tenth of the time.  0, or jiffies until it may be asked for.
 */
unsigned long wgm_sync_refresh(struct wgm_mesh *mesh);

#endif /* _WGM_SYNC_H */
