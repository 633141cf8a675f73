/* Makes calls that a process does on the files of one directory fail with EIO, as on a broken disk.
 *
 *   cc -shared -fPIC -o failing.so failing.c
 *   FAILING_DIR=/data FAILING_ORDER=/elsewhere/order LD_PRELOAD=./failing.so program ...
 *
 * Nothing fails while there is no file FAILING_ORDER. It holds one line, `CALLS N once`, `CALLS N on`
 * or `CALLS N lie`, where CALLS is `write` (write, pwrite, ftruncate), `sync` (fsync, fdatasync, and
 * that asked of io_submit) or
 * `any`: the N-th such call since the order was there fails, and with the other two all that follow
 * it. An order for one failure is removed with it, so that its going away says that it was obeyed;
 * others end when somebody removes them. With `lie`, the control that has to be noticed, the calls
 * say that they worked.
 *
 * A call that fails has done nothing. Other libraries that wrap the same calls hear of the others. */
#define _GNU_SOURCE
#include "submitted.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char directory[PATH_MAX], order_path[PATH_MAX];
/* Of the order that is there. */
static long calls;

__attribute__((constructor)) static void start(void) {
  const char *watched = getenv("FAILING_DIR"), *order = getenv("FAILING_ORDER");
  if (!watched || !order) return;
  if (!realpath(watched, directory)) {
    dprintf(2, "failing: FAILING_DIR does not exist\n");
    abort();
  }
  snprintf(order_path, sizeof order_path, "%s", order);
}

static int is_watched(int file) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  size_t prefix = strlen(directory);
  return strncmp(path, directory, prefix) == 0 && (path[prefix] == '/' || path[prefix] == 0);
}

enum answer { WORK, FAIL, LIE };

/* What the order that is there wants of this call, the next of its kind. */
static enum answer obey(const char *kind) {
  char text[64] = "", wanted[16], length[8];
  long first;
  int file = (int)syscall(SYS_openat, AT_FDCWD, order_path, O_RDONLY | O_CLOEXEC, 0);
  if (file < 0) {
    calls = 0;
    return WORK;
  }
  ssize_t count = syscall(SYS_read, file, text, sizeof text - 1);
  syscall(SYS_close, file);
  if (count < 0 || sscanf(text, "%15s %ld %7s", wanted, &first, length) != 3) {
    dprintf(2, "failing: an order that cannot be read: %s\n", text);
    abort();
  }
  if (strcmp(wanted, "any") != 0 && strcmp(wanted, kind) != 0) return WORK;
  if (++calls < first) return WORK;
  if (strcmp(length, "lie") == 0) return LIE;
  if (strcmp(length, "on") == 0) return FAIL;
  calls = 0;
  if (syscall(SYS_unlinkat, AT_FDCWD, order_path, 0) != 0) abort();
  return FAIL;
}

/* What becomes of a call; `errno` is set for it. */
static enum answer decide(int file, const char *kind) {
  enum answer answer = WORK;
  int code = errno;
  if (order_path[0] && is_watched(file)) {
    pthread_mutex_lock(&guard);
    answer = obey(kind);
    pthread_mutex_unlock(&guard);
  }
  errno = answer == FAIL ? EIO : code;
  return answer;
}

/* `done` is what the call returns when it works. */
#define WRAP(type, name, kind, done, parameters, ...)              \
  type name parameters {                                           \
    static type(*next) parameters;                                 \
    enum answer answer = decide(file, kind);                       \
    if (answer != WORK) return answer == LIE ? (type)(done) : -1;  \
    if (!next) next = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
    return next(__VA_ARGS__);                                      \
  }

WRAP(ssize_t, write, "write", count, (int file, const void *bytes, size_t count), file, bytes, count)
WRAP(ssize_t, pwrite, "write", count, (int file, const void *bytes, size_t count, off_t offset),
     file, bytes, count, offset)
WRAP(ssize_t, pwrite64, "write", count, (int file, const void *bytes, size_t count, off64_t offset),
     file, bytes, count, offset)
WRAP(int, ftruncate, "write", 0, (int file, off_t size), file, size)
WRAP(int, ftruncate64, "write", 0, (int file, off64_t size), file, size)
WRAP(int, fsync, "sync", 0, (int file), file)
WRAP(int, fdatasync, "sync", 0, (int file), file)

/* One that fails, or only says that it worked, is a sync of a file in memory. */
static int submitted_fails;

static void sync_submitted(struct iocb *order) {
  static int elsewhere = -1;
  submitted_fails = 0;
  if (order->aio_lio_opcode != IOCB_CMD_FDSYNC) return;
  enum answer answer = decide((int)order->aio_fildes, "sync");
  if (answer == WORK) return;
  if (elsewhere < 0) elsewhere = memfd_create("elsewhere", MFD_CLOEXEC);
  if (elsewhere < 0) abort();
  order->aio_fildes = elsewhere;
  submitted_fails = answer == FAIL;
}

static void sync_is_over(struct io_event *event) {
  if (submitted_fails) event->res = -EIO;
}
