/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page that reaches a service of the mesh, and the script that others may import: clients/browser
 * as it was when this was built (scripts/embed), below /browser/.
 */
#ifndef WGMESH_WEB_CLIENT_H
#define WGMESH_WEB_CLIENT_H

#include "http/site.h"

extern const struct http_page web_client[];
extern const size_t web_client_count;

#endif
