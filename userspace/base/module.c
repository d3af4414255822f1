// SPDX-License-Identifier: Apache-2.0
#include "base/module.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ABSENCE(why, what) { .cause = why, .remedy = what, .text = why ": " what }

static const struct module_absence not_loaded = ABSENCE(
	"the kernel module wgmesh is not loaded",
	"run \"modprobe wgmesh\" (package wgmesh-dkms)");

static const struct module_absence not_built = ABSENCE(
	"the kernel module wgmesh is not built for the running kernel",
	"run \"apt install linux-headers-$(uname -r)\", \"dkms autoinstall\" and \"modprobe wgmesh\"");

static const struct module_absence refused = ABSENCE(
	"the kernel module wgmesh is not loaded, and this kernel refuses those without a known signature",
	"let the firmware know DKMS's key by \"mokutil --import /var/lib/dkms/mok.pub\" and a reboot, "
	"then run \"modprobe wgmesh\"");

static bool exists(const char *root, const char *path)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s%s", root, path);
	return access(name, F_OK) == 0;
}

/* Whether the first line of ROOT/PATH has @word in it. */
static bool says(const char *root, const char *path, const char *word)
{
	char name[PATH_MAX], line[128] = "";
	FILE *file;

	snprintf(name, sizeof(name), "%s%s", root, path);
	file = fopen(name, "re");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		*line = 0;
	fclose(file);
	return strstr(line, word);
}

/* DKMS's link to what is installed for the running kernel. */
static bool built(const char *root)
{
	struct utsname host;
	char path[PATH_MAX];

	if (uname(&host) < 0)
		return false;
	snprintf(path, sizeof(path), "/var/lib/dkms/wgmesh/kernel-%s-%s", host.release, host.machine);
	return exists(root, path);
}

/* By its command line or configuration; or locked down, as it is under Secure Boot. */
static bool demands_signatures(const char *root)
{
	return says(root, "/sys/module/module/parameters/sig_enforce", "Y") ||
	       says(root, "/sys/kernel/security/lockdown", "[integrity]") ||
	       says(root, "/sys/kernel/security/lockdown", "[confidentiality]");
}

const struct module_absence *module_absence(const char *root)
{
	if (exists(root, "/var/lib/dkms/wgmesh") && !built(root))
		return &not_built;
	return demands_signatures(root) ? &refused : &not_loaded;
}
