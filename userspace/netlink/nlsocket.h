/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to netlink/: one netlink socket for requests, one at a time, with a
 * deadline per answer, the kernel's extended acknowledgements turned into
 * error texts, and receive memory that is wiped after use.
 */
#ifndef WGMESH_NETLINK_NLSOCKET_H
#define WGMESH_NETLINK_NLSOCKET_H

#include "base/error.h"
#include "netlink/attr_set.h"
#include "netlink/message.h"

struct nlsocket;

/* @protocol: NETLINK_*; @attrs: names for error texts, may be NULL; @header: bytes of the
 * family's own header in front of the attributes. */
int nlsocket_open(int protocol, const struct attr_set *attrs, size_t header,
		  struct nlsocket **ret, struct error *err);
void nlsocket_close(struct nlsocket *s);

/* Told each answer; 0 goes on, anything else ends the request, which then returns it. */
typedef int answer_fn(void *data, const struct nlmsghdr *answer);

/*
 * Sends @m (with NLM_F_REQUEST, and NLM_F_ACK unless it is a dump) and tells the
 * answers until the acknowledgement or the end of the dump.  @fn may be NULL.
 * ERR_UNAVAILABLE: a dump was told, but the table changed while it was.
 */
int nlsocket_request(struct nlsocket *s, struct message *m, answer_fn *fn, void *data,
		     struct error *err);

/* The error that a kernel's NLMSG_ERROR @answer to @request tells; 0 when it acknowledges. */
int answer_error(const struct attr_set *attrs, size_t header, const struct nlmsghdr *request,
		 const struct nlmsghdr *answer, struct error *err);

#endif
