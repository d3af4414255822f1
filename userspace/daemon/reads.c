// SPDX-License-Identifier: Apache-2.0
#include "daemon/reads.h"

#include <stdlib.h>

struct waiting_read {
	STAILQ_ENTRY(waiting_read) link;
	uint64_t id;
	read_done_fn done;
	void *data;
};

int reads_add(struct reads *reads, uint64_t id, read_done_fn done, void *data, struct error *err)
{
	struct waiting_read *read = malloc(sizeof(*read));

	if (!read)
		return error_set(err, ERR_MEMORY, "no memory for a read");
	*read = (struct waiting_read){ .id = id, .done = done, .data = data };
	STAILQ_INSERT_TAIL(reads, read, link);
	return 0;
}

static void answer_first(struct reads *reads, const struct error *err)
{
	struct waiting_read *read = STAILQ_FIRST(reads);

	STAILQ_REMOVE_HEAD(reads, link);
	read->done(read->data, err);
	free(read);
}

void reads_answer(struct reads *reads, uint64_t id, const struct error *err)
{
	struct waiting_read *first = STAILQ_FIRST(reads);

	if (first && first->id == id)
		answer_first(reads, err);
}

void reads_fail(struct reads *reads, const char *why)
{
	struct error err;

	error_set(&err, ERR_UNAVAILABLE, "%s", why);
	while (!STAILQ_EMPTY(reads))
		answer_first(reads, &err);
}
