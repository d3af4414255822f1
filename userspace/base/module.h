/* SPDX-License-Identifier: Apache-2.0 */
/* Why the kernel has no module wgmesh: what a user is told who would rather have it. */
#ifndef WGMESH_BASE_MODULE_H
#define WGMESH_BASE_MODULE_H

struct module_absence {
	const char *cause;	/* "the kernel module wgmesh is …" */
	const char *remedy;	/* commands, for a shell */
	const char *text;	/* both */
};

/*
 * To be asked when the module is not loaded.  It looks at what DKMS has built for the running kernel, and
 * whether that kernel demands signatures, below @root ("" but for tests): loading is not tried, as it
 * takes a privilege that the daemon does not have, and /lib/modules, which the unit hides, is not read.
 * A module that was installed without DKMS, or enrolled, is not told from one that was not.  The answer is
 * static, and never NULL.  Any thread.
 */
const struct module_absence *module_absence(const char *root);

#endif
