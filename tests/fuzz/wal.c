// SPDX-License-Identifier: Apache-2.0
/* store: a database's write-ahead log, as a disk may give it back.  Whatever is in it is judged. */
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd, r;

	if (!*path)
		open_place();
	fd = open(wal, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	r = wal_check(path, NULL);
	must(r == 0 || r == -ERR_CORRUPT);
	return 0;
}
