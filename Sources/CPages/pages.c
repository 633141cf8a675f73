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

/* Spare pages begin with their size. */
static size_t *exchange(periodic_spare *spare, void *pages) {
    (void)__atomic_add_fetch(&spare->changes, 1, __ATOMIC_RELAXED);
    return __atomic_exchange_n(&spare->pages, pages, __ATOMIC_ACQ_REL);
}

static void give_back(size_t *pages) {
    if (pages != NULL) periodic_pages_free(pages, *pages);
}

periodic_spare *periodic_pages_spare(void) {
    static periodic_spare spare;
    return &spare;
}

void *periodic_pages_take(periodic_spare *spare, size_t *size) {
    size_t *pages = exchange(spare, NULL);
    if (pages == NULL) return periodic_pages_make(*size);
    if (*pages < *size) {
        void *grown = periodic_pages_resize(pages, *pages, *size);
        if (grown == NULL) give_back(pages);
        return grown;
    }
    *size = *pages;
    return pages;
}

void periodic_pages_keep(periodic_spare *spare, void *pages, size_t size) {
    if (size > PERIODIC_SPARE_MOST) return periodic_pages_free(pages, size);
    size_t *kept = pages, *other = exchange(spare, NULL);
    *kept = size;
    if (other != NULL && *other > size) {
        kept = other;
        other = pages;
    }
    give_back(other);
    /* Another thread's may have come meanwhile. */
    give_back(exchange(spare, kept));
}

uint64_t periodic_pages_mark(const periodic_spare *spare) {
    if (__atomic_load_n(&spare->pages, __ATOMIC_RELAXED) == NULL) return 0;
    return __atomic_load_n(&spare->changes, __ATOMIC_RELAXED);
}

void periodic_pages_give_back(periodic_spare *spare) { give_back(exchange(spare, NULL)); }
