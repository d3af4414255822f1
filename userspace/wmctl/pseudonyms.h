/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts for strangers: secrets are left out, and names, addresses and keys are replaced, each by
 * the same word wherever it stands.  The words are numbered as they come: what is equal can be
 * told, what it was can not.  One thread.
 */
#ifndef WGMESH_WMCTL_PSEUDONYMS_H
#define WGMESH_WMCTL_PSEUDONYMS_H

#include <stdbool.h>

#include "base/buf.h"

struct pseudonyms;

/* @anonymize false: only secrets are left out.  NULL: no memory. */
struct pseudonyms *pseudonyms_new(bool anonymize);
void pseudonyms_free(struct pseudonyms *p);

/* From now on @name is "KIND-1", or with the next number that is free; false: no memory. */
bool pseudonyms_add(struct pseudonyms *p, const char *kind, const char *name);

/*
 * @text for strangers behind @out; false as buf_append(), and when there is no memory.  Of
 * addresses those of the loopback and "any" stay, for they are everybody's.
 */
bool pseudonyms_apply(struct pseudonyms *p, const char *text, struct buf *out);

#endif
