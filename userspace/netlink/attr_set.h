/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to netlink/: the attributes of a family by name, so that an error of
 * the kernel, which gives an offset into our message, can name the attribute.
 */
#ifndef WGMESH_NETLINK_ATTR_SET_H
#define WGMESH_NETLINK_ATTR_SET_H

#include <stddef.h>

struct attr_set;

struct attr_name {
	const char *name;
	const struct attr_set *nest;	/* NULL: a leaf */
};

struct attr_set {
	const struct attr_name *names;	/* by type */
	unsigned int count;
	unsigned int key_type;		/* the public key that names the object; 0: none */
	const struct attr_set *elements;	/* not NULL: an array of these, types are indices */
};

enum { ATTR_PATH_MAX = 128 };

/*
 * Writes the path of the attribute at @offset of @attrs (@len bytes of attributes)
 * into @out, such as "peer BASE64, prefix 2, address"; "" when there is none there.
 */
void attr_path(const struct attr_set *set, const void *attrs, size_t len, size_t offset,
	       char out[ATTR_PATH_MAX]);

/* Name of an attribute that is missing in the nest at @offset (0: in the message itself). */
void attr_missing(const struct attr_set *set, const void *attrs, size_t len, size_t offset,
		  unsigned int type, char out[ATTR_PATH_MAX]);

#endif
