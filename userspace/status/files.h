/* SPDX-License-Identifier: Apache-2.0 */
/* The status page itself: clients/status as it was when the daemon was built (scripts/embed). */
#ifndef WGMESH_STATUS_FILES_H
#define WGMESH_STATUS_FILES_H

#include "http/site.h"

extern const struct http_page status_files[];
extern const size_t status_files_count;

#endif
