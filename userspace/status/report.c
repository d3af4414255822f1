// SPDX-License-Identifier: Apache-2.0
#include "status/report.h"

#include <inttypes.h>
#include <string.h>

#include "status/json.h"

/* Objects and lists are written with a comma behind each part; the last one goes. */
static void end(struct buf *out, const char *bracket)
{
	if (!out->failed && out->len && out->data[out->len - 1] == ',')
		out->len--;
	buf_append_text(out, bracket);
	buf_append_u8(out, ',');
}

static void put_number(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "\"%s\":%" PRIu64 ",", name, value);
}

static void put_bool(struct buf *out, const char *name, bool value)
{
	buf_printf(out, "\"%s\":%s,", name, value ? "true" : "false");
}

static void put_self(const struct status_view *v, struct buf *out)
{
	buf_append_text(out, "\"self\":{");
	json_field(out, "id", v->node_id);
	json_field(out, "role", v->role);
	json_field(out, "domain", v->domain);
	json_field(out, "version", v->version);
	json_field(out, "backend", v->backend);
	json_field(out, "device", v->device);
	put_number(out, "started", (uint64_t)v->started_at / 1000000);
	end(out, "}");
}

static void put_server(const struct status_view *v, const struct view_server *s, struct buf *out)
{
	bool leads = strcmp(s->node_id, v->leader) == 0;

	buf_append_u8(out, '{');
	json_field(out, "id", s->node_id);
	json_field(out, "role", leads ? "leader" : s->votes ? "voter" : "learner");
	if (s->is_seen) {
		json_field(out, "progress", s->progress);
		put_number(out, "match", s->match_index);
		put_number(out, "silent_ms", s->silent_ms);
		put_bool(out, "silent", s->is_silent);
	}
	end(out, "}");
}

static void put_raft(const struct status_view *v, struct buf *out)
{
	buf_append_text(out, "\"raft\":{");
	json_field(out, "leader", v->leader);
	json_field(out, "trouble", v->raft_trouble);
	put_number(out, "term", v->term);
	put_number(out, "commit", v->commit_index);
	put_number(out, "applied", v->applied_index);
	if (v->state_age_ms != UINT64_MAX)
		put_number(out, "state_age_ms", v->state_age_ms);
	buf_append_text(out, "\"servers\":[");
	for (unsigned int i = 0; i < v->server_count; i++)
		put_server(v, &v->servers[i], out);
	end(out, "]");
	end(out, "}");
}

static void put_traffic(const struct status_view *v, const struct paths *p, struct buf *out)
{
	buf_append_text(out, "\"traffic\":{");
	put_bool(out, "known", p->known);
	json_field(out, "trouble", *v->dataplane_trouble ? v->dataplane_trouble : p->trouble.text);
	put_number(out, "rx", p->rx_bytes);
	put_number(out, "tx", p->tx_bytes);
	end(out, "}");
}

static void put_counts(const struct status_view *v, const struct roster *r, const struct paths *p,
		       struct buf *out)
{
	buf_append_text(out, "\"counts\":{");
	put_number(out, "nodes", v->nodes);
	put_number(out, "shown", roster_count(r));
	put_number(out, "shown_max", ROSTER_MAX);
	put_number(out, "direct", p->direct);
	put_number(out, "relayed", p->relayed);
	put_number(out, "unnamed", p->unnamed);
	end(out, "}");
}

static void put_session(const struct path *path, const struct status_view *v, struct buf *out)
{
	char endpoint[ENDPOINT_TEXT_MAX];
	uint64_t now = (uint64_t)v->now;

	if (path->endpoint.ip.family)
		json_field(out, "endpoint", endpoint_format(&path->endpoint, endpoint));
	if (!path->last_handshake)
		return;
	put_number(out, "handshake_ms",
		   now > path->last_handshake ? (now - path->last_handshake) / 1000000 : 0);
	put_number(out, "rx", path->rx_bytes);
	put_number(out, "tx", path->tx_bytes);
}

static void put_path(const struct status_view *v, const struct roster *r, const struct paths *p,
		     int number, struct buf *out)
{
	static const char *const names[] = { "dormant", "direct", "relayed" };
	const struct path *path = &p->items[number];

	if (strcmp(roster_at(r, number)->id, v->node_id) == 0) {
		json_field(out, "path", "self");
		return;
	}
	json_field(out, "path", p->known ? names[path->kind] : "unknown");
	if (path->kind == PATH_RELAYED)
		json_field(out, "via", roster_at(r, path->via)->id);
	put_session(path, v, out);
}

static void put_node(const struct status_view *v, const struct roster *r, const struct paths *p,
		     int number, struct buf *out)
{
	const struct roster_node *n = roster_at(r, number);
	char ipv4[IP_TEXT_MAX], ipv6[PREFIX_TEXT_MAX];

	buf_append_u8(out, '{');
	json_field(out, "id", n->id);
	if (n->ipv4.family)
		json_field(out, "ipv4", ip_format(&n->ipv4, ipv4));
	if (n->ipv6.ip.family)
		json_field(out, "ipv6", prefix_format(&n->ipv6, ipv6));
	put_bool(out, "public", n->is_public);
	put_path(v, r, p, number, out);
	end(out, "}");
}

void status_report(const struct status_view *view, const struct roster *roster,
		   const struct paths *paths, uint64_t monotonic, struct buf *out)
{
	buf_append_u8(out, '{');
	put_number(out, "monotonic", monotonic);
	put_number(out, "now", (uint64_t)view->now / 1000000);
	put_self(view, out);
	put_raft(view, out);
	put_traffic(view, paths, out);
	put_counts(view, roster, paths, out);
	buf_append_text(out, "\"nodes\":[");
	for (size_t i = 0; i < roster_count(roster); i++)
		put_node(view, roster, paths, (int)i, out);
	end(out, "]");
	end(out, "}");
	if (!out->failed)
		out->data[out->len - 1] = '\n';
}
