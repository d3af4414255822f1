/* SPDX-License-Identifier: Apache-2.0 */
/* Texts from outside, which are UTF-8 (RFC 3629) or no texts.  Any thread. */
#ifndef WGMESH_CONFIG_UTF8_H
#define WGMESH_CONFIG_UTF8_H

#include <stddef.h>

/*
 * Bytes of @text before the first that begins no whole character: strlen(@text) when there is none
 * such.  Surrogates, what is longer than it need be and what is beyond U+10FFFF are no characters.
 */
size_t utf8_valid_bytes(const char *text);

#endif
