// SPDX-License-Identifier: Apache-2.0
#include "dataplane/uapi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A million prefixes on one peer: an end, far beyond what a mesh has. */
enum { PREFIX_BYTES_MAX = (1 << 20) * (int)sizeof(struct wg_prefix) };

static void put_key(struct buf *out, const char *name, const struct key *key)
{
	static const char digits[] = "0123456789abcdef";
	char hex[KEY_BYTES * 2 + 1] = { 0 };

	for (int i = 0; i < KEY_BYTES; i++) {
		hex[i * 2] = digits[key->bytes[i] >> 4];
		hex[i * 2 + 1] = digits[key->bytes[i] & 15];
	}
	buf_printf(out, "%s=%s\n", name, hex);
	wipe(hex, sizeof(hex));
}

void uapi_put_set(struct buf *out)
{
	buf_append_text(out, "set=1\n");
}

void uapi_put_device(struct buf *out, const struct wg_device *device)
{
	if (device->fields & WG_DEVICE_PRIVATE_KEY)
		put_key(out, "private_key", &device->private_key);
	if (device->fields & WG_DEVICE_LISTEN_PORT)
		buf_printf(out, "listen_port=%u\n", device->listen_port);
	if (device->fields & WG_DEVICE_FWMARK)
		buf_printf(out, "fwmark=%u\n", device->fwmark);
}

void uapi_put_peer(struct buf *out, const struct wg_peer *peer, bool remove)
{
	char text[ENDPOINT_TEXT_MAX], network[PREFIX_TEXT_MAX];

	put_key(out, "public_key", &peer->public_key);
	if (remove) {
		buf_append_text(out, "remove=true\n");
		return;
	}
	if (peer->flags & WGMESH_PEER_FLAGS_UPDATE_ONLY)
		buf_append_text(out, "update_only=true\n");
	if (peer->fields & WG_PEER_PRESHARED_KEY)
		put_key(out, "preshared_key", &peer->preshared_key);
	if (peer->fields & WG_PEER_ENDPOINT)
		buf_printf(out, "endpoint=%s\n", endpoint_format(&peer->endpoint, text));
	if (peer->fields & WG_PEER_KEEPALIVE)
		buf_printf(out, "persistent_keepalive_interval=%u\n", peer->keepalive);
	if (peer->flags & WGMESH_PEER_FLAGS_REPLACE_PREFIXES)
		buf_append_text(out, "replace_allowed_ips=true\n");
	for (size_t i = 0; i < peer->prefix_count; i++)
		buf_printf(out, "allowed_ip=%s\n",
			   prefix_format(&peer->prefixes[i].prefix, network));
}

void uapi_parser_init(struct uapi_parser *p, wg_peer_fn *fn, void *data, struct error *err)
{
	*p = (struct uapi_parser){
		.fn = fn, .data = data, .err = err, .prefixes = BUF_INIT(PREFIX_BYTES_MAX),
	};
}

void uapi_parser_fini(struct uapi_parser *p)
{
	key_wipe(&p->device.private_key);
	key_wipe(&p->peer.preshared_key);
	wipe(p->line, sizeof(p->line));
	buf_fini(&p->prefixes);
}

/* No table and no branch on a digit: keys are secrets, and there are two of each peer. */
static int parse_key(const char *hex, size_t len, struct key *ret)
{
	unsigned int bad = 0;

	if (len != KEY_BYTES * 2)
		return -1;
	for (int i = 0; i < KEY_BYTES; i++) {
		unsigned int value = 0;

		for (int j = 0; j < 2; j++) {
			unsigned int c = (unsigned char)hex[i * 2 + j];

			bad |= (c - '0' > 9) & (c - 'a' > 5);
			value = value << 4 | ((c & 15) + 9 * (c >> 6));
		}
		ret->bytes[i] = (uint8_t)value;
	}
	return bad ? -1 : 0;
}

static int parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	unsigned long long v;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end || errno || v > max)
		return -1;
	*ret = v;
	return 0;
}

/* Tells the peer that is complete now, if there is one. */
static int end_peer(struct uapi_parser *p)
{
	int r = 0;

	p->peer.prefixes = (const struct wg_prefix *)p->prefixes.data;
	p->peer.prefix_count = p->prefixes.len / sizeof(struct wg_prefix);
	if (p->has_peer && p->fn)
		r = p->fn(p->data, &p->peer);
	key_wipe(&p->peer.preshared_key);
	p->peer = (struct wg_peer){ 0 };
	p->has_peer = false;
	buf_reset(&p->prefixes);
	return r;
}

static int begin_peer(struct uapi_parser *p, const char *value, size_t len)
{
	int r = end_peer(p);

	if (r)
		return r;
	if (parse_key(value, len, &p->peer.public_key))
		return error_set(p->err, ERR_IO, "wireguard-go told a malformed public key");
	p->has_peer = true;
	return 0;
}

/* ---- values: 0, or -1 for what is malformed ---- */

static int take_private_key(struct uapi_parser *p, const char *value, size_t len)
{
	p->device.fields |= WG_DEVICE_PRIVATE_KEY;
	return parse_key(value, len, &p->device.private_key);
}

static int take_listen_port(struct uapi_parser *p, const char *value, size_t len)
{
	uint64_t v = 0;
	int r = parse_number(value, UINT16_MAX, &v);

	p->device.fields |= WG_DEVICE_LISTEN_PORT;
	p->device.listen_port = (uint16_t)v;
	return r;
}

static int take_fwmark(struct uapi_parser *p, const char *value, size_t len)
{
	uint64_t v = 0;
	int r = parse_number(value, UINT32_MAX, &v);

	p->device.fields |= WG_DEVICE_FWMARK;
	p->device.fwmark = (uint32_t)v;
	return r;
}

static int take_prefix(struct uapi_parser *p, const char *value, size_t len)
{
	struct wg_prefix prefix = { 0 };

	if (!prefix_parse(value, &prefix.prefix))
		return -1;
	return buf_append(&p->prefixes, &prefix, sizeof(prefix)) ? 0 : -1;
}

static int add_handshake(struct uapi_parser *p, const char *value, uint64_t unit)
{
	uint64_t v;

	if (parse_number(value, UINT64_MAX / unit, &v))
		return -1;
	p->peer.last_handshake += v * unit;
	return 0;
}

static int take_seconds(struct uapi_parser *p, const char *value, size_t len)
{
	return add_handshake(p, value, 1000000000);
}

static int take_nanoseconds(struct uapi_parser *p, const char *value, size_t len)
{
	return add_handshake(p, value, 1);
}

static int take_received(struct uapi_parser *p, const char *value, size_t len)
{
	return parse_number(value, UINT64_MAX, &p->peer.rx_bytes);
}

static int take_sent(struct uapi_parser *p, const char *value, size_t len)
{
	return parse_number(value, UINT64_MAX, &p->peer.tx_bytes);
}

static int take_preshared_key(struct uapi_parser *p, const char *value, size_t len)
{
	p->peer.fields |= WG_PEER_PRESHARED_KEY;
	return parse_key(value, len, &p->peer.preshared_key);
}

static int take_keepalive(struct uapi_parser *p, const char *value, size_t len)
{
	uint64_t v = 0;
	int r = parse_number(value, UINT16_MAX, &v);

	p->peer.fields |= WG_PEER_KEEPALIVE;
	p->peer.keepalive = (uint16_t)v;
	return r;
}

/* A link-local one has a zone ("%eth0") that we cannot hold: then there is none. */
static int take_endpoint(struct uapi_parser *p, const char *value, size_t len)
{
	if (endpoint_parse(value, &p->peer.endpoint))
		p->peer.fields |= WG_PEER_ENDPOINT;
	return 0;
}

struct uapi_value {
	const char *name;
	size_t len;
	int (*take)(struct uapi_parser *p, const char *value, size_t len);
};

#define VALUE(name, take) { name, sizeof(name) - 1, take }

static const struct uapi_value device_values[] = {
	VALUE("private_key", take_private_key), VALUE("listen_port", take_listen_port),
	VALUE("fwmark", take_fwmark), { 0 },
};

static const struct uapi_value peer_values[] = {
	VALUE("preshared_key", take_preshared_key), VALUE("endpoint", take_endpoint),
	VALUE("last_handshake_time_sec", take_seconds),
	VALUE("last_handshake_time_nsec", take_nanoseconds), VALUE("tx_bytes", take_sent),
	VALUE("rx_bytes", take_received), VALUE("persistent_keepalive_interval", take_keepalive),
	VALUE("allowed_ip", take_prefix), { 0 },
};

/* ---- lines ---- */

static bool is_named(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(line, name, len) == 0;
}

/* Names that are unknown are passed over: the protocol may grow. */
static int take_value(struct uapi_parser *p, size_t name, size_t len)
{
	const struct uapi_value *v = p->has_peer ? peer_values : device_values;

	for (; v->name; v++)
		if (v->len == name && memcmp(v->name, p->line, name) == 0)
			return v->take(p, p->line + name + 1, len);
	return 0;
}

/* Go's errors are negative on some systems. */
static int take_errno(struct uapi_parser *p, const char *value)
{
	uint64_t v;

	if (parse_number(value + (*value == '-'), 4095, &v))
		return error_set(p->err, ERR_IO, "wireguard-go sent a malformed errno");
	p->sys_errno = (int)v;
	return 0;
}

static int parse_line(struct uapi_parser *p)
{
	const char *equals = memchr(p->line, '=', p->line_len);
	size_t name = equals ? (size_t)(equals - p->line) : 0, len = p->line_len - name - 1;

	if (!p->line_len) {
		p->done = true;
		return end_peer(p);
	}
	p->line[p->line_len] = 0;
	if (!equals)
		return error_set(p->err, ERR_IO, "wireguard-go sent \"%.60s\"", p->line);
	if (is_named(p->line, name, "public_key"))
		return begin_peer(p, equals + 1, len);
	if (is_named(p->line, name, "errno"))
		return take_errno(p, equals + 1);
	if (take_value(p, name, len))
		return error_set(p->err, ERR_IO, "wireguard-go sent a malformed %.*s",
				 name < 60 ? (int)name : 60, p->line);
	return 0;
}

/* A line may come in pieces. */
int uapi_parser_feed(struct uapi_parser *p, const char *text, size_t len)
{
	const char *end = text + len;
	int r = 0;

	while (!r && !p->done && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t more = (size_t)((newline ? newline : end) - text);

		if (p->line_len + more >= UAPI_LINE_MAX)
			return error_set(p->err, ERR_IO,
					 "wireguard-go sent a line of more than %d bytes",
					 UAPI_LINE_MAX);
		memcpy(p->line + p->line_len, text, more);
		p->line_len += more;
		text += more;
		if (newline) {
			r = parse_line(p);
			p->line_len = 0;
			text++;
		}
	}
	return r;
}
