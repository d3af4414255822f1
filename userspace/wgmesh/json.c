// SPDX-License-Identifier: Apache-2.0
#include "wgmesh/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wgmesh/format.h"

static void set_text(json_t *o, const char *name, const char *text)
{
	json_object_set_new(o, name, json_string(text));
}

static void set_number(json_t *o, const char *name, uint64_t v)
{
	json_object_set_new(o, name, json_integer((json_int_t)v));
}

static void set_key(json_t *o, const struct key *key)
{
	char text[KEY_TEXT_MAX];

	set_text(o, "public_key", key_format(key, text));
}

static void set_network(json_t *o, const struct prefix *prefix)
{
	char text[PREFIX_TEXT_MAX];

	set_text(o, "prefix", prefix_format(prefix, text));
}

/* "a,b" as an array of its words: what format_flags() makes. */
static void set_words(json_t *o, const char *name, const char *words)
{
	json_t *array = json_array();

	while (*words) {
		size_t n = strcspn(words, ",");

		json_array_append_new(array, json_stringn(words, n));
		words += n + (words[n] == ',');
	}
	json_object_set_new(o, name, array);
}

/* "wg-messages" becomes "wg_messages". */
static void set_stat(json_t *o, const char *name, uint64_t v)
{
	char underscored[FORMAT_MAX];
	size_t i;

	for (i = 0; i < sizeof(underscored) - 1 && name[i]; i++)
		underscored[i] = name[i] == '-' ? '_' : name[i];
	underscored[i] = 0;
	set_number(o, underscored, v);
}

json_t *json_of_stats(const struct mesh_stats *stats)
{
	json_t *o = json_object();

	for (unsigned int i = 1; i < __WGMESH_A_STATS_MAX; i++)
		if (mesh_stat_name(i))
			set_stat(o, mesh_stat_name(i), stats->value[i]);
	return o;
}

json_t *json_of_mesh(const struct mesh_info *info)
{
	char flags[FORMAT_MAX], features[FORMAT_MAX];
	json_t *o = json_object();

	set_text(o, "ifname", info->ifname);
	set_number(o, "ifindex", info->ifindex);
	set_number(o, "generation", info->generation);
	set_number(o, "removal_generation", info->removal_generation);
	set_words(o, "flags", format_mesh_flags(info->flags, "", flags));
	set_words(o, "features", format_mesh_features(info->features, "", features));
	set_number(o, "peers_max", info->peers_max);
	set_number(o, "active_max", info->active_max);
	set_number(o, "transaction_timeout", info->transaction_timeout);
	set_number(o, "idle_timeout", info->idle_timeout);
	json_object_set_new(o, "stats", json_of_stats(&info->stats));
	return o;
}

static json_t *prefixes_of(const struct wg_peer *peer)
{
	json_t *array = json_array();

	for (size_t i = 0; i < peer->prefix_count; i++) {
		const struct wg_prefix *p = &peer->prefixes[i];
		json_t *o = json_object();

		set_network(o, &p->prefix);
		set_number(o, "metric", p->metric);
		json_object_set_new(o, "chosen",
				    json_boolean(p->flags & WGMESH_PREFIX_FLAGS_CHOSEN));
		json_array_append_new(array, o);
	}
	return array;
}

json_t *json_of_peer(const struct wg_peer *peer)
{
	char text[FORMAT_MAX], endpoint[ENDPOINT_TEXT_MAX];
	json_t *o = json_object();

	set_key(o, &peer->public_key);
	if (peer->fields & WG_PEER_ENDPOINT)
		set_text(o, "endpoint", endpoint_format(&peer->endpoint, endpoint));
	if (peer->fields & WG_PEER_STATE)
		set_text(o, "state", format_state(peer->state));
	set_words(o, "flags", format_peer_flags(peer->flags, "", text));
	set_number(o, "keepalive", peer->keepalive);
	json_object_set_new(o, "prefixes", prefixes_of(peer));
	set_number(o, "last_handshake", peer->last_handshake);
	set_number(o, "rx_bytes", peer->rx_bytes);
	set_number(o, "tx_bytes", peer->tx_bytes);
	if (peer->fields & WG_PEER_FLOOR)
		set_text(o, "floor", format_floor(peer, "", text));
	if (peer->fields & WG_PEER_COUNTERS_AGE)
		set_number(o, "counters_age", peer->counters_age);
	set_number(o, "generation", peer->generation);
	return o;
}

json_t *json_of_prefix(const struct mesh_prefix *prefix)
{
	json_t *o = json_object(), *hops = json_array();

	set_network(o, &prefix->prefix);
	for (size_t i = 0; i < prefix->hop_count; i++) {
		const struct mesh_hop *hop = &prefix->hops[i];
		json_t *h = json_object();

		set_key(h, &hop->public_key);
		set_number(h, "metric", hop->metric);
		set_text(h, "state", format_state(hop->state));
		json_object_set_new(h, "chosen",
				    json_boolean(hop->flags & WGMESH_PREFIX_FLAGS_CHOSEN));
		json_array_append_new(hops, h);
	}
	json_object_set_new(o, "hops", hops);
	return o;
}

json_t *json_of_event(const struct mesh_event *event)
{
	json_t *o = json_object();

	set_text(o, "event", mesh_event_name(event->kind));
	set_text(o, "ifname", event->mesh.ifname);
	set_number(o, "ifindex", event->mesh.ifindex);
	set_number(o, "generation", event->mesh.generation);
	if (event->kind == MESH_EVENT_APPLY) {
		set_number(o, "upserted", event->upserted);
		set_number(o, "removed", event->removed);
	} else if (event->kind == MESH_EVENT_FAULT) {
		set_text(o, "error", strerror(event->sys_errno));
	} else if (event->kind == MESH_EVENT_PEER) {
		const char *reason = mesh_reason_name(event->reason);

		set_text(o, "reason", reason ? reason : "unknown");
	} else if (event->kind == MESH_EVENT_SUPPRESSED) {
		set_number(o, "events", event->suppressed);
	} else if (event->kind == MESH_EVENT_OVERRUN) {
		set_number(o, "since", event->since);
		json_object_set_new(o, "removals", json_boolean(event->removals));
	}
	if (event->peer)
		json_object_set_new(o, "peer", json_of_peer(event->peer));
	return o;
}

static int write_text(json_t *value, int keep_open, struct error *err)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	size_t n = text ? strlen(text) : 0;

	json_decref(value);
	if (!text)
		return error_set(err, ERR_MEMORY, "no memory for JSON output");
	if (keep_open)
		n--;
	fwrite(text, 1, n, stdout);	/* tool_finish() looks for write errors */
	free(text);
	return 0;
}

int json_write(json_t *value, struct error *err)
{
	return write_text(value, 0, err);
}

int json_write_open(json_t *value, struct error *err)
{
	return write_text(value, 1, err);
}
