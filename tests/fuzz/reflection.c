// SPDX-License-Identifier: Apache-2.0
/* daemon: the names that clients of server reflection ask for. */
#include "fuzz.h"

#include "daemon/descriptors.h"

/* Of all that a file imports, it comes last. */
static void check_file(const struct descriptors *all, const descriptor_file *file)
{
	const descriptor_file *closure[DESCRIPTORS_MAX];
	size_t count = descriptors_closure(all, file, closure);

	must(count >= 1 && count <= DESCRIPTORS_MAX && closure[count - 1] == file);
	must(descriptors_lookup(all, file->name) == file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct descriptors *all;	/* what was built in: the same for every input */
	char *name = fuzz_text(data, size);
	const descriptor_file *file;

	if (!all)
		must(!descriptors_new(&all, NULL));
	file = descriptors_lookup(all, name);
	if (file)
		check_file(all, file);
	file = descriptors_find(all, name);
	if (file)
		check_file(all, file);
	must(!descriptors_is_message(all, name) || file);
	free(name);
	return 0;
}
