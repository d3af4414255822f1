/* SPDX-License-Identifier: GPL-2.0 */
/* The doorman of a lazy mesh.  He stands at the end of LOCAL_IN, just before conntrack
 * confirms, and sees what arrives for WireGuard's port.  Handshake initiations wait with
 * him until a worker has opened them (admit.h): only those of peers in the table go on,
 * once WireGuard has the peer, and none twice.  All else passes at once.
 *
 * What waits is bounded in packets, bytes and time.  Under a flood those come first whose
 * address is a peer's, or who have shown that they receive where they send from.
 */
#ifndef _WGM_DOORMAN_H
#define _WGM_DOORMAN_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <uapi/linux/wgmesh.h>

#include "cookie.h"
#include "recall.h"
#include "verdict.h"

struct net;
struct net_device;
struct wgm_mesh;
struct wgm_noise_device;
struct wgm_sources;
struct wgm_visitor;

#define WGM_LINE_VISITORS	256	/* that wait to be opened, in each line */
#define WGM_LINE_BYTES		(1U << 20)
#define WGM_LINE_PRESSED	128	/* so many of anybody are a flood */
#define WGM_COOKIES_PER_SECOND	2048
#define WGM_WAITING_VISITORS	1024	/* that wait for their peers to be activated */
#define WGM_WAITING_BYTES	(4U << 20)
#define WGM_VISIT_TIMEOUT	(4 * HZ)	/* then the sender tries again anyway */

struct wgm_line {
	struct list_head visitors;	/* the oldest first */
	u32 n;
	u32 bytes;
	u32 max;
	u32 max_bytes;
};

enum wgm_lines {
	WGM_LINE_PREFERRED,	/* from a peer's address, or with a cookie */
	WGM_LINE_ANYBODY,
	WGM_LINE_OPENED,	/* known by now; until WireGuard has the peer */
	WGM_LINES
};

/* Initiations, since the mesh was made; see the specification. */
struct wgm_doorman_stats {
	atomic64_t verdicts[WGM_N_VERDICTS];
	atomic64_t floors;
	atomic64_t recalled;
};

struct wgm_doorman {
	struct list_head list;		/* of all doormen; this and net under their lock */
	struct net *net;		/* of WireGuard's socket; NULL: not hooked */
	struct nf_hook_ops ops[2];	/* IPv4, IPv6 */

	struct mutex keys_lock;		/* keys; the worker holds it while it uses them */
	struct wgm_noise_device __rcu *keys;	/* NULL: the device has none, or unknown */
	struct wgm_sources __rcu *sources;	/* may be NULL; the worker replaces them */
	u16 port;			/* READ_ONCE/WRITE_ONCE, as all up to the lock */
	u32 mark;			/* with which WireGuard sends */
	bool running;			/* the device is up: the port is WireGuard's */
	bool pressed;			/* the sources are wanted */
	bool curious;			/* a handshake may be complete with the next data packet */
	bool hinted;			/* one may just have been completed */

	spinlock_t lock;		/* all below; also from softirq */
	struct wgm_line lines[WGM_LINES];
	bool closed;
	unsigned long cookies_since;	/* jiffies: of this second */
	u32 cookies;			/* in this second */

	struct wgm_cookie_jar jar;
	struct wgm_recall recall;
	unsigned long sources_at;	/* jiffies; the worker's */
	struct delayed_work work;	/* wgm_admit() */
	struct wgm_doorman_stats stats;
};

/* Counts what became of an initiation, and traces it; @key is its sender's, NULL or zero
 * while nobody knows.  Any context.
 */
void wgm_doorman_note(struct wgm_doorman *doorman, const u8 *key, enum wgm_verdict verdict);

/* Before anything else; does not fail. */
void wgm_doorman_init(struct wgm_doorman *doorman);

/* Hooks the namespace of a new mesh's socket, which must not end meanwhile.  rtnl held;
 * @running tells whether the device is up.  -ENOMEM.
 */
int wgm_doorman_open(struct wgm_mesh *mesh, struct net *net, bool running);

/* Unhooks it, and drops all visitors; a second time does nothing.  A worker may still have
 * one in hand, which it will drop.  May be called with rtnl held.
 */
void wgm_doorman_close(struct wgm_doorman *doorman);

/* Waits for the worker, and wipes the keys.  Not with rtnl held. */
void wgm_doorman_fini(struct wgm_doorman *doorman);

/* The mesh's device goes up or down: then visitors are dropped. */
void wgm_doorman_set_running(struct wgm_doorman *doorman, bool running);

/* An underlay device is about to leave: drops the visitors that came by it. */
void wgm_doorman_release_device(const struct net_device *dev);

/* A namespace ends: closes the doormen in it, whose meshes may be elsewhere, and waits for
 * their workers.  Not with rtnl held.
 */
void wgm_doorman_leave(struct net *net);

/* The device's key, which the caller wipes, its port and its mark.  -ENOMEM.  The mesh's
 * worker only.
 */
int wgm_doorman_identify(struct wgm_doorman *doorman, const u8 *private_key, u16 port, u32 mark);

/* Peers may be active now for which visitors wait.  Any context but hard interrupts. */
void wgm_doorman_attend(struct wgm_mesh *mesh);

/* Visitors wait for their peers. */
static inline bool wgm_doorman_waits(const struct wgm_doorman *doorman)
{
	return READ_ONCE(doorman->lines[WGM_LINE_OPENED].n);
}

/* There is a flood. */
static inline bool wgm_doorman_is_pressed(const struct wgm_doorman *doorman)
{
	return READ_ONCE(doorman->lines[WGM_LINE_ANYBODY].n) >= WGM_LINE_PRESSED;
}

/* ---- for the worker (admit.c) ---- */

/* Has it run after @delay jiffies, or sooner if it is to run anyway. */
void wgm_doorman_call(struct wgm_mesh *mesh, unsigned long delay);

/* The one who is to be opened next; may be NULL. */
struct wgm_visitor *wgm_doorman_next(struct wgm_doorman *doorman);

/* Has a visitor wait in the line of the opened; an older one of the same peer is dropped. */
void wgm_doorman_seat(struct wgm_doorman *doorman, struct wgm_visitor *visitor);

/* Takes all out of that line, into @ret: no two of the same peer. */
void wgm_doorman_unseat(struct wgm_doorman *doorman, struct list_head *ret);

/* Puts back one of those, before anybody new is seated: nobody is searched for. */
void wgm_doorman_reseat(struct wgm_doorman *doorman, struct wgm_visitor *visitor);

/* Lets the visitor go on. */
void wgm_doorman_let_in(struct wgm_doorman *doorman, struct wgm_visitor *visitor);

int wgm_doorman_module_init(void);
void wgm_doorman_module_fini(void);

#endif /* _WGM_DOORMAN_H */
