/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of clients: a message at a time of each, answered and sent before the next one is looked
 * at.  Internal to dns/; the server's thread.
 */
#ifndef WGMESH_DNS_TCP_H
#define WGMESH_DNS_TCP_H

#include "dns/answer.h"
#include "dns/server.h"

/* What epoll tells is ready. */
enum source_kind { SOURCE_STOP, SOURCE_UDP, SOURCE_LISTENER, SOURCE_CONNECTION };

struct source {
	enum source_kind kind;
	int fd;
};

struct tcp_connection;

struct tcp {
	int epoll;
	unsigned int idle_ms;
	struct tcp_connection *connections;	/* a list */
	unsigned int count, transfers;
	uint64_t messages, answered;
};

/* Accepts who waits at @listener.  False: there are no descriptors left. */
bool tcp_accept(struct tcp *tcp, int listener, uint64_t now);
/* @source is that of a connection, and may be gone afterwards. */
void tcp_ready(struct tcp *tcp, struct source *source, const struct dns_source *told, uint64_t now);
/* Closes what has done nothing for too long; returns in how many ms the next one will, or -1. */
int tcp_sweep(struct tcp *tcp, uint64_t now);
void tcp_fini(struct tcp *tcp);

#endif
