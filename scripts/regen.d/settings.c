// SPDX-License-Identifier: Apache-2.0
/*
 * settings markdown|man: a row for each setting of wgmeshd, from the table that the daemon itself
 * reads options, variables and files by.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/settings.h"

enum { VALUE_MAX = 160 };

/* What it may be, in words. */
static const char *value_of(const struct setting *t, char out[VALUE_MAX])
{
	switch (t->kind) {
	case SETTING_TEXT:
		snprintf(out, VALUE_MAX, "1 to %zu characters", t->size - 1);
		return out;
	case SETTING_ID:
	case SETTING_NAME:
		return "1 to 63 characters of a-z 0-9 - .";
	case SETTING_WORD:
		return t->words;
	case SETTING_NUMBER:
		snprintf(out, VALUE_MAX, "%lu to %lu", (unsigned long)t->min, (unsigned long)t->max);
		return out;
	case SETTING_DURATION:
		snprintf(out, VALUE_MAX, "a number with h, m or s, %lus to %luh; or 0",
			 (unsigned long)t->min, (unsigned long)t->max / 3600);
		return out;
	case SETTING_SWITCH:
		return "on, off";
	case SETTING_IPV4_PREFIX:
		return "an IPv4 prefix of /8 to /30";
	case SETTING_NODE:
		return "the id of a node, or none";
	case SETTING_LOCAL_ENDPOINT:
		return "an address on the loopback with a port, or none";
	case SETTING_ENDPOINT:
		return "an address with a port, or none";
	case SETTING_DOMAIN:
		return "a domain name in lower case";
	case SETTING_FILE:
		return "a path from / on, or none";
	case SETTING_LISTEN:
		snprintf(out, VALUE_MAX, "up to %d of the form mesh, mesh:5353, 127.0.0.1 or [::1]:5353, or none",
			 LISTEN_ITEMS_MAX);
		return out;
	case SETTING_ADDRESS:
		return "an address, or none";
	case SETTING_PORTS:
		return "a port of 1024 to 65535, or two with - between";
	case SETTING_TURN_SERVER:
		return "of the form turn:192.0.2.1:3478, or none";
	case SETTING_ENDPOINTS:
		snprintf(out, VALUE_MAX, "up to %d addresses, or none", SETTINGS_ENDPOINTS_MAX);
		return out;
	case SETTING_ROUTES:
		snprintf(out, VALUE_MAX, "up to %d prefixes, or none", ROUTES_MAX);
		return out;
	case SETTING_DESTINATIONS:
		snprintf(out, VALUE_MAX, "up to %d of the form self, self:22, 192.0.2.0/24:8000-8080 or [2001:db8::1]:443, or none",
			 DESTINATIONS_MAX);
		return out;
	case SETTING_STUN_SERVERS:
		snprintf(out, VALUE_MAX, "up to %d of the form stun:192.0.2.1:3478, or none",
			 STUN_SERVERS_MAX);
		return out;
	case SETTING_PEER_ENDPOINTS:
		snprintf(out, VALUE_MAX, "up to %d of the form n2=192.0.2.1:51820, or none",
			 OVERRIDES_MAX);
		return out;
	}
	return "";
}

static const char *default_of(const struct settings *defaults, int row, struct buf *out)
{
	const char *words = settings_table[row].otherwise;

	settings_format(defaults, row, out);
	return words ? words : buf_text(out);
}

static void print_markdown(const struct setting *t, const char *value, const char *usual)
{
	char variable[64];
	size_t n = (size_t)snprintf(variable, sizeof(variable), "WGMESH_%s", t->name);

	for (size_t i = 0; i < n; i++)
		variable[i] = variable[i] == '-' ? '_' : (char)toupper((unsigned char)variable[i]);
	printf("| `%s` | `%s` | %s | %s | %s | %s |\n", t->name, variable, value, usual,
	       t->live ? "live" : "", t->help);
}

static void print_man(const struct setting *t, const char *value, const char *usual)
{
	printf(".It Li %s%s\n%c%s.\nTakes %s; else %s.\n", t->name, t->live ? " Pq live" : "",
	       toupper((unsigned char)*t->help), t->help + 1, value, usual);
}

int main(int argc, char **argv)
{
	bool man = argc == 2 && strcmp(argv[1], "man") == 0;
	struct settings defaults;
	char value[VALUE_MAX];

	settings_init(&defaults);
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		struct buf usual = BUF_INIT(SETTINGS_VALUE_MAX);

		(man ? print_man : print_markdown)(&settings_table[i],
						   value_of(&settings_table[i], value),
						   default_of(&defaults, i, &usual));
		buf_fini(&usual);
	}
	return 0;
}
