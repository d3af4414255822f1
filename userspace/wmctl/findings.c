// SPDX-License-Identifier: Apache-2.0
#include "wmctl/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wmctl/command.h"

static const char *const verdict_names[] = { [VERDICT_OK] = "ok", [VERDICT_WARN] = "warn",
					     [VERDICT_FAIL] = "fail" };

void findings_add(struct findings *f, enum verdict verdict, const char *check, const char *remedy,
		  const char *fmt, ...)
{
	struct finding *item = &f->items[f->count];
	va_list args;

	if (f->count == FINDINGS_MAX)
		return;
	f->count++;
	item->verdict = verdict;
	snprintf(item->check, sizeof(item->check), "%s", check);
	snprintf(item->remedy, sizeof(item->remedy), "%s", verdict == VERDICT_OK ? "" : remedy);
	va_start(args, fmt);
	vsnprintf(item->text, sizeof(item->text), fmt, args);
	va_end(args);
}

const struct finding *findings_of(const struct findings *f, const char *check)
{
	for (size_t i = f->count; i > 0; i--)
		if (strcmp(f->items[i - 1].check, check) == 0)
			return &f->items[i - 1];
	return NULL;
}

int findings_code(const struct findings *f)
{
	enum verdict worst = VERDICT_OK;

	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].verdict > worst)
			worst = f->items[i].verdict;
	return worst == VERDICT_FAIL ? EXIT_ERROR : worst == VERDICT_WARN ? EXIT_DEGRADED : EXIT_OK;
}

json_t *findings_json(const struct findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < f->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}",
						      "check", f->items[i].check,
						      "verdict", verdict_names[f->items[i].verdict],
						      "text", f->items[i].text,
						      "remedy", f->items[i].remedy));
	return list;
}

void findings_print(const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct finding *item = &f->items[i];

		printf("%-4s  %-12s  %s\n", verdict_names[item->verdict], item->check, item->text);
		if (*item->remedy)
			printf("%20s-> %s\n", "", item->remedy);
	}
}
