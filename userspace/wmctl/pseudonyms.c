// SPDX-License-Identifier: Apache-2.0
#include "wmctl/pseudonyms.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/key.h"

#define SECRET "[secret]"
#define TOKEN "wgmesh1."
#define PEM_BEGIN "-----BEGIN "
#define PEM_END "-----END "

enum {
	SLOTS_FIRST = 1024,	/* a power of two */
	WORD_MAX = 256,		/* longer words are nobody's name */
	KINDS_MAX = 16,
	HEX_MIN = 32,		/* digits of a serial number or fingerprint */
};

struct slot {
	char *name;		/* NULL: free */
	const char *kind;
	unsigned int number;
};

struct pseudonyms {
	bool anonymize;
	struct slot *slots;	/* a hash table, at most half full */
	size_t size, used;
	struct {
		const char *kind;
		unsigned int last;
	} kinds[KINDS_MAX];
};

/* ---- the table ---- */

/* FNV-1a */
static size_t hash(const char *name)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return h;
}

/* Its slot, or the free one where it belongs. */
static struct slot *find(const struct slot *slots, size_t size, const char *name)
{
	size_t i = hash(name) & (size - 1);

	while (slots[i].name && strcmp(slots[i].name, name) != 0)
		i = (i + 1) & (size - 1);
	return (struct slot *)&slots[i];
}

static bool grow(struct pseudonyms *p)
{
	size_t size = p->size * 2;
	struct slot *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < p->size; i++)
		if (p->slots[i].name)
			*find(slots, size, p->slots[i].name) = p->slots[i];
	free(p->slots);
	p->slots = slots;
	p->size = size;
	return true;
}

static unsigned int next_number(struct pseudonyms *p, const char *kind)
{
	size_t i = 0;

	while (i < KINDS_MAX - 1 && p->kinds[i].kind && strcmp(p->kinds[i].kind, kind) != 0)
		i++;
	p->kinds[i].kind = kind;
	return ++p->kinds[i].last;
}

/* NULL: no memory. */
static const struct slot *intern(struct pseudonyms *p, const char *kind, const char *name)
{
	struct slot *slot;

	if (p->used * 2 >= p->size && !grow(p))
		return NULL;
	slot = find(p->slots, p->size, name);
	if (slot->name)
		return slot;
	slot->name = strdup(name);
	if (!slot->name)
		return NULL;
	slot->kind = kind;
	slot->number = next_number(p, kind);
	p->used++;
	return slot;
}

struct pseudonyms *pseudonyms_new(bool anonymize)
{
	struct pseudonyms *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->anonymize = anonymize;
	p->size = SLOTS_FIRST;
	p->slots = calloc(p->size, sizeof(*p->slots));
	if (!p->slots) {
		free(p);
		return NULL;
	}
	return p;
}

void pseudonyms_free(struct pseudonyms *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->size; i++)
		free(p->slots[i].name);
	free(p->slots);
	free(p);
}

bool pseudonyms_add(struct pseudonyms *p, const char *kind, const char *name)
{
	return !*name || intern(p, kind, name);
}

/* ---- what stands in a text: each returns the length of what it took, 0 if it is not that ---- */

static bool put(struct buf *out, const struct slot *slot)
{
	return slot && buf_printf(out, "%s-%u", slot->kind, slot->number);
}

static bool put_new(struct pseudonyms *p, const char *kind, const char *text, size_t len,
		    struct buf *out)
{
	char name[WORD_MAX];

	memcpy(name, text, len);
	name[len] = 0;
	if (put(out, intern(p, kind, name)))
		return true;
	out->failed = true;
	return false;
}

static size_t take_secret(const char *at, struct buf *out)
{
	const char *end;

	if (strncmp(at, TOKEN, strlen(TOKEN)) == 0) {
		buf_append_text(out, SECRET);
		return strlen(TOKEN) + strspn(at + strlen(TOKEN),
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
	}
	if (strncmp(at, PEM_BEGIN, strlen(PEM_BEGIN)) != 0)
		return 0;
	buf_append_text(out, SECRET);
	end = strstr(at, PEM_END);
	return end ? (size_t)(end - at) + strcspn(end, "\n") : strlen(at);
}

static size_t take_key(struct pseudonyms *p, const char *at, struct buf *out)
{
	char text[KEY_TEXT_MAX];
	struct key key;

	if (strnlen(at, sizeof(text) - 1) < sizeof(text) - 1 || at[sizeof(text) - 2] != '=')
		return 0;
	memcpy(text, at, sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	if (!key_parse(text, &key))
		return 0;
	put_new(p, "key", text, sizeof(text) - 1, out);
	return sizeof(text) - 1;
}

static bool is_everybodys(const struct ip *ip)
{
	static const uint8_t none[16], loopback[16] = { [15] = 1 };

	if (ip->family == AF_INET)
		return ip->bytes[0] == 127 || ip->bytes[0] == 0;
	return memcmp(ip->bytes, none, 16) == 0 || memcmp(ip->bytes, loopback, 16) == 0;
}

/* The longest beginning that is an address: "192.0.2.1:8443" has a port behind it. */
static size_t take_address(struct pseudonyms *p, const char *at, struct buf *out)
{
	char text[IP_TEXT_MAX];
	size_t len = 0;
	struct ip ip;

	while (len < sizeof(text) - 1 && (isxdigit((unsigned char)at[len]) || at[len] == ':' ||
					  at[len] == '.'))
		len++;

	if (isalnum((unsigned char)at[len]) && !isxdigit((unsigned char)at[len]))
		return 0;
	for (; len > 1; len--) {
		if (isxdigit((unsigned char)at[len]))
			continue;
		memcpy(text, at, len);
		text[len] = 0;
		if (!ip_parse(text, &ip))
			continue;
		if (is_everybodys(&ip))
			buf_append(out, text, len);
		else
			/* One address has many texts. */
			put_new(p, ip.family == AF_INET ? "ipv4" : "ipv6", ip_format(&ip, text),
				strlen(text), out);
		return len;
	}
	return 0;
}

/* Six pairs of digits with colons. */
static size_t take_mac(struct pseudonyms *p, const char *at, struct buf *out)
{
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? at[i] != ':' : !isxdigit((unsigned char)at[i]))
			return 0;
	if (isxdigit((unsigned char)at[17]) || at[17] == ':')
		return 0;
	put_new(p, "mac", at, 17, out);
	return 17;
}

/* Of "n1.webmesh.internal" the name is "n1". */
static size_t take_name(struct pseudonyms *p, const char *at, size_t len, struct buf *out)
{
	char word[WORD_MAX];
	const struct slot *slot;

	if (len >= sizeof(word))
		return 0;
	memcpy(word, at, len);
	word[len] = 0;
	for (char *end = word + len; end; end = strrchr(word, '.')) {
		*end = 0;
		slot = find(p->slots, p->size, word);
		if (slot->name) {
			put(out, slot);
			return (size_t)(end - word);
		}
	}
	return 0;
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* With the dots in it; longer ones are nobody's name. */
static size_t word_length(const char *at)
{
	size_t len = 0;

	while (len < WORD_MAX && (in_name(at[len]) || at[len] == '.'))
		len++;
	return len;
}

static size_t take_word(struct pseudonyms *p, const char *at, struct buf *out)
{
	size_t taken = take_name(p, at, word_length(at), out), len = 0;

	if (taken)
		return taken;
	while (in_name(at[len]))
		len++;
	if (len >= HEX_MIN && len < WORD_MAX && strspn(at, "0123456789abcdefABCDEF") == len) {
		put_new(p, "hex", at, len, out);
		return len;
	}
	/* As it is, up to where a name may begin. */
	len += !len;
	buf_append(out, at, len);
	return len;
}

static size_t take(struct pseudonyms *p, const char *at, struct buf *out)
{
	size_t taken = take_secret(at, out);

	if (!taken && !p->anonymize) {
		taken = word_length(at);
		taken += !taken;
		buf_append(out, at, taken);
	}
	if (!taken)
		taken = take_key(p, at, out);
	if (!taken)
		taken = take_mac(p, at, out);
	if (!taken)
		taken = take_address(p, at, out);
	return taken ? taken : take_word(p, at, out);
}

bool pseudonyms_apply(struct pseudonyms *p, const char *text, struct buf *out)
{
	while (*text && !out->failed)
		text += take(p, text, out);
	return !out->failed;
}
