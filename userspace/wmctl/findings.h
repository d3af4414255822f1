/* SPDX-License-Identifier: Apache-2.0 */
/* What `wmctl doctor` has found, check by check, and what to do about it.  One thread. */
#ifndef WGMESH_WMCTL_FINDINGS_H
#define WGMESH_WMCTL_FINDINGS_H

#include <stddef.h>

#include "wmctl/output.h"

enum { FINDINGS_MAX = 64, FINDING_CHECK_MAX = 24, FINDING_TEXT_MAX = 384,
       FINDING_REMEDY_MAX = 256 };

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL };

struct finding {
	enum verdict verdict;
	char check[FINDING_CHECK_MAX];		/* a word */
	char text[FINDING_TEXT_MAX];
	char remedy[FINDING_REMEDY_MAX];	/* "" when nothing is wrong */
};

struct findings {
	struct finding items[FINDINGS_MAX];
	size_t count;
};

/* @remedy is for what is not VERDICT_OK, and may be "".  Beyond FINDINGS_MAX is nothing kept. */
void findings_add(struct findings *f, enum verdict verdict, const char *check, const char *remedy,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The finding of that check that was added last; NULL: there is none. */
const struct finding *findings_of(const struct findings *f, const char *check);

/* Exit code: 0 all is well, 3 something is to be looked at, 1 something does not work. */
int findings_code(const struct findings *f);

json_t *findings_json(const struct findings *f);	/* NULL: no memory */
void findings_print(const struct findings *f);		/* for people */

#endif
