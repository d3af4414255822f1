// SPDX-License-Identifier: Apache-2.0
#include "wmctl/view.h"

#include "wmctl/command.h"
#include "wmctl/watch.h"

static int print(const struct session *s, const struct view *view, json_t *value)
{
	if (output_structured(s->format))
		return output_value(s->format, json_incref(value));
	if (!view->print(stdout, s->format == OUTPUT_WIDE, value))
		return command_fail(&(struct error){ .text = "no memory for a table" });
	return EXIT_OK;
}

int view_show(struct session *s, const struct view *view, char *name)
{
	struct error err = { 0 };
	json_t *value;
	int code;

	if (s->watch)
		return watch_run(s, view, name);
	if (view->fetch(s, name, &value, &err) < 0)
		return command_fail(&err);
	code = print(s, view, value);
	if (code == EXIT_OK && view->is_degraded && view->is_degraded(value))
		code = EXIT_DEGRADED;
	json_decref(value);
	return code;
}
