// SPDX-License-Identifier: Apache-2.0
/* wmctl snapshot save|restore: the replicated state as a file, and back. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ext/v1/snapshots.pb-c.h"
#include "wmctl/command.h"

#define USAGE "snapshot save FILE | snapshot restore FILE"

enum { PAUSE_MS = 100, TRIES = 600, ATTEMPTS = 3 };

typedef Webmesh__Ext__V1__ReadSnapshotRequest read_request;
typedef Webmesh__Ext__V1__ReadSnapshotResponse read_response;

static int ask(struct session *s, const read_request *q, ProtobufCMessage **ret, struct error *err)
{
	return session_call(s, &webmesh__ext__v1__snapshots__descriptor, "Read", &q->base, ret,
			    err);
}

/* 1: a piece came; 0: the snapshot is still being made. */
static int take(int fd, const char *path, read_request *q, const read_response *m,
		struct error *err)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	q->min_index = m->min_index;
	if (!m->index) {
		nanosleep(&pause, NULL);
		return 0;
	}
	if (m->data.len == 0 && q->offset < m->size)
		return error_set(err, ERR_CORRUPT,
				 "the snapshot ends at %" PRIu64 " of %" PRIu64 " bytes",
				 q->offset, m->size);
	if (pwrite(fd, m->data.data, m->data.len, (off_t)q->offset) != (ssize_t)m->data.len)
		return error_errno(err, errno ? errno : ENOSPC, "%s: cannot write", path);
	q->index = m->index;
	q->offset += m->data.len;
	return 1;
}

static int fetch(struct session *s, int fd, const char *path, read_request *q, struct error *err)
{
	unsigned int idle = 0;
	uint64_t size = UINT64_MAX;

	while (q->offset < size) {
		ProtobufCMessage *reply;
		int r = ask(s, q, &reply, err);

		if (r < 0)
			return r;
		r = take(fd, path, q, (const read_response *)reply, err);
		if (r > 0)
			size = ((const read_response *)reply)->size;
		protobuf_c_message_free_unpacked(reply, NULL);
		if (r == 0 && ++idle == TRIES)
			r = error_set(err, ERR_DEADLINE, "the node makes no snapshot");
		if (r < 0)
			return r;
	}
	return 0;
}

/* A newer snapshot may take the place of the one that is being read. */
static int save_to(struct session *s, int fd, const char *path, uint64_t *ret_index,
		   uint64_t *ret_size, struct error *err)
{
	int r = 0;

	for (int i = 0; i < ATTEMPTS; i++) {
		read_request q = WEBMESH__EXT__V1__READ_SNAPSHOT_REQUEST__INIT;

		r = fetch(s, fd, path, &q, err);
		*ret_index = q.index;
		*ret_size = q.offset;
		if (r != -ERR_UNAVAILABLE || !q.index)
			break;
	}
	if (r == 0 && ftruncate(fd, (off_t)*ret_size) < 0)
		r = error_errno(err, errno, "%s: cannot write", path);
	if (r == 0 && fsync(fd) < 0)
		r = error_errno(err, errno, "%s: cannot sync", path);
	return r;
}

/* Under another name until it is whole: half a backup must not look like one. */
static int save(struct session *s, const char *file)
{
	char part[PATH_MAX];
	struct error err = { 0 };
	uint64_t index, size;
	int fd, r;

	snprintf(part, sizeof(part), "%s.part", file);
	fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_errno(&err, errno, "%s", part);
		return command_fail(&err);
	}
	r = save_to(s, fd, part, &index, &size, &err);
	close(fd);
	if (r == 0 && rename(part, file) < 0)
		r = error_errno(&err, errno, "%s", file);
	if (r < 0) {
		unlink(part);
		return command_fail(&err);
	}
	if (!output_structured(s->format))
		printf("%s: state of entry %" PRIu64 ", %" PRIu64 " bytes\n", file, index, size);
	return EXIT_OK;
}

/* The stopped daemon's files are the daemon's own business. */
static int restore(struct session *s, const char *file)
{
	struct error err = { 0 };

	execlp("wgmeshd", "wgmeshd", "recover", "--state-dir", s->state_dir, file, (char *)NULL);
	error_errno(&err, errno, "wgmeshd");
	return command_fail(&err);
}

int snapshot_main(struct session *s, int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "save") == 0)
		return save(s, argv[2]);
	if (argc == 3 && strcmp(argv[1], "restore") == 0)
		return restore(s, argv[2]);
	return command_usage(USAGE);
}
