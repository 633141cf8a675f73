#ifndef PERIODIC_CHECKSUM_H
#define PERIODIC_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Carries a CRC-32 (reflected, polynomial 0xEDB88320, the register as it is, not inverted) over the
 * front of some bytes, with the processor's multiplication without carries.
 *
 * Returns how many bytes it took: all of them, or all but the last one to three; 0 where the processor
 * has no such instruction. */
size_t periodic_crc32_fold(uint32_t *crc, const void *bytes, size_t count);

#endif
