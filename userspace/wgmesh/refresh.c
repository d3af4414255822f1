// SPDX-License-Identifier: Apache-2.0
#include "wgmesh/refresh.h"

#include <stdbool.h>
#include <time.h>

enum { STOP = 1, PAUSE_MS = 20 };

/* One peer is enough: all are read at once. */
static int look(void *data, const struct wg_peer *peer)
{
	bool *fresh = data;

	*fresh = peer->fields & WG_PEER_COUNTERS_AGE && peer->counters_age <= REFRESH_AGE_MS;
	return STOP;
}

void refresh_counters(struct mesh_client *client, const char *ifname)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

	for (int waited = 0; waited < REFRESH_PATIENCE_MS; waited += PAUSE_MS) {
		bool fresh = true;	/* of no peer at all */

		mesh_peer_list(client, ifname, NULL, look, &fresh, NULL, NULL);
		if (fresh)
			return;
		nanosleep(&pause, NULL);
	}
}
