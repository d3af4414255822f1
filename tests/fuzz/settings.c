// SPDX-License-Identifier: Apache-2.0
/* daemon: the configuration file.  Printed as `config show` does, it says the same again. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "daemon/settings_sources.h"

enum { PRINTED_MAX = 1 << 20 };

static int read_text(struct settings *s, const void *text, size_t len)
{
	int fd = memfd_create("settings", MFD_CLOEXEC), r;
	char path[64];

	must(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	settings_init(s);
	r = settings_read_file(s, path, NULL);
	close(fd);
	return r;
}

static void print(const struct settings *s, struct buf *out)
{
	for (int row = 0; row < SETTINGS_COUNT; row++) {
		if (s->told[row].origin == ORIGIN_DEFAULT)
			continue;
		must(settings_print(s, row, out));
		must(buf_append_text(out, "\n"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = BUF_INIT(PRINTED_MAX), second = BUF_INIT(PRINTED_MAX);
	struct settings s, back;

	if (!read_text(&s, data, size)) {
		print(&s, &first);
		must(!read_text(&back, first.data, first.len));
		print(&back, &second);
		must(strcmp(buf_text(&first), buf_text(&second)) == 0);
	}
	buf_fini(&first);
	buf_fini(&second);
	return 0;
}
