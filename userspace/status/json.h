/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in JSON (RFC 8259).  Any thread. */
#ifndef WGMESH_STATUS_JSON_H
#define WGMESH_STATUS_JSON_H

#include "base/buf.h"

/* Appends @text in quotes; whatever is neither ASCII nor printable as \u00XX of the byte. */
void json_text(struct buf *out, const char *text);

/* Appends "name":"text", with a comma behind it. */
void json_field(struct buf *out, const char *name, const char *text);

#endif
