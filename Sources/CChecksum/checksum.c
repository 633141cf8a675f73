#include "checksum.h"

/* Entry b of table k is byte b, carried over k more zero bytes. Made before the first thread. */
static uint32_t tables[8][256];

__attribute__((constructor)) static void make_tables(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    tables[0][byte] = crc;
  }
  for (int table = 1; table < 8; table++)
    for (int byte = 0; byte < 256; byte++) {
      uint32_t before = tables[table - 1][byte];
      tables[table][byte] = before >> 8 ^ tables[0][before & 0xff];
    }
}

static inline uint32_t little(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Four bytes, carried over `behind` more. */
static inline uint32_t step(uint32_t word, int behind) {
  return tables[behind + 3][word & 0xff] ^ tables[behind + 2][word >> 8 & 0xff] ^
         tables[behind + 1][word >> 16 & 0xff] ^ tables[behind][word >> 24];
}

void periodic_crc32_by_table(uint32_t *sum, const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  uint32_t crc = *sum;
  for (; count >= 8; next += 8, count -= 8)
    crc = step(little(next) ^ crc, 4) ^ step(little(next + 4), 0);
  if (count >= 4) {
    crc = step(little(next) ^ crc, 0);
    next += 4;
    count -= 4;
  }
  for (; count > 0; next++, count--) crc = crc >> 8 ^ tables[0][(crc ^ *next) & 0xff];
  *sum = crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* The method is that of Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction" (Intel, 2009). A block of 128 bits is moved over a distance by two products with what
 * x to that distance leaves, modulo the polynomial; its numbers below are bit-reflected. */
#define WITH_CLMUL __attribute__((target("pclmul,sse4.1")))

WITH_CLMUL static inline __m128i load(const uint8_t *bytes) {
  return _mm_loadu_si128((const __m128i *)bytes);
}

/* `block`, moved over the distance of `by`, plus what stands there. */
WITH_CLMUL static inline __m128i move(__m128i block, __m128i by, __m128i there) {
  __m128i low = _mm_clmulepi64_si128(block, by, 0x00);
  __m128i high = _mm_clmulepi64_si128(block, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), there);
}

static inline uint64_t word(const uint8_t *bytes) {
  uint64_t word;
  __builtin_memcpy(&word, bytes, 8);
  return word;
}

static inline uint32_t half(const uint8_t *bytes) {
  uint32_t half;
  __builtin_memcpy(&half, bytes, 4);
  return half;
}

/* Four to fifteen bytes at the end of a block whose front is zeros, as if so many came before them. */
WITH_CLMUL static inline __m128i short_block(uint32_t crc, const uint8_t *bytes, size_t count) {
  if (count >= 8) {
    uint64_t front = word(bytes) ^ crc, back = word(bytes + count - 8);
    /* What of the sum lies in both. */
    if (count < 12) back ^= (uint64_t)crc >> 8 * (count - 8);
    return _mm_set_epi64x((long long)back, count > 8 ? (long long)(front << 8 * (16 - count)) : 0);
  }
  uint64_t front = half(bytes), back = half(bytes + count - 4);
  uint64_t all = back << 32 | (count > 4 ? (uint32_t)(front << 8 * (8 - count)) : 0);
  return _mm_set_epi64x((long long)(all ^ (uint64_t)crc << 8 * (8 - count)), 0);
}

/* Four bytes at least. The first block is a short one, if they are not a multiple of 16: zeros in front of
 * everything change no sum. */
WITH_CLMUL static uint32_t fold(uint32_t crc, const uint8_t *next, size_t count) {
  const __m128i over64 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
  const __m128i over16 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
  const __m128i over4 = _mm_set_epi64x(0, 0x163cd6124);
  /* The polynomial, and the quotient that Barrett's reduction needs. */
  const __m128i reduce = _mm_set_epi64x(0x1f7011641, 0x1db710641);
  const __m128i low32 = _mm_set_epi32(0, -1, 0, -1);

  __m128i one;
  size_t whole = count, odd = count & 15;
  if (odd >= 4) {
    one = short_block(crc, next, odd);
    next += odd;
    count -= odd;
  } else {
    one = _mm_xor_si128(load(next), _mm_cvtsi32_si128((int)crc));
    next += 16;
    count -= 16;
  }
  if (count >= 64) {
    /* Four blocks side by side, because a product takes several cycles. */
    one = move(one, over16, load(next));
    __m128i two = load(next + 16), three = load(next + 32), four = load(next + 48);
    for (next += 64, count -= 64; count >= 64; next += 64, count -= 64) {
      one = move(one, over64, load(next));
      two = move(two, over64, load(next + 16));
      three = move(three, over64, load(next + 32));
      four = move(four, over64, load(next + 48));
    }
    one = move(one, over16, two);
    one = move(one, over16, three);
    one = move(one, over16, four);
  }
  for (; count >= 16; next += 16, count -= 16) one = move(one, over16, load(next));

  /* From 128 bits to 64, to 32. */
  if (whole <= 8)
    one = _mm_srli_si128(one, 8);
  else
    one = _mm_xor_si128(_mm_srli_si128(one, 8), _mm_clmulepi64_si128(one, over16, 0x10));
  one = _mm_xor_si128(_mm_srli_si128(one, 4),
                      _mm_clmulepi64_si128(_mm_and_si128(one, low32), over4, 0x00));
  __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(one, low32), reduce, 0x10);
  __m128i product = _mm_clmulepi64_si128(_mm_and_si128(quotient, low32), reduce, 0x00);
  return (uint32_t)_mm_extract_epi32(_mm_xor_si128(one, product), 1);
}

void periodic_crc32_update(uint32_t *crc, const void *bytes, size_t count) {
  /* Most frames have a body of five bytes: two steps by table are less than a row of multiplications. */
  if (count >= 8 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
    /* One to three bytes would not hold the sum so far: they are left. */
    size_t odd = count & 15, whole = odd < 4 ? count - odd : count;
    *crc = fold(*crc, bytes, whole);
    bytes = (const uint8_t *)bytes + whole;
    count -= whole;
  }
  if (count > 0) periodic_crc32_by_table(crc, bytes, count);
}

#else

void periodic_crc32_update(uint32_t *crc, const void *bytes, size_t count) {
  periodic_crc32_by_table(crc, bytes, count);
}

#endif
