// SPDX-License-Identifier: GPL-2.0
/* What the egress hooks of a device cost a packet that they let pass.  The hooks are
 * called with a packet to @address, or to one of @span addresses with a step of two from
 * there on, in lots.  The results are in the parameters when the module is loaded, in
 * picoseconds per packet: of the fastest lot, since a machine may be busy with others, and
 * of all, to be compared with what is slowed by them, too.
 *
 *	ip netns exec NS insmod wgmesh_hookcost.ko device=wg0 address=0x0b000001 span=1000000
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter_netdev.h>
#include <linux/nsproxy.h>
#include <linux/skbuff.h>

#define LOTS	400
#define LOT	1000

static char *device = "wg0";
module_param(device, charp, 0444);
static uint address;
module_param(address, uint, 0444);
static uint span = 1;
module_param(span, uint, 0444);

/* Results. */
static ulong with_hooks;
module_param(with_hooks, ulong, 0444);
static ulong without_hooks;
module_param(without_hooks, ulong, 0444);
static ulong mean_with_hooks;
module_param(mean_with_hooks, ulong, 0444);
static ulong mean_without_hooks;
module_param(mean_without_hooks, ulong, 0444);

static u32 state = 1;

static __be32 next_address(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return htonl(address + 2 * (u32)(((u64)state * span) >> 32));
}

static int run_hooks(struct net_device *dev, struct sk_buff *skb)
{
	struct nf_hook_entries *hooks = rcu_dereference(dev->nf_hooks_egress);
	struct nf_hook_state at;
	unsigned int i;

	nf_hook_state_init(&at, NF_NETDEV_EGRESS, NFPROTO_NETDEV, dev, NULL, NULL, dev_net(dev),
			   NULL);
	for (i = 0; hooks && i < hooks->num_hook_entries; i++)
		if (nf_hook_entry_hookfn(&hooks->hooks[i], skb, &at) != NF_ACCEPT)
			return -EBUSY;
	return 0;
}

/* Nanoseconds of a lot, or an error: a hook has kept the packet. */
static s64 run_lot(struct net_device *dev, struct sk_buff *skb, bool hooks)
{
	u64 start;
	int err = 0, i;

	local_bh_disable();
	rcu_read_lock();
	start = ktime_get_ns();
	for (i = 0; i < LOT && !err; i++) {
		ip_hdr(skb)->daddr = next_address();
		if (hooks)
			err = run_hooks(dev, skb);
	}
	start = ktime_get_ns() - start;
	rcu_read_unlock();
	local_bh_enable();
	return err ?: (s64)start;
}

static int measure(struct net_device *dev, struct sk_buff *skb, bool hooks, ulong *ret_best,
		   ulong *ret_mean)
{
	s64 best = S64_MAX, sum = 0, lot;
	int i;

	for (i = 0; i < LOTS; i++) {
		lot = run_lot(dev, skb, hooks);
		if (lot < 0)
			return lot;
		best = min(best, lot);
		sum += lot;
		cond_resched();
	}
	*ret_best = best * 1000 / LOT;
	*ret_mean = sum * 1000 / LOT / LOTS;
	return 0;
}

static struct sk_buff *new_packet(struct net_device *dev)
{
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);
	struct iphdr *header;

	if (!skb)
		return NULL;
	skb->dev = dev;
	skb->protocol = htons(ETH_P_IP);
	skb_reset_network_header(skb);
	header = skb_put_zero(skb, sizeof(*header));
	header->version = 4;
	header->ihl = 5;
	return skb;
}

static int __init hookcost_init(void)
{
	struct net_device *dev = dev_get_by_name(current->nsproxy->net_ns, device);
	struct sk_buff *skb;
	int err = -ENOMEM;

	if (!dev)
		return -ENODEV;
	skb = new_packet(dev);
	if (skb)
		err = measure(dev, skb, false, &without_hooks, &mean_without_hooks);
	if (!err)
		err = measure(dev, skb, true, &with_hooks, &mean_with_hooks);
	if (err != -EBUSY)	/* else it is the hook's now */
		kfree_skb(skb);
	dev_put(dev);
	return err;
}

static void __exit hookcost_exit(void)
{
}

module_init(hookcost_init);
module_exit(hookcost_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Measures the egress hooks of a network device");
