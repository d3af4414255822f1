/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a part that may still have work on the pool: it is asked to go, and when its memory
 * is gone it tells.  Owner thread.
 */
#ifndef WGMESH_DAEMON_CLOSING_H
#define WGMESH_DAEMON_CLOSING_H

#include <stdbool.h>

struct closing {
	bool begun;
	void (*closed)(void *data);	/* may be NULL */
	void *data;
};

static inline void closing_begin(struct closing *c, void (*closed)(void *data), void *data)
{
	*c = (struct closing){ true, closed, data };
}

/* The part's memory may go during the call or after it. */
static inline void closing_tell(struct closing c)
{
	if (c.closed)
		c.closed(c.data);
}

#endif
