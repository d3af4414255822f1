// SPDX-License-Identifier: Apache-2.0
#include "dns/udp.h"

#include <string.h>

void udp_init(struct udp *udp, uint32_t rate)
{
	memset(udp, 0, sizeof(*udp));
	rate_init(&udp->rate, rate);
}

static int receive(struct udp *udp, int fd)
{
	for (int i = 0; i < UDP_BATCH; i++) {
		udp->in_io[i] = (struct iovec){ udp->queries[i], UDP_QUERY_MAX };
		udp->in[i].msg_hdr = (struct msghdr){
			.msg_name = &udp->from[i], .msg_namelen = sizeof(udp->from[i]),
			.msg_iov = &udp->in_io[i], .msg_iovlen = 1,
		};
	}
	return recvmmsg(fd, udp->in, UDP_BATCH, MSG_DONTWAIT, NULL);
}

/* Returns the answer's length; 0: there is none. */
static size_t answer(struct udp *udp, int i, const struct dns_source *source, uint64_t now,
		     uint8_t *out)
{
	const struct dns_query query = { .data = udp->queries[i], .len = udp->in[i].msg_len };
	struct endpoint from;

	if ((udp->in[i].msg_hdr.msg_flags & MSG_TRUNC) ||
	    !endpoint_from_sockaddr((struct sockaddr *)&udp->from[i],
				    udp->in[i].msg_hdr.msg_namelen, &from))
		return 0;
	switch (rate_take(&udp->rate, &from.ip, now)) {
	case RATE_ANSWER:
		return dns_answer(source, &query, out, NULL);
	case RATE_SLIP:
		udp->limited++;
		return dns_answer_truncated(&query, out);
	default:
		udp->limited++;
		return 0;
	}
}

void udp_ready(struct udp *udp, int fd, const struct dns_source *source, uint64_t now)
{
	int got = receive(udp, fd);
	unsigned int n = 0;

	for (int i = 0; i < got; i++) {
		size_t len = answer(udp, i, source, now, udp->answers[n]);

		udp->messages++;
		if (!len)
			continue;
		udp->out_io[n] = (struct iovec){ udp->answers[n], len };
		udp->out[n].msg_hdr = (struct msghdr){
			.msg_name = &udp->from[i], .msg_namelen = udp->in[i].msg_hdr.msg_namelen,
			.msg_iov = &udp->out_io[n], .msg_iovlen = 1,
		};
		n++;
	}
	udp->answered += n;
	/* It stops at one that cannot be sent, whose like may follow: that one is left out. */
	for (unsigned int at = 0; at < n;) {
		int sent = sendmmsg(fd, udp->out + at, n - at, MSG_DONTWAIT);

		at += sent > 0 ? (unsigned int)sent : 1;
	}
}
