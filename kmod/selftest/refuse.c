// SPDX-License-Identifier: GPL-2.0
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wireguard.h>
#include <net/genetlink.h>

#include "refuse.h"

static DEFINE_SPINLOCK(lock);	/* all below */
static u8 refused[WG_KEY_LEN];
static bool armed;

static bool is_about(const struct nlmsghdr *nlh)
{
	const u8 *at = (const u8 *)nlh, *end = at + nlh->nlmsg_len;

	for (; at + WG_KEY_LEN <= end; at += NLA_ALIGNTO)
		if (!memcmp(at, refused, WG_KEY_LEN))
			return true;
	return false;
}

/* Without a device in the message WireGuard answers -EBADR, and has done nothing yet. */
static int __kprobes before_set_device(struct kprobe *probe, struct pt_regs *regs)
{
	struct genl_info *info = (struct genl_info *)regs_get_kernel_argument(regs, 1);
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (armed && is_about(info->nlhdr)) {
		info->attrs[WGDEVICE_A_IFINDEX] = NULL;
		info->attrs[WGDEVICE_A_IFNAME] = NULL;
	}
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

static struct kprobe probe = {
	.pre_handler = before_set_device,
};

/* What handles the message, in newer kernels and in older ones. */
static const char * const handlers[] = { "wg_set_device_doit", "wg_set_device" };

static bool probing;

static ssize_t refuse_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	u8 key[WG_KEY_LEN] = { };

	if (len > sizeof(key))
		return -EINVAL;
	if (copy_from_user(key, buf, len))
		return -EFAULT;
	spin_lock_irq(&lock);
	memcpy(refused, key, sizeof(key));
	armed = len == sizeof(key);
	spin_unlock_irq(&lock);
	return len;
}

static const struct file_operations refuse_fops = {
	.owner = THIS_MODULE,
	.write = refuse_write,
	.llseek = noop_llseek,
};

void __init wgm_refuse_init(struct dentry *folder)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(handlers) && !probing; i++) {
		probe.symbol_name = handlers[i];
		probing = !register_kprobe(&probe);
	}
	if (probing)
		debugfs_create_file("refuse", 0200, folder, NULL, &refuse_fops);
}

void wgm_refuse_fini(void)
{
	if (probing)
		unregister_kprobe(&probe);
}
