/* SPDX-License-Identifier: Apache-2.0 */
/* Questions over UDP, some at a time.  Internal to dns/; the server's thread. */
#ifndef WGMESH_DNS_UDP_H
#define WGMESH_DNS_UDP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "dns/answer.h"
#include "dns/rate.h"

enum { UDP_BATCH = 32, UDP_QUERY_MAX = 4096 /* bytes; longer ones are nobody's */ };

struct udp {
	struct rate rate;
	uint64_t messages, answered, limited;
	struct mmsghdr in[UDP_BATCH], out[UDP_BATCH];
	struct iovec in_io[UDP_BATCH], out_io[UDP_BATCH];
	struct sockaddr_in6 from[UDP_BATCH];
	uint8_t queries[UDP_BATCH][UDP_QUERY_MAX], answers[UDP_BATCH][DNS_UDP_MAX];
};

void udp_init(struct udp *udp, uint32_t rate);
/* Answers a batch of what waits at @fd.  What cannot be sent at once is lost, as on its way. */
void udp_ready(struct udp *udp, int fd, const struct dns_source *source, uint64_t now);

#endif
