/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the data channels of a measurement lead to: a TCP service on a thread of its own.  The
 * first byte of a connection says what it is: SERVICE_ECHO, all that follows comes back;
 * SERVICE_SINK, a byte comes for each SERVICE_UNIT that did.
 */
#ifndef WGMESH_BENCH_RTC_SERVICE_H
#define WGMESH_BENCH_RTC_SERVICE_H

#include "base/addr.h"

enum { SERVICE_ECHO = 'e', SERVICE_SINK = 's', SERVICE_UNIT = 64 * 1024 };

/* Runs until the process ends, which it does when there is no service to be had. */
struct endpoint service_start(void);

#endif
