/* Writes down what a process gives to each send(): the descriptor, the length and the first bytes.
 *
 *   cc -shared -fPIC -o sends.so sends.c
 *   SENDS_LOG=/tmp/log LD_PRELOAD=./sends.so program ... */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

ssize_t send(int descriptor, const void *bytes, size_t count, int flags) {
  static ssize_t (*real)(int, const void *, size_t, int);
  static FILE *log;
  if (!real) real = dlsym(RTLD_NEXT, "send");
  if (!log && getenv("SENDS_LOG")) log = fopen(getenv("SENDS_LOG"), "a");
  ssize_t sent = real(descriptor, bytes, count, flags);
  if (log) {
    fprintf(log, "%d %zu %zd ", descriptor, count, sent);
    for (size_t index = 0; index < count && index < 12; index++)
      fprintf(log, "%02x", ((const unsigned char *)bytes)[index]);
    fprintf(log, "\n");
    fflush(log);
  }
  return sent;
}
