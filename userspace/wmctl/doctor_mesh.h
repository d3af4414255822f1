/* SPDX-License-Identifier: Apache-2.0 */
/* What `wmctl doctor` makes of what daemons and certificates say.  Pure. */
#ifndef WGMESH_WMCTL_DOCTOR_MESH_H
#define WGMESH_WMCTL_DOCTOR_MESH_H

#include <stdint.h>

#include "crypto/cert.h"
#include "ext/v1/cluster.pb-c.h"
#include "ext/v1/servers.pb-c.h"
#include "v1/node.pb-c.h"
#include "wmctl/findings.h"

/* Of @whose; @now: seconds since 1970. */
void mesh_check_certificate(struct findings *f, const char *whose, const struct cert_info *info,
			    int64_t now, const char *remedy);

/* @servers: as the leader tells them; NULL: nobody does. */
void mesh_check_quorum(struct findings *f, const Webmesh__Ext__V1__DescribeResponse *d,
		       const Webmesh__Ext__V1__ListServersResponse *servers);

void mesh_check_state(struct findings *f, const Webmesh__Ext__V1__DescribeResponse *d);
void mesh_check_dataplane(struct findings *f, const Webmesh__Ext__V1__DescribeResponse *d);

/* Its status as of some moment between @asked and @answered (ns since 1970 by our clock). */
void mesh_check_clock(struct findings *f, const V1__Status *leader, int64_t asked,
		      int64_t answered);

#endif
