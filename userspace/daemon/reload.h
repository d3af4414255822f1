/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: what of the settings can change while the daemon runs does.  Owner thread. */
#ifndef WGMESH_DAEMON_RELOAD_H
#define WGMESH_DAEMON_RELOAD_H

struct daemon;

/*
 * Reads all sources again.  What is live in the table is taken over; what is not is logged as
 * waiting for a restart.  When anything is wrong nothing changes, and the log says what.
 */
void reload_settings(struct daemon *d);

/* Has the log tell as much as the settings say. */
void reload_log_level(const struct daemon *d);

#endif
