/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to netlink/: messages built within a bound, with errors that stick
 * (check once, before sending), and wiped when they are let go of.
 */
#ifndef WGMESH_NETLINK_MESSAGE_H
#define WGMESH_NETLINK_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netlink/msg.h>

#include "base/addr.h"

struct message {
	struct nl_msg *msg;	/* NULL: no memory */
	struct nlmsghdr *header;	/* where it begins; NULL: no memory */
	size_t max;		/* bytes, the header included */
	bool failed;		/* no memory, or the bound is exceeded */
};

/* Room for @max bytes, headers included; type and flags as in struct nlmsghdr. */
struct message message_new(size_t max, uint16_t type, uint16_t flags);
/* As above with a generic netlink header behind; the type comes when it is sent. */
struct message message_new_genl(size_t max, uint8_t command, uint8_t version, uint16_t flags);
void message_fini(struct message *m);

struct nlmsghdr *message_header(const struct message *m);	/* not when failed */

/* The family's own header behind struct nlmsghdr; NULL when failed. */
void *message_put_header(struct message *m, size_t len);

void message_put(struct message *m, int type, const void *data, size_t len);
void message_put_u8(struct message *m, int type, uint8_t v);
void message_put_u16(struct message *m, int type, uint16_t v);
void message_put_u32(struct message *m, int type, uint32_t v);
void message_put_u64(struct message *m, int type, uint64_t v);
void message_put_text(struct message *m, int type, const char *text);
void message_put_ip(struct message *m, int type, const struct ip *ip);	/* 4 or 16 bytes */
void message_put_endpoint(struct message *m, int type, const struct endpoint *e); /* sockaddr */

/* Nests are closed in reverse order; one beyond 65535 bytes fails the message. */
size_t message_nest(struct message *m, int type);
void message_nest_end(struct message *m, size_t nest);

/* Length so far, and back to an earlier one, forgetting (and wiping) what came after. */
size_t message_len(const struct message *m);
void message_cut(struct message *m, size_t len);

#endif
