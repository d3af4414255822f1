/* SPDX-License-Identifier: GPL-2.0 */
/* WireGuard's messages, as they are in a UDP payload (whitepaper, section 5.4).
 *
 * The structs are packed: a pointer to any byte may be taken for a pointer to one.
 */
#ifndef _WGM_MESSAGE_H
#define _WGM_MESSAGE_H

#include <linux/build_bug.h>
#include <linux/types.h>
#include <asm/byteorder.h>

#define WGM_TAG_LEN		16	/* an encrypted field is so much longer */
#define WGM_MAC_LEN		16
#define WGM_COOKIE_LEN		16
#define WGM_COOKIE_NONCE_LEN	24
#define WGM_TIMESTAMP_LEN	12

/* One byte and three zero bytes, which read as one number are checked at once. */
enum wgm_message_type {
	WGM_MESSAGE_OTHER = 0,		/* not WireGuard's */
	WGM_MESSAGE_INITIATION = 1,
	WGM_MESSAGE_RESPONSE = 2,
	WGM_MESSAGE_COOKIE = 3,
	WGM_MESSAGE_DATA = 4,
};

struct wgm_msg_initiation {
	__le32 type;
	__le32 sender;			/* the initiator's index of the session to be */
	u8 ephemeral[32];
	u8 static_key[32 + WGM_TAG_LEN];
	u8 timestamp[WGM_TIMESTAMP_LEN + WGM_TAG_LEN];
	u8 mac1[WGM_MAC_LEN];		/* of all above */
	u8 mac2[WGM_MAC_LEN];		/* of all above; zero without a cookie */
} __packed;

struct wgm_msg_response {
	__le32 type;
	__le32 sender;
	__le32 receiver;
	u8 ephemeral[32];
	u8 nothing[WGM_TAG_LEN];
	u8 mac1[WGM_MAC_LEN];
	u8 mac2[WGM_MAC_LEN];
} __packed;

struct wgm_msg_cookie {
	__le32 type;
	__le32 receiver;		/* the sender of the message that is answered */
	u8 nonce[WGM_COOKIE_NONCE_LEN];
	u8 cookie[WGM_COOKIE_LEN + WGM_TAG_LEN];
} __packed;

struct wgm_msg_data {
	__le32 type;
	__le32 receiver;
	__le64 counter;
	u8 packet[];			/* and a tag */
} __packed;

static_assert(sizeof(struct wgm_msg_initiation) == 148);
static_assert(sizeof(struct wgm_msg_response) == 92);
static_assert(sizeof(struct wgm_msg_cookie) == 64);
static_assert(sizeof(struct wgm_msg_data) == 16);

/* What a UDP payload of @len bytes is, by its length and first four bytes @head: WireGuard
 * itself drops whatever is WGM_MESSAGE_OTHER here.
 */
static inline enum wgm_message_type wgm_message_type(__le32 head, size_t len)
{
	switch (le32_to_cpu(head)) {
	case WGM_MESSAGE_INITIATION:
		return len == sizeof(struct wgm_msg_initiation) ? WGM_MESSAGE_INITIATION : 0;
	case WGM_MESSAGE_RESPONSE:
		return len == sizeof(struct wgm_msg_response) ? WGM_MESSAGE_RESPONSE : 0;
	case WGM_MESSAGE_COOKIE:
		return len == sizeof(struct wgm_msg_cookie) ? WGM_MESSAGE_COOKIE : 0;
	case WGM_MESSAGE_DATA:
		return len >= sizeof(struct wgm_msg_data) + WGM_TAG_LEN ? WGM_MESSAGE_DATA : 0;
	}
	return WGM_MESSAGE_OTHER;
}

#endif /* _WGM_MESSAGE_H */
