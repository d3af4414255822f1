// SPDX-License-Identifier: Apache-2.0
#include "rtc/sdp.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

enum {
	UFRAG_MIN = 4,
	PWD_MIN = 22,
	LINE_MAX_BYTES = 1024,
	FINGERPRINT_TEXT = 3 * SHA256_BYTES - 1,	/* "AB:CD:…" */
};

static const char *const setups[] = { "actpass", "active", "passive" };
static const char *const types[] = { "offer", "answer" };

struct parser {
	struct sdp sdp;
	unsigned int sections;
	bool setup, fingerprint;
};

typedef int attribute_fn(struct parser *p, const char *value, struct error *err);

static int invalid(struct error *err, const char *what)
{
	return error_set(err, ERR_INVALID, "session description: %s", what);
}

/* ---- values ---- */

static int credential(const char *value, size_t min, char *out, const char *what,
		      struct error *err)
{
	size_t len = strlen(value);

	if (len < min || len > SDP_CREDENTIAL_MAX)
		return invalid(err, what);
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)value[i]) && value[i] != '+' && value[i] != '/')
			return invalid(err, what);
	}
	memcpy(out, value, len + 1);
	return 0;
}

static int on_ufrag(struct parser *p, const char *value, struct error *err)
{
	return credential(value, UFRAG_MIN, p->sdp.ufrag, "ice-ufrag", err);
}

static int on_pwd(struct parser *p, const char *value, struct error *err)
{
	return credential(value, PWD_MIN, p->sdp.pwd, "ice-pwd", err);
}

static bool parse_fingerprint(const char *text, uint8_t ret[SHA256_BYTES])
{
	if (strlen(text) != FINGERPRINT_TEXT)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++, text += 3) {
		const char pair[] = { text[0], text[1], 0 };

		if (!hex_parse(pair, ret + i, 1) || (i + 1 < SHA256_BYTES && text[2] != ':'))
			return false;
	}
	return true;
}

/* Of several of the same certificate one suffices (RFC 8122, 5); all peers have SHA-256. */
static int on_fingerprint(struct parser *p, const char *value, struct error *err)
{
	if (strncasecmp(value, "sha-256 ", 8) != 0)
		return 0;
	if (!parse_fingerprint(value + 8, p->sdp.fingerprint))
		return invalid(err, "fingerprint");
	p->fingerprint = true;
	return 0;
}

static int on_setup(struct parser *p, const char *value, struct error *err)
{
	for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]); i++) {
		if (strcmp(value, setups[i]) == 0) {
			p->sdp.setup = (enum sdp_setup)i;
			p->setup = true;
			return 0;
		}
	}
	return invalid(err, "setup");
}

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text) || (n = n * 10 + (uint64_t)(*text - '0')) > max)
			return false;
	}
	*ret = n;
	return true;
}

static int on_sctp_port(struct parser *p, const char *value, struct error *err)
{
	uint64_t port;

	if (!number(value, UINT16_MAX, &port) || port == 0)
		return invalid(err, "sctp-port");
	p->sdp.sctp_port = (uint16_t)port;
	return 0;
}

static int on_message_size(struct parser *p, const char *value, struct error *err)
{
	uint64_t size;

	if (!number(value, UINT64_MAX / 16, &size))
		return invalid(err, "max-message-size");
	p->sdp.message_max = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	return 0;
}

static int on_mid(struct parser *p, const char *value, struct error *err)
{
	size_t len = strlen(value);

	if (len == 0 || len > SDP_MID_MAX)
		return invalid(err, "mid");
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)value[i]))
			return invalid(err, "mid");
	}
	memcpy(p->sdp.mid, value, len + 1);
	return 0;
}

static int on_candidate(struct parser *p, const char *line, struct error *err)
{
	struct candidate c;
	int r = candidate_parse(line, &c, err);

	if (r == -ERR_UNSUPPORTED)
		return 0;
	if (r == 0 && p->sdp.candidate_count < SDP_CANDIDATES_MAX)
		p->sdp.candidates[p->sdp.candidate_count++] = c;
	return r;
}

/* ---- lines ---- */

static const struct {
	const char *name;
	attribute_fn *parse;
} attributes[] = {
	{ "a=ice-ufrag:", on_ufrag },
	{ "a=ice-pwd:", on_pwd },
	{ "a=fingerprint:", on_fingerprint },
	{ "a=setup:", on_setup },
	{ "a=sctp-port:", on_sctp_port },
	{ "a=max-message-size:", on_message_size },
	{ "a=mid:", on_mid },
};

static int on_media(struct parser *p, const char *line, struct error *err)
{
	unsigned int port;
	char transport[16];

	if (++p->sections > 1)
		return invalid(err, "more than one section; data channels have one");
	if (sscanf(line, "m=application %5u %15s webrtc-datachannel", &port, transport) != 2 ||
	    !strstr(line, " webrtc-datachannel"))
		return invalid(err, "not a section of data channels");
	if (strcmp(transport, "UDP/DTLS/SCTP") != 0 && strcmp(transport, "TCP/DTLS/SCTP") != 0)
		return invalid(err, "not DTLS and SCTP");
	return port ? 0 : invalid(err, "the other side declined the data channels");
}

static int on_line(struct parser *p, const char *line, struct error *err)
{
	if (strncmp(line, "m=", 2) == 0)
		return on_media(p, line, err);
	if (strncmp(line, "a=candidate:", 12) == 0)
		return on_candidate(p, line, err);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		size_t len = strlen(attributes[i].name);

		if (strncmp(line, attributes[i].name, len) == 0)
			return attributes[i].parse(p, line + len, err);
	}
	return 0;
}

static int check_whole(const struct parser *p, struct error *err)
{
	if (p->sections == 0)
		return invalid(err, "no section of data channels");
	if (!*p->sdp.ufrag || !*p->sdp.pwd)
		return invalid(err, "no ice-ufrag and ice-pwd");
	if (!p->fingerprint)
		return invalid(err, "no SHA-256 fingerprint");
	return p->setup ? 0 : invalid(err, "no setup");
}

static int parse_lines(struct parser *p, const char *text, struct error *err)
{
	char line[LINE_MAX_BYTES];
	int r = 0;

	while (r == 0 && *text) {
		size_t len = strcspn(text, "\n"), kept = len;

		if (len >= sizeof(line))
			return invalid(err, "a line is too long");
		while (kept && isspace((unsigned char)text[kept - 1]))
			kept--;
		memcpy(line, text, kept);
		line[kept] = 0;
		text += len + (text[len] == '\n');
		r = on_line(p, line, err);
	}
	return r;
}

int sdp_parse(const char *text, struct sdp *ret, struct error *err)
{
	struct parser p = { .sdp = { .mid = "0", .sctp_port = 5000,
				     .message_max = SDP_MESSAGE_SIZE_DEFAULT } };
	int r = 0;

	if (strnlen(text, SDP_TEXT_MAX + 1) > SDP_TEXT_MAX)
		return invalid(err, "too long");
	if (strncmp(text, "v=0", 3) != 0)
		r = invalid(err, "does not begin with v=0");
	if (r == 0)
		r = parse_lines(&p, text, err);
	if (r == 0)
		r = check_whole(&p, err);
	if (r == 0)
		*ret = p.sdp;
	return r;
}

void sdp_format(const struct sdp *s, struct buf *out)
{
	char text[CANDIDATE_TEXT_MAX];

	buf_printf(out, "v=0\r\no=- 1 %u IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE %s\r\n"
		   "a=ice-options:trickle\r\n"
		   "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
		   "a=mid:%s\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 ",
		   s->version + 1, s->mid, s->mid, s->ufrag, s->pwd);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		buf_printf(out, "%s%02X", i ? ":" : "", s->fingerprint[i]);
	buf_printf(out, "\r\na=setup:%s\r\na=sctp-port:%u\r\na=max-message-size:%u\r\n",
		   setups[s->setup], s->sctp_port, s->message_max);
	for (size_t i = 0; i < s->candidate_count; i++)
		buf_printf(out, "a=%s\r\n", candidate_format(&s->candidates[i], text));
}

/* ---- JSON ---- */

int sdp_parse_json(const char *json, enum sdp_type type, struct sdp *ret, struct error *err)
{
	const char *said, *text;
	json_t *object;
	int r;

	if (strnlen(json, SDP_TEXT_MAX + 1) > SDP_TEXT_MAX)
		return invalid(err, "too long");
	object = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	said = json_string_value(json_object_get(object, "type"));
	text = json_string_value(json_object_get(object, "sdp"));
	if (!said || !text)
		r = invalid(err, "not {\"type\":\"...\",\"sdp\":\"...\"}");
	else if (strcmp(said, types[type]) != 0)
		r = invalid(err, type == SDP_ANSWER ? "not an answer" : "not an offer");
	else
		r = sdp_parse(text, ret, err);
	json_decref(object);
	return r;
}

char *sdp_format_json(const struct sdp *s, enum sdp_type type)
{
	struct buf text = BUF_INIT(SDP_TEXT_MAX);
	json_t *object = NULL;
	char *json = NULL;

	sdp_format(s, &text);
	if (!text.failed)
		object = json_pack("{s:s, s:s}", "type", types[type], "sdp", buf_text(&text));
	if (object)
		json = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	buf_fini(&text);
	return json;
}
