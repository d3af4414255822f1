// SPDX-License-Identifier: Apache-2.0
/* File systems of this machine. */
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "metrics/host.h"

/*
 * Asking a server that is gone never ends, and what has no device has no size of its own; but a
 * container's root may be either.
 */
static bool is_asked(const struct mntent *entry)
{
	static const char *const remote[] = { "nfs", "cifs", "smb", "fuse", "9p", "ceph", "gluster",
					      "afs", "lustre", "autofs" };

	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if (strncmp(entry->mnt_type, remote[i], strlen(remote[i])) == 0)
			return false;
	return *entry->mnt_fsname == '/' || strcmp(entry->mnt_dir, "/") == 0;
}

static void fill(struct draft *m, V1__DiskInfo *disk, const struct mntent *entry,
		 const struct statvfs *fs)
{
	uint64_t unit = fs->f_frsize;

	draft_text(m, &disk->filesystem_path, entry->mnt_dir);
	draft_text(m, &disk->device, entry->mnt_fsname);
	disk->total = fs->f_blocks * unit;
	disk->free = fs->f_bfree * unit;
	disk->used = disk->total - disk->free;
	disk->inodes_total = fs->f_files;
	disk->inodes_free = fs->f_ffree;
	disk->inodes_used = fs->f_files - fs->f_ffree;
	if (disk->total)
		disk->used_percent = (float)(100.0 * (double)disk->used / (double)disk->total);
	if (disk->inodes_total)
		disk->inodes_used_percent =
			(float)(100.0 * (double)disk->inodes_used / (double)disk->inodes_total);
}

/* One that is mounted at many places is told once, of the first. */
static bool is_new(dev_t *seen, size_t count, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (seen[i] == st.st_dev)
			return false;
	seen[count] = st.st_dev;
	return true;
}

void host_read_disks(struct draft *m, V1__HostMetrics *ret)
{
	dev_t seen[HOST_DISKS_MAX];
	char strings[8192];
	struct mntent entry;
	struct statvfs fs;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	V1__DiskInfo *disk;

	if (!mounts)
		return;
	while (ret->n_disks < HOST_DISKS_MAX &&
	       getmntent_r(mounts, &entry, strings, sizeof(strings))) {
		if (!is_asked(&entry) || statvfs(entry.mnt_dir, &fs) < 0 || !fs.f_blocks ||
		    !is_new(seen, ret->n_disks, entry.mnt_dir))
			continue;
		disk = draft_add(m, &v1__disk_info__descriptor, &ret->disks, &ret->n_disks);
		if (!disk)
			break;
		fill(m, disk, &entry, &fs);
	}
	endmntent(mounts);
}
