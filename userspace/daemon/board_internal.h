/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the board share.  Internal to board*.c. */
#ifndef WGMESH_DAEMON_BOARD_INTERNAL_H
#define WGMESH_DAEMON_BOARD_INTERNAL_H

#include <uv.h>

#include "daemon/board.h"
#include "daemon/daemon.h"
#include "status/events.h"
#include "status/paths.h"
#include "status/view.h"

struct board {
	struct daemon *daemon;
	struct events *events;
	struct http_page pages[HTTP_PAGES_MAX];	/* do not change */
	size_t page_count;
	void (*notify)(void *data);	/* the listener */
	void *notify_data;

	/* The owner's. */
	struct status_view next;
	bool was_told;			/* there was a view before that one */
	char role_leader[NODE_ID_MAX + 1];	/* at the last event of a role */
	const char *role;
	uint64_t listed_at;		/* applied index of the roster */
	bool listed;

	uv_mutex_t lock;		/* guards all below */
	struct status_view view;
	struct roster *roster;		/* empty until somebody looks */
	uint64_t asked_at;		/* ms, uv_hrtime(); 0: never */
	size_t wanted_count;		/* keys of sessions that the roster lacks */
	struct key wanted[PATHS_WANTED_MAX];
	bool wants;			/* they are others than before */
};

/* board_events.c: what is an event because a view differs from the one before. */
void board_compare(struct board *b, const struct status_view *before, const struct status_view *now);

#endif
