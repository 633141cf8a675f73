#ifndef PERIODIC_PAGES_H
#define PERIODIC_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* Memory in pages of its own, for blocks that are large: it grows without a copy.
 *
 * Both return a null pointer where there is no memory; `periodic_pages_resize` has changed nothing then. */
void *periodic_pages_make(size_t size);
void *periodic_pages_resize(void *pages, size_t size, size_t wanted);
void periodic_pages_free(void *pages, size_t size);

/* The least whole number of pages, of any system's size, in bytes. */
static inline size_t periodic_pages_whole(size_t size) { return (size + 0xffff) & ~(size_t)0xffff; }

/* Pages that were freed, for whoever makes some next: their first use has been paid for. All zeros is an empty one.
 * Any thread may use it at any time. */
typedef struct {
    struct periodic_run *runs;
    size_t bytes;
    uint64_t changes;
} periodic_spare;

/* More bytes than that are not kept: some four workloads of the largest size, as many as are under way at a time when
 * they come one after the other and are stored. */
enum { PERIODIC_SPARE_MOST = 256 << 20 };

/* The process's own. */
periodic_spare *periodic_pages_spare(void);

/* As `periodic_pages_make`, of the largest spare ones if there are any: `size` may be more then than was wanted, and
 * nothing is said of what the pages contain. */
void *periodic_pages_take(periodic_spare *spare, size_t *size);

/* As `periodic_pages_free`, but keeps them as spare ones. */
void periodic_pages_keep(periodic_spare *spare, void *pages, size_t size);

/* 0 if there are none, else a number that is another one after each use. */
uint64_t periodic_pages_mark(const periodic_spare *spare);

/* Frees so many bytes at most, in whole pages, because the system takes its time for each. */
void periodic_pages_give_back(periodic_spare *spare, size_t most);

/* Tells the processor that a cache line will be needed soon: who needs it then does not wait for the memory. */
static inline void periodic_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
