/* SPDX-License-Identifier: Apache-2.0 */
/* The .proto files that the build has embedded, for server reflection.  Immutable; any thread. */
#ifndef WGMESH_DAEMON_DESCRIPTORS_H
#define WGMESH_DAEMON_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "google/protobuf/descriptor.pb-c.h"

struct descriptors;

typedef Google__Protobuf__FileDescriptorProto descriptor_file;

int descriptors_new(struct descriptors **ret, struct error *err);
void descriptors_free(struct descriptors *all);

/* NULL: there is none.  The files are @all's. */
const descriptor_file *descriptors_lookup(const struct descriptors *all, const char *filename);

/*
 * The file that defines @symbol: the full name of a message, an enum, a service, or of a field,
 * value or method of one of them.
 */
const descriptor_file *descriptors_find(const struct descriptors *all, const char *symbol);
bool descriptors_is_message(const struct descriptors *all, const char *name);

enum { DESCRIPTORS_MAX = 64 };	/* files; descriptors_new() fails with more */

/* @file and all that it imports, imports first; returns the count. */
size_t descriptors_closure(const struct descriptors *all, const descriptor_file *file,
			   const descriptor_file *ret[DESCRIPTORS_MAX]);

#endif
