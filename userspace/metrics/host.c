// SPDX-License-Identifier: Apache-2.0
#include "metrics/host.h"

void host_read(struct draft *m, V1__HostMetrics *ret)
{
	ret->host = draft_new(m, &v1__host_info__descriptor);
	ret->cpu = draft_new(m, &v1__cputimes__descriptor);
	ret->memory = draft_new(m, &v1__memory_info__descriptor);
	if (ret->host)
		host_read_info(m, ret->host);
	if (ret->cpu)
		host_read_cpu(m, ret->cpu);
	if (ret->memory)
		host_read_memory(ret->memory);
	host_read_disks(m, ret);
}
