#ifndef PERIODIC_CHECKSUM_H
#define PERIODIC_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Both carry a CRC-32 (reflected, polynomial 0xEDB88320, the register as it is, not inverted) over some bytes.
 * Neither has anything to set up at its first call, which a child of a fork may make. */
void periodic_crc32_update(uint32_t *crc, const void *bytes, size_t count);

/* The same by tables alone: for few bytes, and where the processor cannot multiply without carries. */
void periodic_crc32_by_table(uint32_t *crc, const void *bytes, size_t count);

#endif
