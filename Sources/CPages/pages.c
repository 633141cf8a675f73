#define _GNU_SOURCE
#include "pages.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

/* Large pages are not asked for: the first use of one takes as long as that of all it stands for, and milliseconds
 * where a host has to find the memory first. */
static void *found(void *pages) { return pages == MAP_FAILED ? NULL : pages; }

void *periodic_pages_make(size_t size) {
    return found(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

void *periodic_pages_resize(void *pages, size_t size, size_t wanted) {
    return found(mremap(pages, size, wanted, MREMAP_MAYMOVE));
}

void periodic_pages_free(void *pages, size_t size) { (void)munmap(pages, size); }

/* Spare pages begin with this. */
struct periodic_run {
    size_t size;
    struct periodic_run *next;
};

/* All are taken at once, so nobody else looks at those that somebody chooses from. */
static struct periodic_run *take_all(periodic_spare *spare) {
    (void)__atomic_add_fetch(&spare->changes, 1, __ATOMIC_RELAXED);
    return __atomic_exchange_n(&spare->runs, NULL, __ATOMIC_ACQ_REL);
}

static void put(periodic_spare *spare, struct periodic_run *run) {
    (void)__atomic_add_fetch(&spare->changes, 1, __ATOMIC_RELAXED);
    run->next = __atomic_load_n(&spare->runs, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&spare->runs, &run->next, run, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
}

static void put_all(periodic_spare *spare, struct periodic_run *runs) {
    while (runs != NULL) {
        struct periodic_run *next = runs->next;
        put(spare, runs);
        runs = next;
    }
}

static void count(periodic_spare *spare, size_t gone) {
    (void)__atomic_sub_fetch(&spare->bytes, gone, __ATOMIC_RELAXED);
}

periodic_spare *periodic_pages_spare(void) {
    static periodic_spare spare;
    return &spare;
}

void *periodic_pages_take(periodic_spare *spare, size_t *size) {
    struct periodic_run *rest = take_all(spare), **largest = &rest;
    if (rest == NULL) return periodic_pages_make(*size);
    for (struct periodic_run **each = &rest; *each != NULL; each = &(*each)->next) {
        if ((*each)->size > (*largest)->size) largest = each;
    }
    struct periodic_run *run = *largest;
    *largest = run->next;
    put_all(spare, rest);
    size_t has = run->size;
    count(spare, has);
    if (has >= *size) {
        *size = has;
        return run;
    }
    void *grown = periodic_pages_resize(run, has, *size);
    if (grown == NULL) periodic_pages_free(run, has);
    return grown;
}

void periodic_pages_keep(periodic_spare *spare, void *pages, size_t size) {
    if (__atomic_add_fetch(&spare->bytes, size, __ATOMIC_RELAXED) > PERIODIC_SPARE_MOST) {
        count(spare, size);
        return periodic_pages_free(pages, size);
    }
    struct periodic_run *run = pages;
    run->size = size;
    put(spare, run);
}

uint64_t periodic_pages_mark(const periodic_spare *spare) {
    if (__atomic_load_n(&spare->runs, __ATOMIC_RELAXED) == NULL) return 0;
    return __atomic_load_n(&spare->changes, __ATOMIC_RELAXED);
}

void periodic_pages_give_back(periodic_spare *spare, size_t most) {
    struct periodic_run *run = take_all(spare);
    if (run == NULL) return;
    put_all(spare, run->next);
    if (run->size <= most) {
        count(spare, run->size);
        return periodic_pages_free(run, run->size);
    }
    size_t left = periodic_pages_whole(run->size - most), gone = run->size - left;
    count(spare, gone);
    periodic_pages_free((char *)run + left, gone);
    run->size = left;
    put(spare, run);
}
