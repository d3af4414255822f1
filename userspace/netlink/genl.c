// SPDX-License-Identifier: Apache-2.0
#include "netlink/genl.h"

#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/socket.h>

struct genl {
	const char *family;
	const char *remedy;
	int number;
	struct nlsocket *socket;
};

static int missing(const char *family, const char *remedy, int r, struct error *err)
{
	if (r == -NLE_OBJ_NOTFOUND)
		return error_set(err, ERR_UNSUPPORTED, "%s", remedy);
	return error_set(err, ERR_UNAVAILABLE, "cannot look up netlink family \"%s\": %s", family,
			 nl_geterror(r));
}

/*
 * The number of @family, or of its multicast @group when that is not NULL.  On a
 * socket of its own: libnl's controller client must not see our answers.
 */
static int resolve(const char *family, const char *group, const char *remedy, int *ret,
		   struct error *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r;

	if (!sock)
		return error_set(err, ERR_MEMORY, "no memory for a netlink socket");
	r = genl_connect(sock);
	if (!r)
		r = group ? genl_ctrl_resolve_grp(sock, family, group) :
			    genl_ctrl_resolve(sock, family);
	nl_socket_free(sock);
	if (r < 0)
		return missing(family, remedy, r, err);
	*ret = r;
	return 0;
}

int genl_group(const char *family, const char *name, const char *remedy, int *ret_group,
	       struct error *err)
{
	return resolve(family, name, remedy, ret_group, err);
}

int genl_open(const char *family, const char *remedy, const struct attr_set *attrs,
	      struct genl **ret, struct error *err)
{
	struct genl *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return error_set(err, ERR_MEMORY, "no memory for a netlink client");
	g->family = family;
	g->remedy = remedy;
	r = resolve(family, NULL, remedy, &g->number, err);
	if (!r)
		r = nlsocket_open(NETLINK_GENERIC, attrs, GENL_HDRLEN, &g->socket, err);
	if (r)
		genl_close(g);
	else
		*ret = g;
	return r;
}

void genl_close(struct genl *g)
{
	if (!g)
		return;
	nlsocket_close(g->socket);
	free(g);
}

static int request(struct genl *g, struct message *m, answer_fn *fn, void *data,
		   struct error *err)
{
	if (!m->failed)
		message_header(m)->nlmsg_type = (uint16_t)g->number;
	return nlsocket_request(g->socket, m, fn, data, err);
}

int genl_request(struct genl *g, struct message *m, answer_fn *fn, void *data, struct error *err)
{
	int was = g->number, r = request(g, m, fn, data, err);

	/* ENOENT is either an object that does not exist or a family that does not any more. */
	if (r != -ERR_NOT_FOUND)
		return r;
	if (resolve(g->family, NULL, g->remedy, &g->number, NULL))
		return error_set(err, ERR_UNSUPPORTED, "%s", g->remedy);
	return g->number == was ? r : request(g, m, fn, data, err);
}

uint8_t genl_command(const struct nlmsghdr *answer)
{
	const struct genlmsghdr *genl = NLMSG_DATA(answer);

	return answer->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN) ? 0 : genl->cmd;
}

int genl_parse(const struct nlmsghdr *answer, struct nlattr **tb, int max,
	       const struct nla_policy *policy, struct error *err)
{
	size_t head = NLMSG_LENGTH(GENL_HDRLEN);

	memset(tb, 0, sizeof(*tb) * ((size_t)max + 1));
	if (answer->nlmsg_len < head ||
	    nla_parse(tb, max, (struct nlattr *)((char *)answer + head),
		      (int)(answer->nlmsg_len - head), policy))
		return error_set(err, ERR_IO, "the kernel's answer is malformed");
	return 0;
}
