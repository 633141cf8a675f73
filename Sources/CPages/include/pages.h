#ifndef PERIODIC_PAGES_H
#define PERIODIC_PAGES_H

#include <stddef.h>

/* Memory in pages of its own, for blocks that are large: it grows without a copy, and its first use is
 * cheap where the system has large pages.
 *
 * Both return a null pointer where there is no memory; `periodic_pages_resize` has changed nothing then. */
void *periodic_pages_make(size_t size);
void *periodic_pages_resize(void *pages, size_t size, size_t wanted);
void periodic_pages_free(void *pages, size_t size);

/* The size of a large page on most processors. */
enum { PERIODIC_LARGE_PAGE = 2 << 20 };

/* Memory of that size, which is one large page where the system has them; a null pointer where there is no
 * memory. It goes by `periodic_pages_free`. */
void *periodic_pages_make_large(void);

/* Tells the processor that a cache line will be needed soon: who needs it then does not wait for the memory. */
static inline void periodic_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
