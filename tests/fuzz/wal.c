// SPDX-License-Identifier: Apache-2.0
/* store: a database's write-ahead log, as a disk may give it back.  Whatever is in it is judged. */
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/wal_check.h"

static char path[64], wal[72];	/* in memory: thousands a second are written */

static void forget(void)
{
	unlink(wal);
}

static void open_place(void)
{
	snprintf(path, sizeof(path), "/dev/shm/wgmesh-fuzz-%d", (int)getpid());
	snprintf(wal, sizeof(wal), "%s-wal", path);
	atexit(forget);
}

static void judge(const uint8_t *data, size_t size)
{
	int fd = open(wal, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r;

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	r = wal_check(path, NULL);
	must(r == 0 || r == -ERR_CORRUPT);
}

/* The checksum of the header, over 24 bytes as words of the order that its first one tells. */
static void sum_header(uint8_t *header)
{
	uint32_t sum[2] = { 0, 0 };

	for (int i = 0; i < 24; i += 4) {
		uint32_t word = load_u32(header + i);

		sum[i / 4 % 2] += (header[3] & 1 ? word : __builtin_bswap32(word)) + sum[1 - i / 4 % 2];
	}
	store_u32(header + 24, sum[0]);
	store_u32(header + 28, sum[1]);
}

/* As it is, and with a header that is right, which no mutation would find. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size);

	if (!*path)
		open_place();
	judge(data, size);
	if (size >= 32) {
		sum_header(copy);
		judge(copy, size);
	}
	free(copy);
	return 0;
}
