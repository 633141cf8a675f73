#define _GNU_SOURCE
#include "pages.h"
#include <stdint.h>
#include <sys/mman.h>

static void *mapped(size_t size) {
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void *found(void *pages, size_t size) {
    if (pages == MAP_FAILED) return NULL;
    /* Where this is refused, pages are of the usual size. */
    (void)madvise(pages, size, MADV_HUGEPAGE);
    return pages;
}

void *periodic_pages_make(size_t size) {
    return found(mapped(size), size);
}

void *periodic_pages_make_large(void) {
    const size_t size = PERIODIC_LARGE_PAGE;
    char *pages = mapped(size);
    /* Newer kernels align it by themselves, one beside the other. */
    size_t before = -(uintptr_t)pages & (size - 1);
    if (pages == MAP_FAILED || before == 0) return found(pages, size);
    (void)munmap(pages, size);
    pages = mapped(2 * size);
    if (pages == MAP_FAILED) return NULL;
    before = -(uintptr_t)pages & (size - 1);
    if (before > 0) (void)munmap(pages, before);
    (void)munmap(pages + before + size, size - before);
    return found(pages + before, size);
}

void *periodic_pages_resize(void *pages, size_t size, size_t wanted) {
    return found(mremap(pages, size, wanted, MREMAP_MAYMOVE), wanted);
}

void periodic_pages_free(void *pages, size_t size) { (void)munmap(pages, size); }
