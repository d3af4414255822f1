// SPDX-License-Identifier: Apache-2.0
#include "model/turn_server.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "turn:"
#define TRANSPORT "?transport="

/* ---- user and password ---- */

/* RFC 3986, 2.3. */
static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || strchr("-._~", c);
}

static char *escape(const char *text, char *out)
{
	for (; *text; text++) {
		if (is_plain(*text))
			*out++ = *text;
		else
			out += sprintf(out, "%%%02X", (unsigned char)*text);
	}
	*out = 0;
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of "%3A"; -1: not of this form, or a NUL. */
static int escaped(const char *at, size_t len)
{
	int high = len >= 3 ? hex_digit(at[1]) : -1, low = len >= 3 ? hex_digit(at[2]) : -1;

	return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

static bool unescape(const char *at, size_t len, char *out, size_t cap)
{
	size_t n = 0;

	while (len) {
		int c = *at == '%' ? escaped(at, len) : (unsigned char)*at;
		size_t step = *at == '%' ? 3 : 1;

		if (c < 0 || n + 1 >= cap)
			return false;
		out[n++] = (char)c;
		at += step;
		len -= step;
	}
	out[n] = 0;
	return n > 0;
}

/* ---- servers ---- */

static int wrong(struct error *err)
{
	return error_set(err, ERR_INVALID,
			 "not like turn:192.0.2.1:3478, turn:[2001:db8::1]:3478 or "
			 "turn:USER:PASSWORD@192.0.2.1:3478");
}

static bool parse_login(const char *text, size_t len, struct turn_server *out)
{
	const char *colon = memchr(text, ':', len);
	size_t user = colon ? (size_t)(colon - text) : len;

	return user < len && unescape(text, user, out->user, sizeof(out->user)) &&
	       unescape(colon + 1, len - user - 1, out->password, sizeof(out->password));
}

static bool parse_host(const char *text, size_t len, struct endpoint *out)
{
	char host[ENDPOINT_TEXT_MAX];
	struct endpoint e = { .port = TURN_PORT };

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = 0;
	if ((!endpoint_parse(host, &e) && !ip_parse(host, &e.ip)) || !e.port)
		return false;
	*out = e;
	return true;
}

int turn_server_parse(const char *url, struct turn_server *ret, struct error *err)
{
	const char *query = strchr(url, '?'), *at = strrchr(url, '@');
	const char *host = url + strlen(SCHEME);
	struct turn_server server = { 0 };

	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
		return wrong(err);
	if (query && strcmp(query, TRANSPORT "udp") != 0)
		return error_set(err, strncmp(query, TRANSPORT, strlen(TRANSPORT)) == 0
				 ? ERR_UNSUPPORTED : ERR_INVALID, "TURN is spoken by UDP alone");
	if (at && !parse_login(host, (size_t)(at - host), &server))
		return wrong(err);
	host = at ? at + 1 : host;
	if (!parse_host(host, query ? (size_t)(query - host) : strlen(host), &server.at))
		return wrong(err);
	*ret = server;
	return 0;
}

char *turn_server_format(const struct turn_server *server, char out[TURN_URL_MAX])
{
	char *end = out + sprintf(out, SCHEME);

	if (*server->user) {
		end = escape(server->user, end);
		*end++ = ':';
		end = escape(server->password, end);
		*end++ = '@';
	}
	endpoint_format(&server->at, end);
	return out;
}

/* ---- ports ---- */

static bool parse_port(const char *text, char **ret_end, uint16_t *ret)
{
	unsigned long port = strtoul(text, ret_end, 10);

	if (!isdigit((unsigned char)*text) || port < 1024 || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

int turn_ports_parse(const char *text, struct turn_ports *ret, struct error *err)
{
	struct turn_ports ports = { 0 };
	char *end;
	bool ok = parse_port(text, &end, &ports.first);

	ports.last = ports.first;
	if (ok && *end == '-')
		ok = parse_port(end + 1, &end, &ports.last);
	if (!ok || *end || ports.last < ports.first)
		return error_set(err, ERR_INVALID,
				 "\"%s\" is no range of ports from 1024 to 65535, as 49152-65535",
				 text);
	*ret = ports;
	return 0;
}

char *turn_ports_format(const struct turn_ports *ports, char out[TURN_PORTS_TEXT_MAX])
{
	if (ports->first == ports->last)
		snprintf(out, TURN_PORTS_TEXT_MAX, "%u", ports->first);
	else
		snprintf(out, TURN_PORTS_TEXT_MAX, "%u-%u", ports->first, ports->last);
	return out;
}
