/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libuv closes handles later than asked: an object that they point to must
 * outlive the last of them.  Each handle that is opened takes one hold, its
 * close callback gives it back, and after the last one the owner is told.
 */
#ifndef WGMESH_TRANSPORT_ANCHOR_H
#define WGMESH_TRANSPORT_ANCHOR_H

struct anchor {
	unsigned int holds;
	void (*gone)(struct anchor *anchor);
};

static inline void anchor_hold(struct anchor *anchor)
{
	anchor->holds++;
}

static inline void anchor_release(struct anchor *anchor)
{
	if (--anchor->holds == 0)
		anchor->gone(anchor);
}

#endif
