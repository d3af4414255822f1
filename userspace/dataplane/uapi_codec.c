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

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_key(const char *hex, struct key *ret)
{
	if (strlen(hex) != KEY_BYTES * 2)
		return -1;
	for (int i = 0; i < KEY_BYTES; i++) {
		int high = nibble(hex[i * 2]), low = nibble(hex[i * 2 + 1]);

		if (high < 0 || low < 0)
			return -1;
		ret->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
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

static int begin_peer(struct uapi_parser *p, const char *value)
{
	int r = end_peer(p);

	if (r)
		return r;
	if (parse_key(value, &p->peer.public_key))
		return error_set(p->err, ERR_IO, "wireguard-go told a malformed public key");
	p->has_peer = true;
	return 0;
}

static int parse_device_value(struct uapi_parser *p, const char *name, const char *value)
{
	struct wg_device *d = &p->device;
	uint64_t v = 0;
	int r = 0;

	if (strcmp(name, "private_key") == 0) {
		d->fields |= WG_DEVICE_PRIVATE_KEY;
		r = parse_key(value, &d->private_key);
	} else if (strcmp(name, "listen_port") == 0) {
		d->fields |= WG_DEVICE_LISTEN_PORT;
		r = parse_number(value, UINT16_MAX, &v);
		d->listen_port = (uint16_t)v;
	} else if (strcmp(name, "fwmark") == 0) {
		d->fields |= WG_DEVICE_FWMARK;
		r = parse_number(value, UINT32_MAX, &v);
		d->fwmark = (uint32_t)v;
	}
	return r;
}

static int parse_prefix(struct uapi_parser *p, const char *value)
{
	struct wg_prefix prefix = { 0 };

	if (!prefix_parse(value, &prefix.prefix))
		return -1;
	return buf_append(&p->prefixes, &prefix, sizeof(prefix)) ? 0 : -1;
}

static int parse_handshake(struct uapi_parser *p, const char *value, uint64_t unit)
{
	uint64_t v;

	if (parse_number(value, UINT64_MAX / unit, &v))
		return -1;
	p->peer.last_handshake += v * unit;
	return 0;
}

static int parse_peer_value(struct uapi_parser *p, const char *name, const char *value)
{
	struct wg_peer *peer = &p->peer;
	uint64_t v = 0;
	int r;

	if (strcmp(name, "allowed_ip") == 0)
		return parse_prefix(p, value);
	if (strcmp(name, "last_handshake_time_sec") == 0)
		return parse_handshake(p, value, 1000000000);
	if (strcmp(name, "last_handshake_time_nsec") == 0)
		return parse_handshake(p, value, 1);
	if (strcmp(name, "rx_bytes") == 0)
		return parse_number(value, UINT64_MAX, &peer->rx_bytes);
	if (strcmp(name, "tx_bytes") == 0)
		return parse_number(value, UINT64_MAX, &peer->tx_bytes);
	if (strcmp(name, "preshared_key") == 0) {
		peer->fields |= WG_PEER_PRESHARED_KEY;
		return parse_key(value, &peer->preshared_key);
	}
	if (strcmp(name, "persistent_keepalive_interval") == 0) {
		peer->fields |= WG_PEER_KEEPALIVE;
		r = parse_number(value, UINT16_MAX, &v);
		peer->keepalive = (uint16_t)v;
		return r;
	}
	/* A link-local one has a zone ("%eth0") that we cannot hold: then there is none. */
	if (strcmp(name, "endpoint") == 0 && endpoint_parse(value, &peer->endpoint))
		peer->fields |= WG_PEER_ENDPOINT;
	return 0;
}

/* Names that are unknown are passed over: the protocol may grow. */
static int parse_line(struct uapi_parser *p)
{
	char *value = strchr(p->line, '=');
	uint64_t v;

	if (!p->line[0]) {
		p->done = true;
		return end_peer(p);
	}
	if (!value)
		return error_set(p->err, ERR_IO, "wireguard-go sent \"%.60s\"", p->line);
	*value++ = 0;
	if (strcmp(p->line, "public_key") == 0)
		return begin_peer(p, value);
	if (strcmp(p->line, "errno") == 0) {
		/* Go's errors are negative on some systems. */
		value += *value == '-';
		if (parse_number(value, 4095, &v))
			return error_set(p->err, ERR_IO, "wireguard-go sent a malformed errno");
		p->sys_errno = (int)v;
		return 0;
	}
	if (p->has_peer ? parse_peer_value(p, p->line, value) :
			  parse_device_value(p, p->line, value))
		return error_set(p->err, ERR_IO, "wireguard-go sent a malformed %.60s", p->line);
	return 0;
}

int uapi_parser_feed(struct uapi_parser *p, const char *text, size_t len)
{
	int r = 0;

	for (size_t i = 0; !r && !p->done && i < len; i++) {
		if (text[i] != '\n') {
			if (p->line_len == UAPI_LINE_MAX - 1)
				return error_set(p->err, ERR_IO,
						 "wireguard-go sent a line of more than %d bytes",
						 UAPI_LINE_MAX);
			p->line[p->line_len++] = text[i];
			continue;
		}
		p->line[p->line_len] = 0;
		p->line_len = 0;
		r = parse_line(p);
	}
	return r;
}
