// SPDX-License-Identifier: Apache-2.0
/* model: an ACL's pattern, a NUL, and the text that it may match, judged by a slower matcher too. */
#include "fuzz.h"

#include "model/acl.h"

enum { TEXT_MAX = 256 };

/* matches[i]: the pattern so far matches the first i characters. */
static bool matches_slowly(const char *pattern, const char *text)
{
	bool matches[TEXT_MAX + 1] = { true };
	size_t len = strlen(text);

	for (; *pattern; pattern++) {
		bool before = matches[0];

		matches[0] = before && *pattern == '*';
		for (size_t i = 1; i <= len; i++) {
			bool was = matches[i];

			if (*pattern == '*')
				matches[i] = was || matches[i - 1];
			else
				matches[i] = before && (*pattern == '?' || *pattern == text[i - 1]);
			before = was;
		}
	}
	return matches[len];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pattern = fuzz_text(data, size), *text = pattern + strlen(pattern);
	struct acl acl = { .name = "a", .action = ACL_ALLOW };
	const struct acl *decider;

	text += text < pattern + size;
	if (strlen(text) <= TEXT_MAX)
		must(acl_pattern_matches(pattern, text) == matches_slowly(pattern, text));
	if (!acl_add_pattern(&acl, pattern, NULL)) {
		must(!acl_validate(&acl, NULL));
		must(acl_allows(&acl, 1, text, &decider) == acl_pattern_matches(pattern, text));
		must(!decider || decider == &acl);
	}
	acl_fini(&acl);
	free(pattern);
	return 0;
}
