// SPDX-License-Identifier: Apache-2.0
/* Requests: whether they may be, and what is answered. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "grpc/health/v1/health.pb-c.h"
#include "rpc/client.h"
#include "web/visitor.h"

enum { FILE_MAX = 256 * 1024 };

/* ---- answers ---- */

/* As with the pages on the loopback; and a page may signal. */
#define HEADERS "Connection: close\r\nCache-Control: no-store\r\n"				\
		"X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"		\
		"Cross-Origin-Resource-Policy: same-origin\r\n"					\
		"Cross-Origin-Opener-Policy: same-origin\r\n"					\
		"Content-Security-Policy: default-src 'none'; script-src 'self'; "		\
		"style-src 'self'; img-src 'self'; connect-src 'self' %s://%s; "		\
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n"

bool visitor_put_head(struct visitor *v, const char *status, const char *type, long length)
{
	struct buf head = BUF_INIT(HTTP_HEAD_MAX);
	bool good;

	buf_printf(&head, "HTTP/1.1 %s\r\nContent-Type: %s\r\n", status, type);
	if (length >= 0)
		buf_printf(&head, "Content-Length: %ld\r\n", length);
	if (strcmp(status, "405 Method Not Allowed") == 0)
		buf_append_text(&head, "Allow: GET\r\n");
	buf_printf(&head, HEADERS, v->gateway->config.tls ? "wss" : "ws", v->head.host);
	good = !head.failed && web_connection_put(&v->connection, head.data, head.len);
	if (!good)
		web_connection_close(&v->connection);
	buf_fini(&head);
	return good;
}

static void answer(struct visitor *v, const char *status, const char *type, const void *body,
		   size_t len)
{
	if (!visitor_put_head(v, status, type, (long)len))
		return;
	if (len)
		web_connection_put(&v->connection, body, len);
	web_connection_finish(&v->connection);
}

void visitor_refuse(struct visitor *v, const char *status, const char *why)
{
	char text[ERROR_TEXT_MAX + 1];

	snprintf(text, sizeof(text), "%s\n", why ? why : status);
	answer(v, status, "text/plain; charset=utf-8", text, strlen(text));
}

/* ---- pages ---- */

static size_t waiting(const struct gateway *g)
{
	size_t bytes = 0;

	for (const struct visitor *v = g->visitors; v; v = v->next)
		bytes += v->gone ? 0 : web_connection_waiting(&v->connection);
	return bytes;
}

static void make(struct gateway *g, const struct http_site *site, const struct http_page *page,
		 struct made *made)
{
	uint64_t now = uv_now(g->config.loop);

	if (made->any && now - made->at < GATEWAY_FRESH_MS)
		return;
	buf_fini(&made->body);
	*made = (struct made){ .any = true, .at = now, .body = BUF_INIT(GATEWAY_PAGE_MAX) };
	if (page->make(site->data, &made->body, &made->err) == 0 && made->body.failed)
		error_set(&made->err, ERR_EXHAUSTED, "%s is more than is served", page->path);
}

static void serve_page(struct visitor *v, size_t site_index, size_t page_index)
{
	struct gateway *g = v->gateway;
	const struct http_site *site = &g->config.sites[site_index];
	const struct http_page *page = &site->pages[page_index];
	struct made *made = &g->made[site_index][page_index];

	if (!page->make) {
		answer(v, "200 OK", page->type, page->body, page->length);
		return;
	}
	make(g, site, page, made);
	if (made->err.kind != ERR_NONE)
		visitor_refuse(v, "503 Service Unavailable", made->err.text);
	else if (waiting(g) + made->body.len > GATEWAY_WAITING_MAX)
		visitor_refuse(v, "503 Service Unavailable", "too many ask at once: try again later");
	else
		answer(v, "200 OK", page->type, made->body.data, made->body.len);
}

static bool serve_sites(struct visitor *v)
{
	const struct gateway_config *config = &v->gateway->config;

	for (size_t i = 0; i < config->site_count; i++) {
		const struct http_site *site = &config->sites[i];

		for (size_t k = 0; k < site->page_count; k++) {
			if (strcmp(site->pages[k].path, v->head.path) != 0)
				continue;
			serve_page(v, i, k);
			return true;
		}
		if (!site->stream || strcmp(site->stream->path, v->head.path) != 0)
			continue;
		visitor_begin_stream(v, site);
		return true;
	}
	return false;
}

static void serve_file(struct visitor *v, const char *name, const char *type)
{
	struct buf body = BUF_INIT(FILE_MAX);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", v->gateway->config.files, name);
	if (file_read(path, &body, NULL) < 0)
		visitor_refuse(v, "404 Not Found", NULL);
	else
		answer(v, "200 OK", type, body.data, body.len);
	buf_fini(&body);
}

static bool serve_files(struct visitor *v)
{
	static const struct { const char *path, *name, *type; } files[] = {
		{ "/", "index.html", "text/html; charset=utf-8" },
		{ "/page.js", "page.js", "text/javascript; charset=utf-8" },
		{ "/client.js", "client.js", "text/javascript; charset=utf-8" },
	};

	for (size_t i = 0; v->gateway->config.files && i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(v->head.path, files[i].path) != 0)
			continue;
		serve_file(v, files[i].name, files[i].type);
		return true;
	}
	return false;
}

static void serve(struct visitor *v)
{
	if (v->head.upgrade)
		visitor_begin_websocket(v);
	else if (!serve_sites(v) && !serve_files(v))
		visitor_refuse(v, "404 Not Found", NULL);
}

/* ---- who may ---- */

static void on_admitted(const ProtobufCMessage *reply, const struct error *err, void *ctx)
{
	struct visitor *v = ctx;

	v->asking = NULL;
	if (visitor_is_there(v)) {
		if (err->kind == ERR_NONE)
			serve(v);
		else if (err->kind == ERR_DENIED || err->kind == ERR_UNAUTHENTICATED)
			visitor_refuse(v, "403 Forbidden", err->text);
		else
			visitor_refuse(v, "503 Service Unavailable", err->text);
	}
	visitor_consider_free(v);
}

/* A call that does nothing but to be taken: who may not call is told so. */
int visitor_ask_node(struct visitor *v, rpc_reply_fn done, struct error *err)
{
	Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	struct gateway *g = v->gateway;
	struct rpc_behalf behalf;
	struct rpc_target target = { .service = &grpc__health__v1__health__descriptor,
				     .method = "Check", .timeout_ms = VISITOR_ASK_MS,
				     .metadata = behalf.pairs };

	visitor_name(v, &behalf);
	target.metadata_count = behalf.count;
	return rpc_client_call(g->pump, g->config.channel, &target, &request.base, done, v,
			       &v->asking, err);
}

static void admit(struct visitor *v)
{
	struct error err = { 0 };

	if (visitor_ask_node(v, on_admitted, &err) < 0)
		visitor_refuse(v, "503 Service Unavailable", err.text);
}

/* It comes back in a header: what is in no name or address is as if there was none. */
static void clean_host(char *host)
{
	if (host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")])
		*host = 0;
}

/* Without TLS, another name for this address is a page that somebody else serves. */
static bool is_own_host(const struct visitor *v)
{
	const struct gateway *g = v->gateway;

	return g->config.tls ? *v->head.host : strcmp(v->head.host, g->host) == 0;
}

void visitor_take_request(struct visitor *v, struct buf *in)
{
	int r = http_head_take(in, &v->head, NULL);

	if (r == 0)
		return;
	v->asked = true;
	clean_host(v->head.host);
	if (r < 0)
		visitor_refuse(v, "400 Bad Request", NULL);
	else if (!is_own_host(v))
		visitor_refuse(v, "403 Forbidden", NULL);
	else if (strcmp(v->head.method, "GET") != 0)
		visitor_refuse(v, "405 Method Not Allowed", NULL);
	else if (v->gateway->config.tls)
		admit(v);
	else
		serve(v);
}
