/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what a follower has the beginning of what its source has?  Two logs that have an entry of the
 * same index and term are the same up to there (thesis 3.5), and a recovery begins with a term that
 * is above all before it.  Pure.
 */
#ifndef WGMESH_DAEMON_HISTORY_H
#define WGMESH_DAEMON_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

/* Where the last entry that the follower has stands in the source's log. */
enum history_where {
	HISTORY_BEFORE,		/* compacted away */
	HISTORY_WITHIN,
	HISTORY_AHEAD,		/* of all that is applied there */
};

struct history_claim {
	uint64_t index;		/* of the last entry that the follower has; 0: it has none */
	uint64_t term;		/* 0: it does not say */
	enum history_where where;
	/*
	 * The source's own: of the entry at that index, or where it has none, of the nearest one that
	 * it knows.
	 */
	uint64_t own_term;
	bool leads;		/* the source, as it believes */
	/* It did while the follower asked, and has all that was committed (thesis 6.4). */
	bool confirmed;
};

enum history_verdict {
	HISTORY_GOES_ON,	/* or may: with entries, or a snapshot of a later index */
	HISTORY_FORKED,		/* the source's is the mesh's, the follower's is not: a snapshot */
	HISTORY_UNCLEAR,	/* ask again when the source's leadership is confirmed */
	HISTORY_UNKNOWN,	/* another source may know: the follower may be right */
};

enum history_verdict history_judge(const struct history_claim *claim);

#endif
