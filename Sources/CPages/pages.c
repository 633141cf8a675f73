#define _GNU_SOURCE
#include "pages.h"
#include <sys/mman.h>

static void *found(void *pages, size_t size) {
    if (pages == MAP_FAILED) return NULL;
    /* Where this is refused, pages are of the usual size. */
    (void)madvise(pages, size, MADV_HUGEPAGE);
    return pages;
}

void *periodic_pages_make(size_t size) {
    return found(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), size);
}

void *periodic_pages_resize(void *pages, size_t size, size_t wanted) {
    return found(mremap(pages, size, wanted, MREMAP_MAYMOVE), wanted);
}

void periodic_pages_free(void *pages, size_t size) { (void)munmap(pages, size); }
