// SPDX-License-Identifier: Apache-2.0
#include "wgmesh/apply_file.h"

#include <stdlib.h>
#include <string.h>

#include "wgmesh/number.h"

/* A line may drop as many as it adds. */
enum { PREFIXES_MAX = 2 * WGMESH_PREFIXES_MAX };

struct apply_parser {
	struct mesh_apply_options options;
	bool changes_began;
	struct wg_prefix prefixes[PREFIXES_MAX];
	/* Of the line that is being parsed. */
	char *rest;
	struct apply_change change;
	size_t prefix_count;
	struct error *err;
};

struct apply_parser *apply_parser_new(void)
{
	return calloc(1, sizeof(struct apply_parser));
}

void apply_parser_free(struct apply_parser *p)
{
	free(p);
}

const struct mesh_apply_options *apply_parser_options(const struct apply_parser *p)
{
	return &p->options;
}

/* The next word of the line; NULL at its end. */
static char *next_word(struct apply_parser *p)
{
	return strtok_r(NULL, " \t\r", &p->rest);
}

/* The word that has to follow @name; NULL with the error set when none does. */
static char *argument(struct apply_parser *p, const char *name)
{
	char *word = next_word(p);

	if (!word)
		error_set(p->err, ERR_INVALID, "\"%s\" needs a value behind it", name);
	return word;
}

static int parse_key(struct apply_parser *p, const char *word)
{
	if (key_parse(word, &p->change.peer.public_key))
		return 0;
	return error_set(p->err, ERR_INVALID,
			 "\"%.60s\" is not a public key: 44 characters of base64", word);
}

static int parse_endpoint(struct apply_parser *p, char *word)
{
	struct wg_peer *peer = &p->change.peer;

	if (!endpoint_parse(word, &peer->endpoint) || !peer->endpoint.port)
		return error_set(p->err, ERR_INVALID, "\"%.60s\" is not an endpoint: "
				 "192.0.2.1:51820 or [2001:db8::1]:51820", word);
	peer->fields |= WG_PEER_ENDPOINT;
	return 0;
}

static int parse_keepalive(struct apply_parser *p, char *word)
{
	uint64_t v = 0;

	if (strcmp(word, "off") != 0 && !number_parse(word, UINT16_MAX, &v))
		return error_set(p->err, ERR_INVALID,
				 "\"%.60s\" is not a keepalive: 0 to 65535 seconds, or off", word);
	p->change.peer.keepalive = (uint16_t)v;
	p->change.peer.fields |= WG_PEER_KEEPALIVE;
	return 0;
}

static int parse_psk(struct apply_parser *p, char *word)
{
	p->change.peer.fields |= WG_PEER_PRESHARED_KEY;
	p->change.psk_path = strcmp(word, "none") == 0 ? NULL : word;
	return 0;
}

static int parse_floor(struct apply_parser *p, char *word)
{
	struct wg_peer *peer = &p->change.peer;

	if (!hex_parse(word, peer->floor, sizeof(peer->floor)))
		return error_set(p->err, ERR_INVALID, "\"%.60s\" is not a floor: "
				 "24 hexadecimal digits, as wgmesh dump prints them", word);
	peer->fields |= WG_PEER_FLOOR;
	return 0;
}

static int add_prefix(struct apply_parser *p, const char *word, uint64_t metric, uint32_t flags)
{
	struct wg_prefix *out = &p->prefixes[p->prefix_count];
	char right[PREFIX_TEXT_MAX];
	struct prefix masked;

	if (p->prefix_count == PREFIXES_MAX)
		return error_set(p->err, ERR_INVALID, "more than %d prefixes on one peer",
				 PREFIXES_MAX);
	if (!prefix_parse(word, &out->prefix))
		return error_set(p->err, ERR_INVALID,
				 "\"%.60s\" is not a prefix: 172.16.0.1/32 or fd00:1::/64", word);
	masked = prefix_masked(&out->prefix);
	if (!prefix_equal(&masked, &out->prefix))
		return error_set(p->err, ERR_INVALID,
				 "\"%.60s\" has bits set behind its length: write %s", word,
				 prefix_format(&masked, right));
	out->metric = (uint32_t)metric;
	out->flags = flags;
	p->prefix_count++;
	return 0;
}

static int parse_prefix(struct apply_parser *p, char *word)
{
	char *at = strchr(word, '@');
	uint64_t metric = 0;

	if (at && !number_parse(at + 1, UINT32_MAX, &metric))
		return error_set(p->err, ERR_INVALID,
				 "\"%.60s\" is not a metric: 0 to 4294967295", at + 1);
	if (at)
		*at = 0;
	return add_prefix(p, word, metric, 0);
}

static int parse_drop(struct apply_parser *p, char *word)
{
	return add_prefix(p, word, 0, WGMESH_PREFIX_FLAGS_REMOVE);
}

/* A word that stands alone; false when @word is none. */
static bool parse_flag(struct apply_parser *p, const char *word)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} flags[] = {
		{ "plain", 0 },
		{ "pinned", WGMESH_PEER_FLAGS_PINNED },
		{ "relay", WGMESH_PEER_FLAGS_RELAY },
		{ "create", WGMESH_PEER_FLAGS_CREATE_ONLY },
		{ "update", WGMESH_PEER_FLAGS_UPDATE_ONLY },
		{ "replace-prefixes", WGMESH_PEER_FLAGS_REPLACE_PREFIXES },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(word, flags[i].word) != 0)
			continue;
		p->change.peer.flags |= flags[i].flag;
		p->change.peer.fields |= WG_PEER_FLAGS;
		return true;
	}
	return false;
}

static int parse_word(struct apply_parser *p, const char *word)
{
	static const struct {
		const char *word;
		int (*parse)(struct apply_parser *p, char *argument);
	} words[] = {
		{ "endpoint", parse_endpoint }, { "keepalive", parse_keepalive },
		{ "psk", parse_psk }, { "prefix", parse_prefix }, { "drop", parse_drop },
		{ "floor", parse_floor },
	};
	char *value;

	if (parse_flag(p, word))
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word) != 0)
			continue;
		value = argument(p, word);
		return value ? words[i].parse(p, value) : -ERR_INVALID;
	}
	return error_set(p->err, ERR_INVALID, "\"%.60s\" is unknown: endpoint, keepalive, psk, "
			 "prefix, drop, floor, plain, pinned, relay, create, update, replace-prefixes",
			 word);
}

static int parse_peer(struct apply_parser *p)
{
	const uint32_t both = WGMESH_PEER_FLAGS_CREATE_ONLY | WGMESH_PEER_FLAGS_UPDATE_ONLY;
	char *word = argument(p, "peer");
	int r = word ? parse_key(p, word) : -ERR_INVALID;

	while (!r && (word = next_word(p)))
		r = parse_word(p, word);
	if (!r && (p->change.peer.flags & both) == both)
		return error_set(p->err, ERR_INVALID, "create and update exclude each other");
	return r;
}

static int at_end(struct apply_parser *p)
{
	const char *word = next_word(p);

	return word ? error_set(p->err, ERR_INVALID, "\"%.60s\" is too much here", word) : 0;
}

static int parse_remove(struct apply_parser *p)
{
	char *word = argument(p, "remove");
	int r = word ? parse_key(p, word) : -ERR_INVALID;

	p->change.peer.flags = WGMESH_PEER_FLAGS_REMOVE;
	return r ? r : at_end(p);
}

static int parse_header(struct apply_parser *p, const char *word)
{
	char *value;

	if (p->changes_began)
		return error_set(p->err, ERR_INVALID, "\"%s\" has to stand before every change",
				 word);
	if (strcmp(word, "replace") == 0) {
		p->options.replace = true;
		return at_end(p);
	}
	value = argument(p, word);
	if (!value)
		return -ERR_INVALID;
	if (!number_parse(value, UINT64_MAX, &p->options.expected_generation))
		return error_set(p->err, ERR_INVALID, "\"%.60s\" is not a generation", value);
	p->options.expect = true;
	return at_end(p);
}

static int parse_change(struct apply_parser *p, const char *word)
{
	if (strcmp(word, "peer") == 0)
		return parse_peer(p);
	if (strcmp(word, "remove") == 0)
		return parse_remove(p);
	return error_set(p->err, ERR_INVALID,
			 "\"%.60s\" is unknown: peer, remove, replace, expect", word);
}

int apply_parse_line(struct apply_parser *p, char *line, enum apply_line_kind *ret_kind,
		     struct apply_change *ret, struct error *err)
{
	char *word;
	int r;

	p->err = err;
	p->prefix_count = 0;
	p->change = (struct apply_change){ 0 };
	line[strcspn(line, "#")] = 0;
	word = strtok_r(line, " \t\r", &p->rest);
	if (word && strcmp(word, "replace") != 0 && strcmp(word, "expect") != 0) {
		r = parse_change(p, word);
		if (r)
			return r;
		p->changes_began = true;
		p->change.peer.prefixes = p->prefixes;
		p->change.peer.prefix_count = p->prefix_count;
		*ret_kind = APPLY_LINE_CHANGE;
		*ret = p->change;
		return 0;
	}
	r = word ? parse_header(p, word) : 0;
	if (!r)
		*ret_kind = APPLY_LINE_NOTHING;
	return r;
}
