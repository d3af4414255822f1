// SPDX-License-Identifier: Apache-2.0
#include "http/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "text/plain; charset=utf-8"

/*
 * Nothing is kept, framed, or read by other sites' pages, and ours load nothing from elsewhere and run
 * no script that is not a file of theirs.
 */
static const struct {
	const char *name, *value;
} headers[] = {
	{ "Cache-Control", "no-store" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
				     "connect-src 'self'; base-uri 'none'; form-action 'none'; "
				     "frame-ancestors 'none'" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Connection", "close" },
};

static void add_headers(struct MHD_Response *r, const char *type)
{
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(r, headers[i].name, headers[i].value);
}

/* The response owns what @body has, which is empty afterwards. */
static struct MHD_Response *respond(struct buf *body, const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(body->len, body->data,
								  MHD_RESPMEM_MUST_FREE);

	if (!r) {
		buf_fini(body);
		return NULL;
	}
	*body = BUF_INIT(0);
	add_headers(r, type);
	return r;
}

static struct MHD_Response *respond_text(const char *text)
{
	struct buf body = BUF_INIT(HTTP_REQUEST_MAX);

	buf_printf(&body, "%s\n", text);
	return respond(&body, TEXT);
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status,
			      const char *text)
{
	struct MHD_Response *r = respond_text(text);
	enum MHD_Result queued;

	if (!r)
		return MHD_NO;
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	queued = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return queued;
}

static int fill(const struct http_site *site, const struct http_page *page, struct buf *body,
		struct error *err)
{
	if (page->make)
		return page->make(site->data, body, err);
	buf_append(body, page->body, page->length);
	return 0;
}

static void make(const struct http_site *site, const struct http_page *page,
		 struct made_page *made)
{
	struct buf body = BUF_INIT(HTTP_PAGE_MAX);
	struct error err = { 0 };
	int r = fill(site, page, &body, &err);

	if (r == 0 && body.failed)
		r = error_set(&err, ERR_EXHAUSTED, "%s does not fit into memory", page->path);
	if (r == 0) {
		made->status = MHD_HTTP_OK;
		made->response = respond(&body, page->type);
	} else {
		made->status = MHD_HTTP_SERVICE_UNAVAILABLE;
		made->response = respond_text(err.text);
	}
	buf_fini(&body);
}

/* The library counts who still reads the one that is dropped. */
static void drop(struct made_page *made)
{
	if (made->response)
		MHD_destroy_response(made->response);
	made->response = NULL;
}

static enum MHD_Result serve(struct pages *p, struct MHD_Connection *connection, size_t site,
			     size_t page, uint64_t now)
{
	struct made_page *made = &p->made[site][page];

	if (!made->response || now - made->made_at >= HTTP_FRESH_MS) {
		drop(made);
		make(&p->config->sites[site], &p->config->sites[site].pages[page], made);
		made->made_at = now;
	}
	if (!made->response)
		return MHD_NO;
	return MHD_queue_response(connection, made->status, made->response);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* HEAD gets the answer's head, and the stream is gone with it. */
static enum MHD_Result open_stream(struct pages *p, struct MHD_Connection *connection,
				   const struct http_site *site, uint64_t now)
{
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct MHD_Response *r = streams_open(&p->streams, connection, site,
					      header(connection, "Last-Event-ID"), now);
	enum MHD_Result queued;

	if (!r)
		return MHD_NO;
	add_headers(r, "text/event-stream");
	connections_keep(&p->connections, fd,
			 (HTTP_STREAM_SECONDS + p->config->seconds_max) * 1000);
	queued = MHD_queue_response(connection, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return queued;
}

/*
 * A browser on this machine may be told by a page from elsewhere that a name of the internet is at
 * 127.0.0.1, and would then let that page read the answer.  Such requests have that name.
 */
bool pages_host_is_local(const char *host)
{
	char name[IP_TEXT_MAX + 2];
	struct ip ip;
	size_t len;

	if (!host)
		return true;
	len = *host == '[' ? strcspn(host, "]") : strcspn(host, ":");
	if (*host == '[') {
		host++;
		len--;
	}
	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = 0;
	return strcmp(name, "localhost") == 0 || (ip_parse(name, &ip) && ip_is_loopback(&ip));
}

bool pages_asked_by_others(const char *site, const char *mode)
{
	if (!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
		return false;
	return !mode || strcmp(mode, "navigate") != 0;
}

static enum MHD_Result find(struct pages *p, struct MHD_Connection *connection, const char *path,
			    uint64_t now)
{
	for (size_t i = 0; i < p->config->site_count; i++) {
		const struct http_site *site = &p->config->sites[i];

		for (size_t k = 0; k < site->page_count; k++)
			if (strcmp(site->pages[k].path, path) == 0)
				return serve(p, connection, i, k, now);
		if (site->stream && strcmp(site->stream->path, path) == 0)
			return open_stream(p, connection, site, now);
	}
	return refuse(connection, MHD_HTTP_NOT_FOUND, "there is no such page");
}

enum MHD_Result pages_answer(struct pages *p, struct MHD_Connection *connection, const char *path,
			     const char *method, uint64_t now)
{
	if (!pages_host_is_local(header(connection, MHD_HTTP_HEADER_HOST)))
		return refuse(connection, MHD_HTTP_FORBIDDEN,
			      "this is for requests to localhost, 127.0.0.1 or [::1]");
	if (pages_asked_by_others(header(connection, "Sec-Fetch-Site"),
				  header(connection, "Sec-Fetch-Mode")))
		return refuse(connection, MHD_HTTP_FORBIDDEN, "this is not for other sites' pages");
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
	return find(p, connection, path, now);
}

void pages_fini(struct pages *p)
{
	for (size_t i = 0; i < HTTP_SITES_MAX; i++)
		for (size_t k = 0; k < HTTP_PAGES_MAX; k++)
			drop(&p->made[i][k]);
}
