#ifndef PERIODIC_BENCH_CLOCK_H
#define PERIODIC_BENCH_CLOCK_H

#include <sys/resource.h>
#include <time.h>

/* CPU time of the process, all its threads. */
static double cpu_ns(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static double wall_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

#endif
