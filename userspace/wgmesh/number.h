/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WGMESH_WGMESH_NUMBER_H
#define WGMESH_WGMESH_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits only, 0 to @max; @ret is untouched on failure. */
bool number_parse(const char *text, uint64_t max, uint64_t *ret);

#endif
