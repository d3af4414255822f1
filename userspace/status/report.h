/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /status.json: what the status page draws.  Its fields are in docs/reference/status.md.  Pure; any
 * thread.
 */
#ifndef WGMESH_STATUS_REPORT_H
#define WGMESH_STATUS_REPORT_H

#include "base/buf.h"
#include "status/paths.h"
#include "status/view.h"

/* @monotonic: ms of a clock that goes evenly, for rates. */
void status_report(const struct status_view *view, const struct roster *roster,
		   const struct paths *paths, uint64_t monotonic, struct buf *out);

#endif
