// SPDX-License-Identifier: Apache-2.0
#include "wgmesh/number.h"

bool number_parse(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		if (digit > 9 || digit > max || v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}
