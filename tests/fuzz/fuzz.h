/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the harnesses share.  A harness takes any bytes, gives them to one parser, and says with
 * must() what holds of whatever the parser accepts.  It keeps no state from one input to the next,
 * or an input would not fail again by itself.
 */
#ifndef WGMESH_TESTS_FUZZ_H
#define WGMESH_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what) do { \
	if (!(what)) { \
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what); \
		abort(); \
	} \
} while (0)

/* A copy that ends where the input does, for the sanitizer to see a read beyond; free() it. */
static inline uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	must(copy);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

/* The same with a NUL behind; its text ends at the first one. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text);
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	return text;
}

#endif
