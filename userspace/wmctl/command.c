// SPDX-License-Identifier: Apache-2.0
#include "wmctl/command.h"

#include <stdio.h>

int command_fail(const struct error *err)
{
	fprintf(stderr, "wmctl: %s\n", err->text);
	return EXIT_ERROR;
}

int command_usage(const char *text)
{
	fprintf(stderr, "usage: wmctl %s\n", text);
	return EXIT_USAGE;
}
