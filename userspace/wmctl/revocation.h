/* SPDX-License-Identifier: Apache-2.0 */
/* What `wmctl certificate list` and `certificate revoke` do; the session is open.  Exit codes. */
#ifndef WGMESH_WMCTL_REVOCATION_H
#define WGMESH_WMCTL_REVOCATION_H

#include "wmctl/session.h"

int revocation_list(struct session *s);
/* @serial NULL: all of that name. */
int revocation_make(struct session *s, char *name, char *serial);

#endif
