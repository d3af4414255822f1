/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of settings: how a value of one is read from a text, and written.  They know nothing
 * of who tells it.  Pure.
 */
#ifndef WGMESH_DAEMON_SETTING_KIND_H
#define WGMESH_DAEMON_SETTING_KIND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "daemon/settings.h"

bool setting_is_list(const struct setting *t);

/*
 * @value into @at, the field of @t: of a list, words with commas between them, behind those that
 * are there if @more, or the word none.  ERR_INVALID says what it takes; of a list, some may have
 * been added by then, and any other value is untouched.
 */
int setting_parse(const struct setting *t, void *at, bool more, const char *value,
		  struct error *err);

/* As it could be told; false as buf_append(). */
bool setting_format(const struct setting *t, const void *at, struct buf *out);

#endif
