// SPDX-License-Identifier: Apache-2.0
#include "daemon/setting_kind.h"

#include <stdlib.h>
#include <string.h>

#include "base/key.h"
#include "config/utf8.h"
#include "model/node.h"

#define NONE "none"	/* no value, where that is one, and a list without any */

/* ---- texts ---- */

static int set_text(const struct setting *t, void *at, const char *value, struct error *err)
{
	if (!*value || strlen(value) >= t->size)
		return error_set(err, ERR_INVALID, "\"%s\" must have 1 to %zu characters", value,
				 t->size - 1);
	memcpy(at, value, strlen(value) + 1);
	return 0;
}

static int set_id(const struct setting *t, void *at, const char *value, struct error *err)
{
	if (!node_id_valid(value))
		return error_set(err, ERR_INVALID,
				 "\"%s\" must be 1 to 63 characters of a-z 0-9 - .",
				 value);
	return set_text(t, at, value, err);
}

static bool is_word(const char *words, const char *value)
{
	size_t len = strlen(value);

	for (; words; words = strchr(words, ' ')) {
		words += strspn(words, " ");
		if (len && strncmp(words, value, len) == 0 && (!words[len] || words[len] == ','))
			return true;
	}
	return false;
}

static int set_word(const struct setting *t, void *at, const char *value, struct error *err)
{
	if (!is_word(t->words, value))
		return error_set(err, ERR_INVALID, "\"%s\" is none of %s", value, t->words);
	return set_text(t, at, value, err);
}

static int set_domain(const struct setting *t, void *at, const char *value,
		      struct error *err)
{
	if (!mesh_domain_valid(value))
		return error_set(err, ERR_INVALID,
				 "\"%.64s\" is no domain name in lower case, as "
				 MESH_DOMAIN_DEFAULT, value);
	return set_text(t, at, value, err);
}

static int set_node(const struct setting *t, void *at, const char *value, struct error *err)
{
	if (strcmp(value, NONE) != 0)
		return set_id(t, at, value, err);
	*(char *)at = 0;
	return 0;
}

/* From where it is read later on: a relative one would be another by then. */
static int set_file(const struct setting *t, void *at, const char *value, struct error *err)
{
	if (strcmp(value, NONE) == 0) {
		*(char *)at = 0;
		return 0;
	}
	if (*value != '/')
		return error_set(err, ERR_INVALID, "\"%s\" does not begin with /, nor is it none",
				 value);
	return set_text(t, at, value, err);
}

static bool format_text(const struct setting *t, const void *at, struct buf *out)
{
	return buf_append_text(out, at);
}

static bool format_text_or_none(const struct setting *t, const void *at, struct buf *out)
{
	return buf_append_text(out, *(const char *)at ? at : NONE);
}

/* ---- numbers, times, switches ---- */

static int set_number(const struct setting *t, void *at, const char *value,
		      struct error *err)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || v < t->min || v > t->max)
		return error_set(err, ERR_INVALID, "\"%s\" is no number from %lu to %lu", value,
				 (unsigned long)t->min, (unsigned long)t->max);
	if (t->size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)v;
	else if (t->size == sizeof(uint32_t))
		*(uint32_t *)at = (uint32_t)v;
	else
		*(uint64_t *)at = v;
	return 0;
}

static bool format_number(const struct setting *t, const void *at, struct buf *out)
{
	uint64_t v;

	if (t->size == sizeof(uint16_t))
		v = *(const uint16_t *)at;
	else
		v = t->size == sizeof(uint32_t) ? *(const uint32_t *)at : *(const uint64_t *)at;
	return buf_printf(out, "%lu", (unsigned long)v);
}

static const struct {
	char name;
	uint32_t seconds;
} units[] = { { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

enum { N_UNITS = sizeof(units) / sizeof(units[0]) };

static int set_duration(const struct setting *t, void *at, const char *value,
			struct error *err)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);
	uint64_t seconds = UINT64_MAX;

	if (*value < '0' || *value > '9' || v > UINT32_MAX)
		end = "";
	else if (v == 0 && !*end)
		seconds = 0;
	for (int i = 0; *end && i < N_UNITS; i++)
		if (*end == units[i].name && !end[1])
			seconds = v * units[i].seconds;
	if (seconds && (seconds < t->min || seconds > t->max))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is no time from %lus to %luh, as 168h, 30m or 90s, nor 0",
				 value, (unsigned long)t->min, (unsigned long)t->max / 3600);
	*(uint32_t *)at = (uint32_t)seconds;
	return 0;
}

/* In the largest unit that needs no fraction. */
static bool format_duration(const struct setting *t, const void *at, struct buf *out)
{
	uint32_t seconds = *(const uint32_t *)at;
	int i = 0;

	while (seconds && seconds % units[i].seconds)
		i++;
	return seconds ? buf_printf(out, "%u%c", seconds / units[i].seconds, units[i].name) :
			 buf_append_text(out, "0");
}

/* YAML has two ways to say so, and editors put in either. */
static int set_switch(const struct setting *t, void *at, const char *value,
		      struct error *err)
{
	bool on = strcmp(value, "on") == 0 || strcmp(value, "true") == 0;

	if (!on && strcmp(value, "off") != 0 && strcmp(value, "false") != 0)
		return error_set(err, ERR_INVALID, "\"%s\" is neither on nor off", value);
	*(bool *)at = on;
	return 0;
}

static bool format_switch(const struct setting *t, const void *at, struct buf *out)
{
	return buf_append_text(out, *(const bool *)at ? "on" : "off");
}

/* ---- addresses ---- */

static int set_address(const struct setting *t, void *at, const char *value,
		       struct error *err)
{
	struct ip ip = { 0 };

	if (strcmp(value, NONE) != 0 && !ip_parse(value, &ip))
		return error_set(err, ERR_INVALID, "\"%s\" is no IP address, nor none", value);
	*(struct ip *)at = ip;
	return 0;
}

static bool format_address(const struct setting *t, const void *at, struct buf *out)
{
	const struct ip *ip = at;
	char text[IP_TEXT_MAX];

	return buf_append_text(out, ip->family ? ip_format(ip, text) : NONE);
}

static int set_ipv4_prefix(const struct setting *t, void *at, const char *value,
			   struct error *err)
{
	struct prefix p;

	if (!prefix_parse(value, &p) || p.ip.family != AF_INET || p.len < 8 || p.len > 30)
		return error_set(err, ERR_INVALID, "\"%s\" is no IPv4 prefix of /8 to /30", value);
	*(struct prefix *)at = prefix_masked(&p);
	return 0;
}

static bool format_prefix(const struct setting *t, const void *at, struct buf *out)
{
	char text[PREFIX_TEXT_MAX];

	return buf_append_text(out, prefix_format(at, text));
}

static int parse_endpoint(const char *value, const char *examples, struct endpoint *ret,
			  struct error *err)
{
	struct endpoint e = { 0 };

	if (strcmp(value, NONE) != 0 && (!endpoint_parse(value, &e) || !e.port))
		return error_set(err, ERR_INVALID, "\"%s\" is no address with a port, as %s, nor none",
				 value, examples);
	*ret = e;
	return 0;
}

static int set_endpoint(const struct setting *t, void *at, const char *value, struct error *err)
{
	return parse_endpoint(value, "192.0.2.1:8445 or [::]:8445", at, err);
}

/*
 * Who reads these pages shows no certificate, so that who is not on this machine may not read
 * them.
 */
static int set_local_endpoint(const struct setting *t, void *at, const char *value,
			      struct error *err)
{
	struct endpoint e;
	int r = parse_endpoint(value, "127.0.0.1:8444 or [::1]:8444", &e, err);

	if (r < 0)
		return r;
	if (e.ip.family && !ip_is_loopback(&e.ip))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is not on the loopback, and these pages ask nobody who he "
				 "is: keep 127.0.0.1, and have a proxy that asks for certificates "
				 "before it, or ask by \"wmctl metrics NODE\"", value);
	*(struct endpoint *)at = e;
	return 0;
}

static bool format_endpoint(const struct setting *t, const void *at, struct buf *out)
{
	const struct endpoint *e = at;
	char text[ENDPOINT_TEXT_MAX];

	return buf_append_text(out, e->ip.family ? endpoint_format(e, text) : NONE);
}

static int set_ports(const struct setting *t, void *at, const char *value, struct error *err)
{
	return turn_ports_parse(value, at, err);
}

static bool format_ports(const struct setting *t, const void *at, struct buf *out)
{
	char text[TURN_PORTS_TEXT_MAX];

	return buf_append_text(out, turn_ports_format(at, text));
}

/* What would be a secret in it is not repeated in the error. */
static int set_turn_server(const struct setting *t, void *at, const char *value,
			   struct error *err)
{
	struct turn_server server = { 0 };
	int r = strcmp(value, NONE) == 0 ? 0 : turn_server_parse(value, &server, err);

	if (r == 0 && *server.user)
		r = error_set(err, ERR_INVALID,
			      "takes no user: credentials are made with the secret of "
			      "turn-secret-file");
	else if (r == -ERR_UNSUPPORTED)
		r = error_set(err, ERR_INVALID, "TURN is spoken by UDP alone");
	if (r == 0)
		*(struct turn_server *)at = server;
	wipe(&server, sizeof(server));
	return r;
}

static bool format_turn_server(const struct setting *t, const void *at, struct buf *out)
{
	const struct turn_server *server = at;
	char url[TURN_URL_MAX];

	return buf_append_text(out, server->at.ip.family ? turn_server_format(server, url) : NONE);
}

/* ---- lists: a word more, and all of them ---- */

static int add_endpoint(void *list, const char *word, struct error *err)
{
	struct endpoint_ips *ips = list;

	if (ips->count == SETTINGS_ENDPOINTS_MAX)
		return error_set(err, ERR_INVALID, "more than %d addresses",
				 SETTINGS_ENDPOINTS_MAX);
	if (!ip_parse(word, &ips->items[ips->count]))
		return error_set(err, ERR_INVALID, "\"%s\" is no IP address, nor none", word);
	ips->count++;
	return 0;
}

static bool format_endpoints(const struct setting *t, const void *at, struct buf *out)
{
	const struct endpoint_ips *ips = at;
	char ip[IP_TEXT_MAX];

	if (!ips->count)
		return buf_append_text(out, NONE);
	for (unsigned int i = 0; i < ips->count; i++)
		buf_printf(out, "%s%s", i ? "," : "", ip_format(&ips->items[i], ip));
	return !out->failed;
}

static int add_route(void *list, const char *word, struct error *err)
{
	struct prefix p;

	if (!prefix_parse(word, &p))
		return error_set(err, ERR_INVALID, "\"%s\" is no prefix, nor none", word);
	return route_list_add(list, &p, err);
}

static bool format_routes(const struct setting *t, const void *at, struct buf *out)
{
	char text[ROUTES_TEXT_MAX];

	return buf_append_text(out, route_list_format(at, text));
}

static int add_peer_endpoint(void *list, const char *word, struct error *err)
{
	return override_list_add(list, word, err);
}

static bool format_peer_endpoints(const struct setting *t, const void *at, struct buf *out)
{
	char text[OVERRIDES_TEXT_MAX];

	return buf_append_text(out, override_list_format(at, text));
}

static int add_destination(void *list, const char *word, struct error *err)
{
	return destination_list_add(list, word, err);
}

static bool format_destinations(const struct setting *t, const void *at, struct buf *out)
{
	char text[DESTINATIONS_TEXT_MAX];

	return buf_append_text(out, destination_list_format(at, text));
}

static int add_stun_server(void *list, const char *word, struct error *err)
{
	return stun_list_add(list, word, err);
}

static bool format_stun_servers(const struct setting *t, const void *at, struct buf *out)
{
	char text[STUN_LIST_TEXT_MAX];

	return buf_append_text(out, stun_list_format(at, text));
}

static int add_listen_address(void *list, const char *word, struct error *err)
{
	return listen_list_add(list, word, err);
}

static bool format_listen_addresses(const struct setting *t, const void *at, struct buf *out)
{
	char text[LISTEN_LIST_TEXT_MAX];

	return buf_append_text(out, listen_list_format(at, text));
}

/* ---- the kinds ---- */

static const struct kind {
	int (*set)(const struct setting *t, void *at, const char *value, struct error *err);
	int (*add)(void *list, const char *word, struct error *err);	/* of a list, instead */
	bool (*format)(const struct setting *t, const void *at, struct buf *out);
} kinds[] = {
	[SETTING_TEXT] = { .set = set_text, .format = format_text },
	[SETTING_ID] = { .set = set_id, .format = format_text },
	[SETTING_NAME] = { .set = set_id, .format = format_text },
	[SETTING_WORD] = { .set = set_word, .format = format_text },
	[SETTING_DOMAIN] = { .set = set_domain, .format = format_text },
	[SETTING_NODE] = { .set = set_node, .format = format_text_or_none },
	[SETTING_FILE] = { .set = set_file, .format = format_text_or_none },
	[SETTING_NUMBER] = { .set = set_number, .format = format_number },
	[SETTING_DURATION] = { .set = set_duration, .format = format_duration },
	[SETTING_SWITCH] = { .set = set_switch, .format = format_switch },
	[SETTING_ADDRESS] = { .set = set_address, .format = format_address },
	[SETTING_IPV4_PREFIX] = { .set = set_ipv4_prefix, .format = format_prefix },
	[SETTING_LOCAL_ENDPOINT] = { .set = set_local_endpoint, .format = format_endpoint },
	[SETTING_ENDPOINT] = { .set = set_endpoint, .format = format_endpoint },
	[SETTING_PORTS] = { .set = set_ports, .format = format_ports },
	[SETTING_TURN_SERVER] = { .set = set_turn_server, .format = format_turn_server },
	[SETTING_ENDPOINTS] = { .add = add_endpoint, .format = format_endpoints },
	[SETTING_ROUTES] = { .add = add_route, .format = format_routes },
	[SETTING_PEER_ENDPOINTS] = { .add = add_peer_endpoint, .format = format_peer_endpoints },
	[SETTING_DESTINATIONS] = { .add = add_destination, .format = format_destinations },
	[SETTING_STUN_SERVERS] = { .add = add_stun_server, .format = format_stun_servers },
	[SETTING_LISTEN] = { .add = add_listen_address, .format = format_listen_addresses },
};

/* Each of the words of @value, without the spaces before it; of none, nothing is left. */
static int add_words(const struct setting *t, void *list, const char *value, struct error *err)
{
	char *copy = strdup(value), *rest = copy, *one;
	int r = 0;

	if (!copy)
		return error_set(err, ERR_MEMORY, "no memory for a setting");
	while (r == 0 && (one = strsep(&rest, ",")))
		r = kinds[t->kind].add(list, one + strspn(one, " "), err);
	free(copy);
	return r;
}

bool setting_is_list(const struct setting *t)
{
	return kinds[t->kind].add;
}

int setting_parse(const struct setting *t, void *at, bool more, const char *value,
		  struct error *err)
{
	bool none = strcmp(value, NONE) == 0;

	if (!setting_is_list(t))
		return kinds[t->kind].set(t, at, value, err);
	if (!more || none)
		memset(at, 0, t->size);
	return none ? 0 : add_words(t, at, value, err);
}

bool setting_format(const struct setting *t, const void *at, struct buf *out)
{
	return kinds[t->kind].format(t, at, out);
}
