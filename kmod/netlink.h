/* SPDX-License-Identifier: GPL-2.0 */
/* The handlers of the generic netlink family; what calls them is generated from
 * proto/netlink/specs/wgmesh.yaml (netlink_gen.h).
 */
#ifndef _WGM_NETLINK_H
#define _WGM_NETLINK_H

int wgm_netlink_init(void);
void wgm_netlink_fini(void);

#endif /* _WGM_NETLINK_H */
