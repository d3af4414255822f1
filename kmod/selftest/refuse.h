/* SPDX-License-Identifier: GPL-2.0 */
/* Has WireGuard refuse what is asked of it about one peer, for tests. */
#ifndef _WGM_REFUSE_H
#define _WGM_REFUSE_H

struct dentry;

/* Makes the file "refuse" in @folder: a public key that is written to it is refused (-EBADR)
 * from then on, whatever else a message says; anything shorter ends that.  WireGuard must be
 * loaded: else, and where the kernel has no kprobes, there is no such file.
 */
void wgm_refuse_init(struct dentry *folder);
void wgm_refuse_fini(void);

#endif /* _WGM_REFUSE_H */
