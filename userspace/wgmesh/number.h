/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WGMESH_WGMESH_NUMBER_H
#define WGMESH_WGMESH_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal digits only, 0 to @max; @ret is untouched on failure. */
bool number_parse(const char *text, uint64_t max, uint64_t *ret);

/* Exactly 2 * @len hexadecimal digits; false, and @ret is not to be used, for all else. */
bool hex_parse(const char *text, uint8_t *ret, size_t len);

#endif
