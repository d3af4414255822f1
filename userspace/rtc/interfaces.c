// SPDX-License-Identifier: Apache-2.0
#include "rtc/interfaces.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtc/watch.h"

struct interfaces {
	int fd;
	struct watch *watch;
	struct timer *settled;
	void (*changed)(void *ctx);
	void *ctx;
};

/* That something has changed is all that is wanted of it: also when there was more than was kept. */
static void on_news(void *ctx, int events)
{
	struct interfaces *i = ctx;
	char news[4096];

	while (recv(i->fd, news, sizeof(news), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
	timer_set(i->settled, INTERFACES_SETTLE_MS);
}

static void on_settled(void *ctx)
{
	struct interfaces *i = ctx;

	i->changed(i->ctx);
}

static int subscribe(struct interfaces *i, struct error *err)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK,
				  .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };

	i->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (i->fd < 0 || bind(i->fd, (struct sockaddr *)&nl, sizeof(nl)) < 0)
		return error_errno(err, errno, "the kernel does not tell when addresses change")
			? -ERR_UNAVAILABLE : 0;
	return 0;
}

int interfaces_watch(GMainContext *context, void (*changed)(void *ctx), void *ctx,
		     struct interfaces **ret, struct error *err)
{
	struct interfaces *i = calloc(1, sizeof(*i));
	int r;

	if (!i)
		return error_set(err, ERR_MEMORY, "no memory to hear of changed addresses");
	i->changed = changed;
	i->ctx = ctx;
	r = subscribe(i, err);
	if (r < 0) {
		interfaces_free(i);
		return r;
	}
	i->settled = timer_new(context, on_settled, i);
	i->watch = watch_new(context, i->fd, on_news, i);
	watch_set(i->watch, WATCH_IN);
	*ret = i;
	return 0;
}

void interfaces_free(struct interfaces *i)
{
	if (!i)
		return;
	watch_free(i->watch);
	if (i->settled)
		timer_free(i->settled);
	if (i->fd >= 0)
		close(i->fd);
	free(i);
}
