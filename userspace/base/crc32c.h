/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli; RFC 3720 B.4), the checksum of the log's rows and of SCTP.  Any thread. */
#ifndef WGMESH_BASE_CRC32C_H
#define WGMESH_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* @crc: 0 at the start, or what came of the part before. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

/* The same without the processor's own instruction, which is seven times faster. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t len);

#endif
