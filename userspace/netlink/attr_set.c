// SPDX-License-Identifier: Apache-2.0
#include "netlink/attr_set.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <netlink/msg.h>

#include "base/key.h"

struct path {
	char *text;
	size_t len;
};

static void add(struct path *p, const char *text)
{
	int n = snprintf(p->text + p->len, ATTR_PATH_MAX - p->len, "%s%s", p->len ? ", " : "",
			 text);

	if (n > 0)
		p->len += (size_t)n;
	if (p->len >= ATTR_PATH_MAX)
		p->len = ATTR_PATH_MAX - 1;
}

/* What an object is called: its public key when it has one, else its index. */
static void describe(const struct attr_set *nest, struct nlattr *attr, unsigned int index,
		     const char *name, struct path *p)
{
	struct nlattr *key = NULL;
	char text[96], base64[KEY_TEXT_MAX];

	if (nest && nest->key_type)
		key = nla_find(nla_data(attr), nla_len(attr), (int)nest->key_type);
	if (key && nla_len(key) == KEY_BYTES)
		snprintf(text, sizeof(text), "%s %s", name, key_format(nla_data(key), base64));
	else if (nest && !nest->elements)
		snprintf(text, sizeof(text), "%s %u", name, index);
	else
		snprintf(text, sizeof(text), "%s", name);
	add(p, text);
}

static const struct attr_name *name_of(const struct attr_set *set, unsigned int type)
{
	static const struct attr_name unknown = { .name = "unknown attribute" };

	return type < set->count && set->names[type].name ? &set->names[type] : &unknown;
}

/* How many attributes of the same type stand before @attr. */
static unsigned int index_of(struct nlattr *head, int len, const struct nlattr *attr)
{
	unsigned int index = 0;
	struct nlattr *a;
	int rem;

	nla_for_each_attr(a, head, len, rem) {
		if (a == attr)
			break;
		index += nla_type(a) == nla_type(attr);
	}
	return index;
}

/*
 * Walks down to @offset; returns the set that applies inside of what stands
 * there, or NULL when that is a leaf or nothing stands there.
 */
static const struct attr_set *walk(const struct attr_set *set, struct nlattr *head, int len,
				   size_t offset, struct path *p)
{
	const char *base = (const char *)head;
	unsigned int index;
	struct nlattr *a;
	int rem;

	nla_for_each_attr(a, head, len, rem) {
		size_t at = (size_t)((const char *)a - base), inner = at + NLA_HDRLEN;
		const struct attr_set *nest = set->elements;
		const char *name = "element";

		if (offset < at || offset >= at + a->nla_len)
			continue;
		if (!nest) {
			name = name_of(set, nla_type(a))->name;
			nest = name_of(set, nla_type(a))->nest;
		}
		index = set->elements ? (unsigned int)nla_type(a) : index_of(head, len, a);
		describe(nest, a, index, name, p);
		if (offset == at || !nest)
			return nest;
		return walk(nest, nla_data(a), nla_len(a), offset - inner, p);
	}
	return NULL;
}

void attr_path(const struct attr_set *set, const void *attrs, size_t len, size_t offset,
	       char out[ATTR_PATH_MAX])
{
	struct path p = { .text = out };

	out[0] = 0;
	if (set)
		walk(set, (struct nlattr *)attrs, (int)len, offset, &p);
}

void attr_missing(const struct attr_set *set, const void *attrs, size_t len, size_t offset,
		  unsigned int type, char out[ATTR_PATH_MAX])
{
	struct path p = { .text = out };

	out[0] = 0;
	if (set && offset != SIZE_MAX)
		set = walk(set, (struct nlattr *)attrs, (int)len, offset, &p);
	if (set && !set->elements)
		add(&p, name_of(set, type)->name);
}
