/* SPDX-License-Identifier: Apache-2.0 */
/* The time that goes into the state, fixed by whoever proposes a change.  Any thread. */
#ifndef WGMESH_DAEMON_NOW_H
#define WGMESH_DAEMON_NOW_H

#include <stdint.h>

int64_t daemon_now(void);	/* ns since 1970 */

#endif
