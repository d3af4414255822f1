// SPDX-License-Identifier: GPL-2.0
/* wgmesh: mesh tables beside WireGuard devices. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <uapi/linux/wgmesh.h>

#include "egress.h"
#include "mesh.h"
#include "netlink.h"
#include "nexthop.h"
#include "peer.h"
#include "prefix.h"
#include "reap.h"
#include "selftest/known.h"
#include "wg.h"

/* All that WireGuard is needed for goes through its netlink family. */
static int __init find_wireguard(void)
{
	struct wgm_wg wg;
	int err;

	err = wgm_wg_open(&wg, &init_net);
	if (err)
		return err;
	err = wgm_wg_resolve(&wg);
	wgm_wg_close(&wg);
	if (err)
		pr_err("this kernel has no WireGuard (no netlink family \"wireguard\", error %d): is CONFIG_WIREGUARD set, and does modprobe wireguard work?\n",
		       err);
	return err;
}

static int __init wgm_init(void)
{
	int err;

	err = wgm_known_check();
	if (err)
		return err;
	err = find_wireguard();
	if (err)
		return err;
	if (!wgm_egress_supported())
		pr_info("this kernel lacks CONFIG_NETFILTER_EGRESS or CONFIG_NETFILTER_SKIP_EGRESS: tables are told to WireGuard whole, and no mesh can be lazy\n");
	err = wgm_hop_init();
	if (err)
		return err;
	err = wgm_prefix_init();
	if (err)
		goto err_hop;
	err = wgm_peer_init();
	if (err)
		goto err_prefix;
	err = wgm_mesh_init();
	if (err)
		goto err_peer;
	err = wgm_netlink_init();
	if (err)
		goto err_mesh;
	return 0;
err_mesh:
	wgm_mesh_stop();
	wgm_mesh_fini();
err_peer:
	wgm_peer_fini();
err_prefix:
	wgm_prefix_fini();
err_hop:
	wgm_hop_fini();
	return err;
}

static void __exit wgm_exit(void)
{
	wgm_mesh_stop();
	wgm_netlink_fini();
	wgm_mesh_fini();
	wgm_reap_barrier();
	wgm_peer_fini();
	wgm_prefix_fini();
	wgm_hop_fini();
}

module_init(wgm_init);
module_exit(wgm_exit);
MODULE_DESCRIPTION("Mesh tables beside WireGuard devices");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
MODULE_SOFTDEP("pre: wireguard");
MODULE_ALIAS_GENL_FAMILY(WGMESH_FAMILY_NAME);
