// SPDX-License-Identifier: Apache-2.0
#include "rpc/path.h"

#include <stdio.h>

int rpc_path_resolve(const ProtobufCServiceDescriptor *service, const char *method,
		     char ret_path[RPC_PATH_MAX], const ProtobufCMethodDescriptor **ret_types,
		     struct error *err)
{
	const ProtobufCMethodDescriptor *types;
	char path[RPC_PATH_MAX];
	int len;

	types = protobuf_c_service_descriptor_get_method_by_name(service, method);
	if (!types)
		return error_set(err, ERR_NOT_FOUND, "service %s has no method %s", service->name,
				 method);
	len = snprintf(path, sizeof(path), "/%s/%s", service->name, method);
	if (len < 0 || len >= RPC_PATH_MAX)
		return error_set(err, ERR_INVALID, "the path of %s/%s is too long", service->name,
				 method);
	snprintf(ret_path, RPC_PATH_MAX, "%s", path);
	*ret_types = types;
	return 0;
}
