// SPDX-License-Identifier: Apache-2.0
#include "daemon/web.h"

#include <stdlib.h>

#include "base/log.h"
#include "daemon/board.h"
#include "daemon/daemon.h"
#include "daemon/metrics.h"
#include "daemon/web_thread.h"
#include "web/client.h"

enum { RETRY_EVERY = 60 };	/* refreshes between two attempts to listen */

struct web {
	struct daemon *daemon;
	struct web_thread *thread;	/* NULL: it does not listen */
	struct endpoint address;	/* where it does, or last tried to */
	unsigned int tries_in;		/* refreshes */
	bool stopped;
};

/* Told once for each address, however often it fails. */
static void listen_there(struct web *web, bool again)
{
	struct daemon *d = web->daemon;
	struct web_thread_config config = { .address = web->address, .identity = &d->identity,
					    .grpc_port = d->settings.grpc_port };
	char text[ENDPOINT_TEXT_MAX];
	struct error err = { 0 };

	config.sites[config.site_count++] = metrics_site(d->metrics);
	config.sites[config.site_count++] = board_site(d->board);
	config.sites[config.site_count++] = (struct http_site){ .pages = web_client,
								.page_count = web_client_count };
	if (web_thread_start(&config, &web->thread, &err) == 0) {
		log_info("web", "address=%s", endpoint_format(&web->address, text));
		return;
	}
	if (!again)
		log_warn("web-not-served",
			 "reason=\"%s\" remedy=\"web-address takes another address, or none\"",
			 log_text(err.text));
	web->tries_in = RETRY_EVERY;
}

void web_refresh(struct web *web)
{
	const struct endpoint *wanted = &web->daemon->settings.web_address;

	if (web->stopped)
		return;
	if (!endpoint_equal(wanted, &web->address)) {
		web_thread_stop(web->thread);
		web->thread = NULL;
		web->address = *wanted;
		if (wanted->ip.family)
			listen_there(web, false);
	} else if (!web->thread && wanted->ip.family && --web->tries_in == 0) {
		listen_there(web, true);
	}
}

int web_show_identity(struct web *web, struct error *err)
{
	return web->thread ? web_thread_show(web->thread, &web->daemon->identity, err) : 0;
}

int web_new(struct daemon *d, struct web **ret, struct error *err)
{
	struct web *web = calloc(1, sizeof(*web));

	if (!web)
		return error_set(err, ERR_MEMORY, "no memory for browsers");
	web->daemon = d;
	*ret = web;
	return 0;
}

void web_stop(struct web *web)
{
	web->stopped = true;
	web_thread_stop(web->thread);
	web->thread = NULL;
}

void web_free(struct web *web)
{
	free(web);
}
