/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to netlink/: requests to a generic netlink family by name.  The
 * family's number changes when its module is loaded again, so it is looked up
 * anew when the kernel no longer knows it.
 */
#ifndef WGMESH_NETLINK_GENL_H
#define WGMESH_NETLINK_GENL_H

#include "netlink/nlsocket.h"

struct genl;

/* @remedy: what to do when the family is missing, for the error's text (ERR_UNSUPPORTED). */
int genl_open(const char *family, const char *remedy, const struct attr_set *attrs,
	      struct genl **ret, struct error *err);
void genl_close(struct genl *g);

/* As nlsocket_request(), with @m made by message_new_genl(). */
int genl_request(struct genl *g, struct message *m, answer_fn *fn, void *data, struct error *err);

/* Number of the multicast group @name of @family. */
int genl_group(const char *family, const char *name, const char *remedy, int *ret_group,
	       struct error *err);

/* Parses the attributes of @answer into @tb (max + 1 places); ERR_IO when they are malformed. */
int genl_parse(const struct nlmsghdr *answer, struct nlattr **tb, int max,
	       const struct nla_policy *policy, struct error *err);

/* Command of a generic netlink message; 0 when it is too short for one. */
uint8_t genl_command(const struct nlmsghdr *answer);

#endif
