/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills messages of protobuf-c so that protobuf_c_message_free_unpacked() frees them: every text
 * and every array is malloc's.  The first allocation that fails sticks, and is looked at at the
 * end.  One thread.
 */
#ifndef WGMESH_METRICS_DRAFT_H
#define WGMESH_METRICS_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

struct draft {
	bool failed;	/* no memory */
};

/* *@field was "" or a text of this; NULL stands for "". */
void draft_text(struct draft *m, char **field, const char *text);
void draft_printf(struct draft *m, char **field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends to a repeated string. */
void draft_add_text(struct draft *m, char ***field, size_t *count, const char *text);

/* A new message of @type, initialised, or NULL. */
void *draft_new(struct draft *m, const ProtobufCMessageDescriptor *type);
/* The same, appended to a repeated field. */
void *draft_add(struct draft *m, const ProtobufCMessageDescriptor *type, void *field,
		  size_t *count);

#endif
