// SPDX-License-Identifier: Apache-2.0
#include "daemon/service.h"

#include <systemd/sd-daemon.h>
#include <time.h>

static void on_watchdog(uv_timer_t *timer)
{
	sd_notify(0, "WATCHDOG=1");
}

void service_start(struct service *service, uv_loop_t *loop)
{
	uint64_t us = 0;

	sd_notify(0, "READY=1");
	if (sd_watchdog_enabled(0, &us) <= 0)
		return;
	uv_timer_init(loop, &service->watchdog);
	service->watchdog.data = service;
	uv_timer_start(&service->watchdog, on_watchdog, us / 2000, us / 2000);
}

/* CLOCK_MONOTONIC, in microseconds, tells the manager which reload this is (sd_notify(3)). */
void service_reloading(struct service *service)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void service_reloaded(struct service *service)
{
	sd_notify(0, "READY=1");
}

void service_stop(struct service *service)
{
	sd_notify(0, "STOPPING=1");
	if (!service->watchdog.data)
		return;
	service->watchdog.data = NULL;
	uv_close((uv_handle_t *)&service->watchdog, NULL);
}
