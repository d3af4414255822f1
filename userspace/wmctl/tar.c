// SPDX-License-Identifier: Apache-2.0
#include "wmctl/tar.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 512 };

/* Numbers are octal texts. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* The sum of its bytes, with its own field taken for spaces. */
static unsigned int checksum(const struct header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned int sum = 0;

	for (int i = 0; i < BLOCK; i++)
		sum += bytes[i];
	return sum;
}

bool tar_add(struct buf *archive, const char *name, const void *data, size_t len, int64_t mtime)
{
	static const char zeros[BLOCK];
	struct header h = { .type = '0', .magic = "ustar", .version = { '0', '0' } };

	if (strlen(name) > TAR_NAME_MAX || len >= (1ul << 33))
		return false;
	memcpy(h.name, name, strlen(name));
	snprintf(h.mode, sizeof(h.mode), "%07o", 0600);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	snprintf(h.size, sizeof(h.size), "%011lo", (unsigned long)len);
	snprintf(h.mtime, sizeof(h.mtime), "%011lo", (unsigned long)mtime & 077777777777);
	memset(h.checksum, ' ', sizeof(h.checksum));
	snprintf(h.checksum, sizeof(h.checksum), "%06o", checksum(&h));
	return buf_append(archive, &h, sizeof(h)) && buf_append(archive, data, len) &&
	       buf_append(archive, zeros, (BLOCK - len % BLOCK) % BLOCK);
}

bool tar_finish(struct buf *archive)
{
	static const char zeros[2 * BLOCK];

	return buf_append(archive, zeros, sizeof(zeros));
}
