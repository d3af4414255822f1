/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service manager is told (sd_notify(3)): that the daemon is ready, that its loop still
 * turns, and that it stops.  Without one, as when run by hand, nothing happens.  Owner thread.
 */
#ifndef WGMESH_DAEMON_SERVICE_H
#define WGMESH_DAEMON_SERVICE_H

#include <uv.h>

struct service {
	uv_timer_t watchdog;	/* data is NULL unless the manager watches */
};

/* The daemon serves; from now on the loop tells that it lives, twice as often as is asked for. */
void service_start(struct service *service, uv_loop_t *loop);

/* Settings are read again, and have been; the manager waits for the latter. */
void service_reloading(struct service *service);
void service_reloaded(struct service *service);

/* It stops; may be called without start, and lets go of the loop. */
void service_stop(struct service *service);

#endif
