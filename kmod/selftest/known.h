/* SPDX-License-Identifier: GPL-2.0 */
/* Known-answer tests of what the module takes from the kernel's cryptography, whose
 * interfaces change between versions without the compiler noticing.
 */
#ifndef _WGM_SELFTEST_KNOWN_H
#define _WGM_SELFTEST_KNOWN_H

/* When the module is loaded; it must not stay when this fails.  -EBADMSG for a wrong answer,
 * -ENOMEM.
 */
int wgm_known_check(void);

#endif /* _WGM_SELFTEST_KNOWN_H */
