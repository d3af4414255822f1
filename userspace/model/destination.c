// SPDX-License-Identifier: Apache-2.0
#include "model/destination.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELF "self"

/* ---- texts to values ---- */

/* Up to five digits at *@at, which is moved behind them. */
static bool parse_port(const char **at, uint16_t *ret)
{
	unsigned int port = 0, digits = 0;

	while (digits < 5 && isdigit((unsigned char)**at)) {
		port = port * 10 + (unsigned int)(*(*at)++ - '0');
		digits++;
	}
	if (port < 1 || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

/* "", ":443" or ":8000-8080" */
static bool parse_ports(const char *text, struct destination *out)
{
	out->first = 0;
	out->last = UINT16_MAX;
	if (!*text)
		return true;
	if (*text++ != ':' || !parse_port(&text, &out->first))
		return false;
	out->last = out->first;
	if (*text == '-') {
		text++;
		if (!parse_port(&text, &out->last))
			return false;
	}
	return !*text && out->first <= out->last;
}

/* Where the address of @text ends, and in @address what it is; NULL: too long. */
static const char *split(const char *text, char address[PREFIX_TEXT_MAX])
{
	const char *colon = strchr(text, ':'), *end = text + strlen(text);
	bool brackets = *text == '[';

	if (brackets)
		end = strchr(++text, ']');
	else if (colon && !strchr(colon + 1, ':'))
		end = colon;	/* one colon alone is no IPv6 */
	if (!end || end - text >= PREFIX_TEXT_MAX)
		return NULL;
	memcpy(address, text, (size_t)(end - text));
	address[end - text] = 0;
	return brackets ? end + 1 : end;
}

static bool parse(const char *text, struct destination *ret)
{
	struct destination d = { 0 };
	char address[PREFIX_TEXT_MAX];
	const char *ports = split(text, address);

	if (!ports)
		return false;
	d.self = strcmp(address, SELF) == 0;
	if (!d.self && !prefix_parse(address, &d.prefix))
		return false;
	if (!parse_ports(ports, &d))
		return false;
	d.prefix = prefix_masked(&d.prefix);
	*ret = d;
	return true;
}

int destination_list_add(struct destination_list *list, const char *text, struct error *err)
{
	struct destination d;

	if (!parse(text, &d))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is not like self, self:22, 192.0.2.0/24:8000-8080 or "
				 "[2001:db8::1]:443, nor none", text);
	if (list->count == DESTINATIONS_MAX)
		return error_set(err, ERR_EXHAUSTED, "more than %d destinations",
				 DESTINATIONS_MAX);
	list->items[list->count++] = d;
	return 0;
}

/* ---- values to texts ---- */

static void format(const struct destination *d, char out[DESTINATION_TEXT_MAX])
{
	bool any = d->first == 0, brackets = !any && d->prefix.ip.family == AF_INET6;
	char prefix[PREFIX_TEXT_MAX], ports[16] = "";

	if (!any && d->first == d->last)
		snprintf(ports, sizeof(ports), ":%u", d->first);
	else if (!any)
		snprintf(ports, sizeof(ports), ":%u-%u", d->first, d->last);
	snprintf(out, DESTINATION_TEXT_MAX, "%s%s%s%s", brackets ? "[" : "",
		 d->self ? SELF : prefix_format(&d->prefix, prefix), brackets ? "]" : "", ports);
}

char *destination_list_format(const struct destination_list *list, char out[DESTINATIONS_TEXT_MAX])
{
	char one[DESTINATION_TEXT_MAX];
	size_t len = 0;

	snprintf(out, DESTINATIONS_TEXT_MAX, "none");
	for (unsigned int i = 0; i < list->count; i++) {
		format(&list->items[i], one);
		len += (size_t)snprintf(out + len, DESTINATIONS_TEXT_MAX - len, "%s%s",
					i ? "," : "", one);
	}
	return out;
}

/* ---- who may reach what ---- */

struct ip destination_plain(const struct ip *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct ip plain = { .family = AF_INET };

	if (ip->family != AF_INET6 || memcmp(ip->bytes, mapped, sizeof(mapped)) != 0)
		return *ip;
	memcpy(plain.bytes, ip->bytes + sizeof(mapped), 4);
	return plain;
}

bool destination_is_loopback(const struct ip *ip)
{
	static const struct prefix v4 = { { AF_INET, { 127 } }, 8 };
	static const struct prefix v6 = { { AF_INET6, { [15] = 1 } }, 128 };

	return prefix_contains(&v4, ip) || prefix_contains(&v6, ip);
}

static bool covers(const struct destination *d, const struct endpoint *at, bool self)
{
	if (at->port < d->first || at->port > d->last)
		return false;
	return d->self ? self : prefix_contains(&d->prefix, &at->ip);
}

bool destination_list_allows(const struct destination_list *list, const struct endpoint *at,
			     bool self)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (covers(&list->items[i], at, self))
			return true;
	return false;
}
