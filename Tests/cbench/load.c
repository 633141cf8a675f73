/* Milliseconds that dlopen() of the library takes in a process that has nothing of it yet.
 *   load LIBRARY [now] */
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

int main(int count, char **arguments) {
  struct timespec before, after;
  void *library;
  if (count < 2) return 2;
  clock_gettime(CLOCK_MONOTONIC, &before);
  library = dlopen(arguments[1], count > 2 ? RTLD_NOW : RTLD_LAZY);
  clock_gettime(CLOCK_MONOTONIC, &after);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  printf("%.3f\n", (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6);
  return 0;
}
