/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered to a request, and pages that are still fresh.  Internal to http/; its thread. */
#ifndef WGMESH_HTTP_PAGES_H
#define WGMESH_HTTP_PAGES_H

#include <microhttpd.h>

#include "http/connections.h"
#include "http/streams.h"

struct made_page {
	struct MHD_Response *response;	/* NULL: none was made yet */
	unsigned int status;
	uint64_t made_at;	/* ms */
};

struct pages {
	const struct http_config *config;
	struct made_page made[HTTP_SITES_MAX][HTTP_PAGES_MAX];
	struct streams streams;
	struct connections connections;
};

/* MHD_NO hangs up: there is no memory for an answer. */
enum MHD_Result pages_answer(struct pages *p, struct MHD_Connection *connection, const char *path,
			     const char *method, uint64_t now);
void pages_fini(struct pages *p);

/*
 * Whether a page of another site has a browser ask, as browsers say (w3.org/TR/fetch-metadata):
 * @site and @mode are the values of Sec-Fetch-Site and -Mode, NULL without.  To follow a link is nothing
 * that the other page could read.
 */
bool pages_asked_by_others(const char *site, const char *mode);

/* Whether a request for @host was meant for this machine; NULL: it names none. */
bool pages_host_is_local(const char *host);

#endif
