// SPDX-License-Identifier: Apache-2.0
#include "http/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "text/plain; charset=utf-8"

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
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
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

static void make(struct pages *p, size_t index)
{
	const struct http_page *page = &p->config->pages[index];
	struct made_page *made = &p->made[index];
	struct buf body = BUF_INIT(HTTP_PAGE_MAX);
	struct error err = { 0 };
	int r = page->make(p->config->data, &body, &err);

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

static enum MHD_Result serve(struct pages *p, struct MHD_Connection *connection, size_t index,
			     uint64_t now)
{
	struct made_page *made = &p->made[index];

	if (!made->response || now - made->made_at >= HTTP_FRESH_MS) {
		drop(made);
		make(p, index);
		made->made_at = now;
	}
	if (!made->response)
		return MHD_NO;
	return MHD_queue_response(connection, made->status, made->response);
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

enum MHD_Result pages_answer(struct pages *p, struct MHD_Connection *connection, const char *path,
			     const char *method, uint64_t now)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_HOST);

	if (!pages_host_is_local(host))
		return refuse(connection, MHD_HTTP_FORBIDDEN,
			      "this is for requests to localhost, 127.0.0.1 or [::1]");
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
	for (size_t i = 0; i < p->config->page_count; i++)
		if (strcmp(p->config->pages[i].path, path) == 0)
			return serve(p, connection, i, now);
	return refuse(connection, MHD_HTTP_NOT_FOUND, "there is no such page");
}

void pages_fini(struct pages *p)
{
	for (size_t i = 0; i < HTTP_PAGES_MAX; i++)
		drop(&p->made[i]);
}
