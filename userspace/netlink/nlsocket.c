// SPDX-License-Identifier: Apache-2.0
#include "netlink/nlsocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/buf.h"
#include "netlink/mesh.h"

enum {
	/* The largest single answer: one peer with 1024 prefixes, below 64 KiB. */
	RECEIVE_BYTES = 128 * 1024,
	SEND_BUFFER = 208 * 1024,	/* what the kernel grants everybody by default */
	ERRNO_MAX = 4095,		/* the kernel's MAX_ERRNO */
};

struct nlsocket {
	int protocol;
	const struct attr_set *attrs;
	size_t header;
	struct nl_sock *sock;
	uint32_t seq;
	char *received;
};

static int set_options(struct nl_sock *sock, struct error *err)
{
	struct timeval timeout = {
		.tv_sec = NETLINK_TIMEOUT_MS / 1000,
		.tv_usec = NETLINK_TIMEOUT_MS % 1000 * 1000,
	};
	int fd = nl_socket_get_fd(sock), on = 1, send_buffer = SEND_BUFFER;

	/* Short acknowledgements and texts are comforts that the oldest kernels lack. */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		return error_errno(err, errno, "cannot set a timeout for netlink answers");
	return 0;
}

static int reconnect(struct nlsocket *s, struct error *err)
{
	int r;

	nl_socket_free(s->sock);
	s->sock = nl_socket_alloc();
	if (!s->sock)
		return error_set(err, ERR_MEMORY, "no memory for a netlink socket");
	r = nl_connect(s->sock, s->protocol);
	if (r)
		r = error_set(err, ERR_UNSUPPORTED, "cannot open a netlink socket: %s",
			      nl_geterror(r));
	else
		r = set_options(s->sock, err);
	if (r) {
		nl_socket_free(s->sock);
		s->sock = NULL;
	}
	return r;
}

int nlsocket_open(int protocol, const struct attr_set *attrs, size_t header,
		  struct nlsocket **ret, struct error *err)
{
	struct nlsocket *s = calloc(1, sizeof(*s));
	int r;

	if (s)
		s->received = malloc(RECEIVE_BYTES);
	if (!s || !s->received) {
		free(s);
		return error_set(err, ERR_MEMORY, "no memory for a netlink socket");
	}
	s->protocol = protocol;
	s->attrs = attrs;
	s->header = header;
	r = reconnect(s, err);
	if (r)
		nlsocket_close(s);
	else
		*ret = s;
	return r;
}

void nlsocket_close(struct nlsocket *s)
{
	if (!s)
		return;
	nl_socket_free(s->sock);
	free(s->received);
	free(s);
}

/* The attributes of @request, behind its headers; the length in *ret_len. */
static const void *attributes(const struct nlmsghdr *request, size_t header, size_t *ret_len)
{
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(header);

	*ret_len = request->nlmsg_len > head ? request->nlmsg_len - head : 0;
	return (const char *)request + head;
}

/* Where the attribute stands that the kernel complains about, in words; "" when it does not say. */
static void describe_cause(const struct attr_set *set, size_t header,
			   const struct nlmsghdr *request, struct nlattr **tb,
			   char out[ATTR_PATH_MAX])
{
	size_t len, offset = SIZE_MAX, head = NLMSG_HDRLEN + NLMSG_ALIGN(header);
	const void *attrs = attributes(request, header, &len);

	out[0] = 0;
	if (tb[NLMSGERR_ATTR_OFFS] && nla_get_u32(tb[NLMSGERR_ATTR_OFFS]) >= head)
		attr_path(set, attrs, len, nla_get_u32(tb[NLMSGERR_ATTR_OFFS]) - head, out);
	if (!tb[NLMSGERR_ATTR_MISS_TYPE])
		return;
	if (tb[NLMSGERR_ATTR_MISS_NEST] && nla_get_u32(tb[NLMSGERR_ATTR_MISS_NEST]) >= head)
		offset = nla_get_u32(tb[NLMSGERR_ATTR_MISS_NEST]) - head;
	attr_missing(set, attrs, len, offset, nla_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE]), out);
}

/* The attributes behind struct nlmsgerr, which a capped answer cuts short. */
static void parse_extack(const struct nlmsghdr *answer, struct nlattr **tb)
{
	static const struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
		[NLMSGERR_ATTR_OFFS] = { .type = NLA_U32 },
		[NLMSGERR_ATTR_MISS_TYPE] = { .type = NLA_U32 },
		[NLMSGERR_ATTR_MISS_NEST] = { .type = NLA_U32 },
	};
	const struct nlmsgerr *e = NLMSG_DATA(answer);
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(*e));

	memset(tb, 0, sizeof(*tb) * (NLMSGERR_ATTR_MAX + 1));
	if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(answer->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len > NLMSG_HDRLEN)
		skip += NLMSG_ALIGN((size_t)e->msg.nlmsg_len - NLMSG_HDRLEN);
	if (skip > answer->nlmsg_len)
		return;
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)answer + skip),
		      (int)(answer->nlmsg_len - skip), policy))
		memset(tb, 0, sizeof(*tb) * (NLMSGERR_ATTR_MAX + 1));
}

/* A positive errno of the kernel's negative one; what is none is EIO. */
static int errno_of(int code)
{
	return code < 0 && code >= -ERRNO_MAX ? -code : EIO;
}

int answer_error(const struct attr_set *attrs, size_t header, const struct nlmsghdr *request,
		 const struct nlmsghdr *answer, struct error *err)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	const struct nlmsgerr *e = NLMSG_DATA(answer);
	char cause[ATTR_PATH_MAX];
	struct error by_errno;
	const char *text;

	if (answer->nlmsg_len < NLMSG_LENGTH(sizeof(*e)))
		return error_set(err, ERR_IO, "the kernel sent half an acknowledgement");
	if (!e->error)
		return 0;
	parse_extack(answer, tb);
	describe_cause(attrs, header, request, tb, cause);
	text = tb[NLMSGERR_ATTR_MSG] ? nla_get_string(tb[NLMSGERR_ATTR_MSG]) : NULL;
	if (!text)
		return error_errno(err, errno_of(e->error), "%s",
				   cause[0] ? cause : "the kernel refused it");
	/* The kernel's own words say more than the name of an errno: that only gives the kind. */
	error_errno(&by_errno, errno_of(e->error), "%s", text);
	if (cause[0])
		return error_set(err, by_errno.kind, "%s (%s)", text, cause);
	return error_set(err, by_errno.kind, "%s", text);
}

struct exchange {
	struct nlsocket *s;
	const struct nlmsghdr *request;
	answer_fn *fn;
	void *data;
	struct error *err;
	bool interrupted;
	bool done;
};

static int end_of_dump(struct exchange *x, const struct nlmsghdr *answer)
{
	const int *code = NLMSG_DATA(answer);

	x->done = true;
	if (answer->nlmsg_len >= NLMSG_LENGTH(sizeof(*code)) && *code < 0)
		return error_errno(x->err, errno_of(*code), "the kernel ended the list");
	return 0;
}

static int handle(struct exchange *x, const struct nlmsghdr *answer)
{
	if (answer->nlmsg_seq != x->request->nlmsg_seq)
		return 0;	/* of a request that we gave up on */
	if (answer->nlmsg_flags & NLM_F_DUMP_INTR)
		x->interrupted = true;
	switch (answer->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_ERROR:
		x->done = true;
		return answer_error(x->s->attrs, x->s->header, x->request, answer, x->err);
	case NLMSG_DONE:
		return end_of_dump(x, answer);
	case NLMSG_OVERRUN:
		return error_set(x->err, ERR_IO, "netlink lost an answer");
	default:
		return x->fn ? x->fn(x->data, answer) : 0;
	}
}

static int handle_all(struct exchange *x, size_t len)
{
	struct nlmsghdr *answer = (struct nlmsghdr *)x->s->received;
	int rem = (int)len, r = 0;

	while (!r && !x->done && nlmsg_ok(answer, rem)) {
		r = handle(x, answer);
		answer = nlmsg_next(answer, &rem);
	}
	return r;
}

static int receive(struct exchange *x)
{
	struct nlsocket *s = x->s;
	ssize_t n;
	int r;

	do {
		n = recv(nl_socket_get_fd(s->sock), s->received, RECEIVE_BYTES, MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return error_set(x->err, ERR_DEADLINE,
				 "the kernel did not answer within %d seconds; see dmesg",
				 NETLINK_TIMEOUT_MS / 1000);
	if (n < 0)
		return error_errno(x->err, errno, "cannot read the kernel's answer");
	if (n > RECEIVE_BYTES)
		r = error_set(x->err, ERR_IO, "the kernel's answer of %zd bytes is too long", n);
	else
		r = handle_all(x, (size_t)n);
	wipe(s->received, n > RECEIVE_BYTES ? RECEIVE_BYTES : (size_t)n);
	return r;
}

static int send_all(struct nlsocket *s, struct nlmsghdr *h, struct error *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;
	int r = s->sock ? 0 : reconnect(s, err);

	if (r)
		return r;
	h->nlmsg_flags |= NLM_F_REQUEST;
	if ((h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		h->nlmsg_flags |= NLM_F_ACK;
	h->nlmsg_seq = ++s->seq;
	h->nlmsg_pid = 0;
	do {
		n = sendto(nl_socket_get_fd(s->sock), h, h->nlmsg_len, 0,
			   (struct sockaddr *)&kernel, sizeof(kernel));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? error_errno(err, errno, "cannot send to the kernel") : 0;
}

int nlsocket_request(struct nlsocket *s, struct message *m, answer_fn *fn, void *data,
		     struct error *err)
{
	struct exchange x = { .s = s, .fn = fn, .data = data, .err = err };
	int r;

	if (m->failed)
		return error_set(err, m->msg ? ERR_EXHAUSTED : ERR_MEMORY,
				 m->msg ? "the request is too long for one message" :
					  "no memory for a netlink message");
	x.request = message_header(m);
	r = send_all(s, message_header(m), err);
	while (!r && !x.done)
		r = receive(&x);
	/* What is left of an unfinished dump would be in the next request's way. */
	if (!x.done)
		reconnect(s, NULL);
	if (!r && x.interrupted)
		return error_set(err, ERR_UNAVAILABLE,
				 "the table changed while it was listed; try again");
	return r;
}
