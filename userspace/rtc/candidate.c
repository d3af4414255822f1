// SPDX-License-Identifier: Apache-2.0
#include "rtc/candidate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Foundation, component, transport, priority, address, port, "typ", type; then pairs. */
enum { FIXED_WORDS = 8, WORDS_MAX = 32 };

static const char *const type_names[] = {
	[CANDIDATE_HOST] = "host",
	[CANDIDATE_SRFLX] = "srflx",
	[CANDIDATE_PRFLX] = "prflx",
	[CANDIDATE_RELAY] = "relay",
};

const char *candidate_type_name(enum candidate_type type)
{
	return type_names[type];
}

/* ---- words ---- */

static size_t split(char *line, char *words[WORDS_MAX])
{
	char *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (n == WORDS_MAX)
			return 0;
		words[n++] = w;
	}
	return n;
}

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > max)
			return false;
	}
	*ret = n;
	return true;
}

/* RFC 8839: ice-char is a letter, a digit, "+" or "/". */
static bool foundation(const char *text, char out[CANDIDATE_FOUNDATION_MAX + 1])
{
	size_t len = strlen(text);

	if (len == 0 || len > CANDIDATE_FOUNDATION_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '+' && text[i] != '/')
			return false;
	}
	memcpy(out, text, len + 1);
	return true;
}

static bool type(const char *text, enum candidate_type *ret)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
		if (strcmp(text, type_names[i]) == 0) {
			*ret = (enum candidate_type)i;
			return true;
		}
	}
	return false;
}

/* A name's letters; an address is parsed before it is asked for. */
static bool is_name(const char *text)
{
	bool letters = false;

	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && *text != '-' && *text != '.')
			return false;
		letters |= isalpha((unsigned char)*text) != 0;
	}
	return letters;
}

/* "raddr" and "rport" of what follows in pairs; extensions that we do not know are fine. */
static bool extensions(char *const *words, size_t n, struct endpoint *ret)
{
	uint64_t port;

	if (n % 2)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		/* A browser that hides its address tells 0.0.0.0 or a name. */
		if (strcmp(words[i], "raddr") == 0)
			ip_parse(words[i + 1], &ret->ip);
		if (strcmp(words[i], "rport") != 0)
			continue;
		if (!number(words[i + 1], UINT16_MAX, &port))
			return false;
		ret->port = (uint16_t)port;
	}
	return true;
}

static int invalid(struct error *err, const char *what)
{
	return error_set(err, ERR_INVALID, "ICE candidate: %s", what);
}

static int unsupported(struct error *err, const char *what)
{
	return error_set(err, ERR_UNSUPPORTED, "ICE candidate: %s", what);
}

/* What is malformed is told before what is of no use. */
static int parse_words(char *const *words, size_t n, struct candidate *c, struct error *err)
{
	uint64_t component, priority, port;
	bool address = n >= FIXED_WORDS && ip_parse(words[4], &c->at.ip);

	if (n < FIXED_WORDS || strcmp(words[6], "typ") != 0)
		return invalid(err, "not \"FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE\"");
	if (!foundation(words[0], c->foundation))
		return invalid(err, "foundation");
	if (!number(words[1], 256, &component) || component == 0)
		return invalid(err, "component");
	if (!number(words[3], INT32_MAX, &priority) || priority == 0)
		return invalid(err, "priority");
	if (!number(words[5], UINT16_MAX, &port))
		return invalid(err, "port");
	if (!type(words[7], &c->type))
		return invalid(err, "type");
	if (!extensions(words + FIXED_WORDS, n - FIXED_WORDS, &c->related))
		return invalid(err, "extensions");
	if (!address && !is_name(words[4]))
		return invalid(err, "address");
	if (!address)
		return unsupported(err, "a name instead of an address");
	if (strcasecmp(words[2], "udp") != 0)
		return unsupported(err, "not UDP");
	if (component != 1)
		return unsupported(err, "not of component 1");
	if (port == 0)
		return invalid(err, "port 0");
	c->priority = (uint32_t)priority;
	c->at.port = (uint16_t)port;
	return 0;
}

int candidate_parse(const char *text, struct candidate *ret, struct error *err)
{
	struct candidate c = { 0 };
	char line[CANDIDATE_LINE_MAX + 1];
	char *words[WORDS_MAX];
	size_t len;
	int r;

	if (strncmp(text, "a=", 2) == 0)
		text += 2;
	if (strncmp(text, "candidate:", 10) != 0)
		return invalid(err, "does not begin with \"candidate:\"");
	text += 10;
	len = strnlen(text, sizeof(line));
	if (len == sizeof(line))
		return invalid(err, "too long");
	memcpy(line, text, len + 1);
	r = parse_words(words, split(line, words), &c, err);
	if (r == 0)
		*ret = c;
	return r;
}

char *candidate_format(const struct candidate *c, char out[CANDIDATE_TEXT_MAX])
{
	char ip[IP_TEXT_MAX];
	int n = snprintf(out, CANDIDATE_TEXT_MAX, "candidate:%s 1 udp %u %s %u typ %s",
			 c->foundation, c->priority, ip_format(&c->at.ip, ip), c->at.port,
			 type_names[c->type]);

	if (c->related.ip.family != AF_UNSPEC)
		snprintf(out + n, CANDIDATE_TEXT_MAX - (size_t)n, " raddr %s rport %u",
			 ip_format(&c->related.ip, ip), c->related.port);
	return out;
}
