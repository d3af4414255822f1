// SPDX-License-Identifier: GPL-2.0
/* wgmesh_selftest: the handshake's functions for tests, by files in debugfs.  A request is
 * written to a file, and the answer is read from the same open file.  And see refuse.h.
 *
 * It has copies of its own of what it tests, so that wgmesh need not export anything, and is
 * built for tests only.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../blake2s.c"
#include "../noise.c"
#include "../cookie.c"
#include "../peer.h"
#include "../tai64n.h"
#include "refuse.h"

/* Answers its request in place: the length of the answer, or an error.  @data is a page. */
struct feed {
	size_t min;		/* length of a request */
	ssize_t (*answer)(void *data, size_t len);
};

static struct wgm_cookie_jar jar;

struct hash_request {
	u8 ret_len;
	u8 key_len;
	u8 key[WGM_HASH_LEN];
	u8 in[];
};

struct hash_answer {
	u8 hash[WGM_HASH_LEN];
	u8 two[WGM_HASH_LEN];		/* of the key and the input */
	u8 hmac[WGM_HASH_LEN];
	u8 hkdf[2][WGM_HASH_LEN];
};

static ssize_t answer_hash(void *data, size_t len)
{
	struct hash_request *req = data;
	struct hash_answer answer = {};

	len -= sizeof(*req);
	if (!req->ret_len || req->ret_len > WGM_HASH_LEN || req->key_len > WGM_HASH_LEN)
		return -EINVAL;
	wgm_blake2s(answer.hash, req->ret_len, req->key, req->key_len, req->in, len);
	wgm_blake2s_two(answer.two, req->key, req->key_len, req->in, len);
	wgm_hmac(answer.hmac, req->key, req->in, len);
	wgm_hkdf(answer.hkdf[0], answer.hkdf[1], req->key, req->in, len);
	memcpy(data, &answer, sizeof(answer));
	return sizeof(answer);
}

static ssize_t answer_device(void *data, size_t len)
{
	struct wgm_noise_device *dev = wgm_noise_device_new(data);
	u8 *at = data;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	memcpy(at, dev->public_key, WGMESH_KEY_LEN);
	memcpy(at + 32, dev->mac1_key, WGM_HASH_LEN);
	memcpy(at + 64, dev->cookie_key, WGM_HASH_LEN);
	wgm_noise_device_free(dev);
	return 96;
}

struct open_request {
	u8 private_key[WGMESH_KEY_LEN];
	struct wgm_msg_initiation before;	/* opened by the same device; zeros: none */
	u8 odd;				/* so that the message is not aligned */
	struct wgm_msg_initiation msg;
} __packed;

enum stage { NOT_INITIATION, WRONG_MAC1, NOT_FOR_US, NOT_PROVEN, OPENED };

struct open_answer {
	u8 stage;
	u8 clean;			/* failures wrote nothing, and secrets are wiped */
	u8 initiator[WGMESH_KEY_LEN];
	u8 timestamp[WGM_TIMESTAMP_LEN];
	__le32 ns[3];			/* of mac1, and of either half of opening */
} __packed;

#define UNTOUCHED	0xa5

static bool all(const void *bytes, u8 value, size_t len)
{
	return !memchr_inv(bytes, value, len);
}

static bool timed_mac1(const struct wgm_noise_device *dev, const struct wgm_msg_initiation *msg,
		       struct open_answer *answer)
{
	u64 start;
	bool ok;

	local_bh_disable();	/* as in softirq: lockdep and the scheduler watch */
	start = ktime_get_ns();
	ok = wgm_noise_check_mac1(dev, msg);
	answer->ns[0] = cpu_to_le32(ktime_get_ns() - start);
	local_bh_enable();
	return ok;
}

static int timed_static(const struct wgm_noise_device *dev, const struct wgm_msg_initiation *msg,
			struct wgm_noise_opening *opening, struct open_answer *answer)
{
	u64 start = ktime_get_ns();
	int err = wgm_noise_open_static(dev, msg, opening);

	answer->ns[1] = cpu_to_le32(ktime_get_ns() - start);
	return err;
}

static int timed_timestamp(struct wgm_noise_device *dev,
			   const struct wgm_msg_initiation *msg,
			   struct wgm_noise_opening *opening, struct open_answer *answer)
{
	u64 start = ktime_get_ns();
	int err = wgm_noise_open_timestamp(dev, msg, opening, answer->timestamp);

	answer->ns[2] = cpu_to_le32(ktime_get_ns() - start);
	return err;
}

static enum stage open(struct wgm_noise_device *dev, const struct wgm_msg_initiation *msg,
		       struct open_answer *answer)
{
	struct wgm_noise_opening opening;

	memset(&opening, UNTOUCHED, sizeof(opening));
	if (!timed_mac1(dev, msg, answer))
		return WRONG_MAC1;
	if (timed_static(dev, msg, &opening, answer)) {
		answer->clean = all(&opening, UNTOUCHED, sizeof(opening));
		return NOT_FOR_US;
	}
	memcpy(answer->initiator, opening.initiator, sizeof(answer->initiator));
	if (timed_timestamp(dev, msg, &opening, answer)) {
		answer->clean = all(&opening, 0, sizeof(opening)) &&
				all(answer->timestamp, UNTOUCHED, sizeof(answer->timestamp));
		return NOT_PROVEN;
	}
	answer->clean = all(&opening, 0, sizeof(opening));
	return OPENED;
}

static ssize_t answer_open(void *data, size_t len)
{
	const struct open_request *req = data;
	struct open_answer answer = { .clean = 1 }, before;
	struct wgm_noise_device *dev;

	memset(answer.timestamp, UNTOUCHED, sizeof(answer.timestamp));
	len -= offsetof(struct open_request, msg);
	if (wgm_message_type(req->msg.type, len) == WGM_MESSAGE_INITIATION) {
		dev = wgm_noise_device_new(req->private_key);
		if (IS_ERR(dev))
			return PTR_ERR(dev);
		open(dev, &req->before, &before);
		answer.stage = open(dev, &req->msg, &answer);
		wgm_noise_device_free(dev);
	}
	memcpy(data, &answer, sizeof(answer));
	return sizeof(answer);
}

struct cookie_request {
	u8 private_key[WGMESH_KEY_LEN];
	__le64 now;			/* ns since the module was loaded */
	u8 ipv6;
	u8 address[16];
	__be16 port;
	struct wgm_msg_initiation msg;
} __packed;

struct cookie_answer {
	u8 good;			/* mac2 */
	struct wgm_msg_cookie reply;
} __packed;

static ssize_t answer_cookie(void *data, size_t len)
{
	const struct cookie_request *req = data;
	struct wgm_endpoint from = { .family = req->ipv6 ? AF_INET6 : AF_INET, .port = req->port };
	struct cookie_answer answer;
	struct wgm_noise_device *dev;
	u64 now = le64_to_cpu(req->now);

	dev = wgm_noise_device_new(req->private_key);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	memcpy(&from.v6, req->address, sizeof(from.v6));
	local_bh_disable();	/* as in softirq */
	answer.good = wgm_cookie_check_mac2(&jar, &req->msg, &from, now);
	wgm_cookie_reply(&jar, dev, &req->msg, &from, now, &answer.reply);
	local_bh_enable();
	wgm_noise_device_free(dev);
	memcpy(data, &answer, sizeof(answer));
	return sizeof(answer);
}

/* A floor and a timestamp; answered with a truth and the floor. */
static ssize_t answer_floor(void *data, size_t len)
{
	u8 *floor = data, *timestamp = floor + WGMESH_FLOOR_LEN;
	bool above = wgm_tai64n_above(timestamp, floor);

	if (wgm_tai64n_raise(floor, timestamp) != above)
		return -EIO;
	floor[WGMESH_FLOOR_LEN] = above;
	return WGMESH_FLOOR_LEN + 1;
}

static ssize_t feed_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	const struct feed *feed = file_inode(file)->i_private;
	char *data = simple_transaction_get(file, buf, len);
	ssize_t n;

	if (IS_ERR(data))
		return PTR_ERR(data);
	if (len < feed->min)
		return -EINVAL;
	n = feed->answer(data, len);
	if (n < 0)
		return n;
	simple_transaction_set(file, n);
	return len;
}

static const struct file_operations feed_fops = {
	.owner = THIS_MODULE,
	.write = feed_write,
	.read = simple_transaction_read,
	.release = simple_transaction_release,
	.llseek = default_llseek,
};

static const struct feed hash = { sizeof(struct hash_request), answer_hash };
static const struct feed device = { WGMESH_KEY_LEN, answer_device };
static const struct feed initiation = { offsetofend(struct open_request, msg.type), answer_open };
static const struct feed cookie = { sizeof(struct cookie_request), answer_cookie };
static const struct feed floor = { 2 * WGM_TIMESTAMP_LEN, answer_floor };

static struct dentry *folder;

static void __init add(const char *name, const struct feed *feed)
{
	debugfs_create_file(name, 0600, folder, (void *)feed, &feed_fops);
}

static int __init feed_init(void)
{
	wgm_cookie_init(&jar, 0);
	folder = debugfs_create_dir("wgmesh_selftest", NULL);
	add("hash", &hash);
	add("device", &device);
	add("open", &initiation);
	add("cookie", &cookie);
	add("floor", &floor);
	wgm_refuse_init(folder);
	return 0;
}

static void __exit feed_exit(void)
{
	debugfs_remove(folder);
	wgm_refuse_fini();
	wgm_cookie_wipe(&jar);
	rcu_barrier();
}

module_init(feed_init);
module_exit(feed_exit);
MODULE_DESCRIPTION("wgmesh's handshake functions, and refusals of WireGuard's, for tests");
MODULE_LICENSE("GPL");
