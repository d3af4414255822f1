/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered to a request, and pages that are still fresh.  Internal to http/; its thread. */
#ifndef WGMESH_HTTP_PAGES_H
#define WGMESH_HTTP_PAGES_H

#include <microhttpd.h>

#include "http/server.h"

struct made_page {
	struct MHD_Response *response;	/* NULL: none was made yet */
	unsigned int status;
	uint64_t made_at;	/* ms */
};

struct pages {
	const struct http_config *config;
	struct made_page made[HTTP_PAGES_MAX];
};

/* MHD_NO hangs up: there is no memory for an answer. */
enum MHD_Result pages_answer(struct pages *p, struct MHD_Connection *connection, const char *path,
			     const char *method, uint64_t now);
void pages_fini(struct pages *p);

/* Whether a request for @host was meant for this machine; NULL: it names none. */
bool pages_host_is_local(const char *host);

#endif
