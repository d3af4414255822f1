// SPDX-License-Identifier: Apache-2.0
#include "../cmocka.h"

#include "peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct key key_of(char letter)
{
	struct key key = { { 9, (uint8_t)letter } };

	return key;
}

static void add_word(struct peer_set *set, uint32_t peer, char *word)
{
	char *star = strchr(word, '*');
	uint32_t metric = star ? (uint32_t)atoi(star + 1) : 0;
	struct prefix prefix;

	if (star)
		*star = 0;
	assert_true(prefix_parse(word, &prefix));
	assert_int_equal(peer_set_add_prefix(set, peer, &prefix, metric, NULL), 0);
}

static void add_line(struct peer_set *set, char *line)
{
	struct key key = key_of(line[0]);
	struct endpoint endpoint = { 0 };
	char *words[64], *rest, *word;
	uint16_t keepalive = 0;
	size_t count = 0;
	uint32_t peer;

	for (word = strtok_r(line + 1, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (*word == '@')
			assert_true(endpoint_parse(word + 1, &endpoint));
		else if (*word == '~')
			keepalive = (uint16_t)atoi(word + 1);
		else
			words[count++] = word;
	}
	assert_int_equal(peer_set_add(set, &key, endpoint.ip.family ? &endpoint : NULL, keepalive,
				      &peer, NULL), 0);
	for (size_t i = 0; i < count; i++)
		add_word(set, peer, words[i]);
}

struct peer_set *peers_of(const char *text)
{
	struct peer_set *set = peer_set_new();
	char *copy = strdup(text), *rest, *line;

	assert_non_null(set);
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		add_line(set, line);
	assert_int_equal(peer_set_seal(set, NULL), 0);
	free(copy);
	return set;
}

static int collect(void *data, const struct wg_peer *peer)
{
	const struct endpoint *endpoint = peer->fields & WG_PEER_ENDPOINT ? &peer->endpoint : NULL;
	struct peer_set *set = data;
	uint32_t index;
	int r = peer_set_add(set, &peer->public_key, endpoint, peer->keepalive, &index, NULL);

	for (size_t i = 0; !r && i < peer->prefix_count; i++)
		r = peer_set_add_prefix(set, index, &peer->prefixes[i].prefix,
					peer->prefixes[i].metric, NULL);
	return r;
}

static void print_peer(struct buf *out, const struct peer *peer)
{
	char endpoint[ENDPOINT_TEXT_MAX], prefix[PREFIX_TEXT_MAX];

	buf_printf(out, "%c", peer->public_key.bytes[1]);
	if (peer->endpoint.ip.family)
		buf_printf(out, " @%s", endpoint_format(&peer->endpoint, endpoint));
	if (peer->keepalive)
		buf_printf(out, " ~%u", peer->keepalive);
	for (size_t i = 0; i < peer->n_prefixes; i++) {
		buf_printf(out, " %s", prefix_format(&peer->prefixes[i].prefix, prefix));
		if (peer->prefixes[i].metric)
			buf_printf(out, "*%u", peer->prefixes[i].metric);
	}
	buf_append_text(out, "\n");
}

char *peers_text(struct dataplane *dp)
{
	struct peer_set *set = peer_set_new();
	struct buf out = BUF_INIT(1 << 20);
	struct error err = { 0 };
	char *text;

	if (dataplane_list(dp, collect, set, &err))
		fail_msg("%s", err.text);
	assert_int_equal(peer_set_seal(set, NULL), 0);
	for (size_t i = 0; i < peer_set_count(set); i++)
		print_peer(&out, peer_set_at(set, i));
	text = strdup(buf_text(&out));
	buf_fini(&out);
	peer_set_free(set);
	return text;
}
