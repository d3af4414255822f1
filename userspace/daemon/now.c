// SPDX-License-Identifier: Apache-2.0
#include "daemon/now.h"

#include <time.h>

int64_t daemon_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
