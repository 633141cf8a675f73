/* Records what a process does to the files of one directory, so that replay.py can make what a
 * power cut at any moment would leave: synced bytes for sure, others perhaps.
 *
 *   cc -shared -fPIC -o powercut.so powercut.c
 *   POWERCUT_DIR=/data POWERCUT_LOG=/elsewhere/log LD_PRELOAD=./powercut.so program ...
 *
 * With POWERCUT_IGNORE_SYNC set, nothing in the directory is ever synced.
 *
 * The log may not lie in the directory. A record is a header and its payload; it is written after
 * the call that it tells of, with one append, and survives the process. What it cannot see would
 * make the model lie, so it stops the process: shared writable maps of a file of the directory. */
#define _GNU_SOURCE
#include "submitted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum operation {
  CREATE = 1,     /* a file that was not there; payload: path */
  SNAPSHOT = 2,   /* a file that was there before the recording; payload: path, NUL, content */
  WRITE = 3,      /* offset; payload: bytes */
  TRUNCATE = 4,   /* offset: the new size */
  SYNC_BEGIN = 5, /* offset: a number that SYNC_END repeats */
  SYNC_END = 6,
  UNLINK = 7, /* payload: path */
  RENAME = 8, /* payload: path, NUL, path */
  DIRECTORY = 9, /* opened; payload: path */
};

struct record {
  uint32_t operation;
  uint32_t process;
  uint64_t inode;
  uint64_t nanoseconds; /* monotonic */
  uint64_t offset;
  uint64_t length; /* of the payload */
};

enum { FILES = 65536, SEEN = 4096 };

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char directory[PATH_MAX];
static size_t directory_length;
static int log_file = -1;
static uint64_t inodes[FILES]; /* by descriptor; 0 is a file that is not watched */
static uint64_t seen[SEEN];    /* inodes whose content the log has */
static int seen_count;
static uint64_t syncs;

/* The control: syncs say that they worked and do nothing, so that the model is known to see loss. */
static int ignores_syncs;

static void stop(const char *what) {
  dprintf(2, "powercut: %s\n", what);
  abort();
}

__attribute__((constructor)) static void start(void) {
  const char *watched = getenv("POWERCUT_DIR"), *name = getenv("POWERCUT_LOG");
  if (!watched || !name) return;
  if (!realpath(watched, directory)) stop("POWERCUT_DIR does not exist");
  directory_length = strlen(directory);
  ignores_syncs = getenv("POWERCUT_IGNORE_SYNC") != NULL;
  int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  log_file = (int)syscall(SYS_openat, AT_FDCWD, name, flags, 0644);
  if (log_file < 0) stop("POWERCUT_LOG cannot be opened");
}

/* Appends a record whose payload is in up to three parts. */
static void note(enum operation operation, uint64_t inode, uint64_t offset,
                 const struct iovec *parts, int count) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  struct record record = {operation, (uint32_t)getpid(), inode,
                          (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, offset, 0};
  struct iovec all[4] = {{&record, sizeof record}};
  for (int i = 0; i < count; i++) {
    all[i + 1] = parts[i];
    record.length += parts[i].iov_len;
  }
  ssize_t wanted = (ssize_t)(sizeof record + record.length);
  if (syscall(SYS_writev, log_file, all, count + 1) != wanted) stop("the log cannot be written");
}

static void note_path(enum operation operation, uint64_t inode, const char *path) {
  struct iovec part = {(void *)path, strlen(path)};
  note(operation, inode, 0, &part, 1);
}

static int is_watched(const char *path) {
  return strncmp(path, directory, directory_length) == 0 &&
         (path[directory_length] == '/' || path[directory_length] == 0);
}

/* The path as it stands in the directory, links in its last part not followed. 0 if not watched. */
static int locate(int at, const char *path, char *out) {
  char joined[PATH_MAX], parent[PATH_MAX], link[64];
  if (log_file < 0) return 0;
  if (path[0] == '/') {
    snprintf(joined, sizeof joined, "%s", path);
  } else {
    char base[PATH_MAX];
    if (at == AT_FDCWD) {
      if (!getcwd(base, sizeof base)) return 0;
    } else {
      snprintf(link, sizeof link, "/proc/self/fd/%d", at);
      ssize_t length = readlink(link, base, sizeof base - 1);
      if (length < 0) return 0;
      base[length] = 0;
    }
    if (snprintf(joined, sizeof joined, "%s/%s", base, path) >= (int)sizeof joined) return 0;
  }
  char *slash = strrchr(joined, '/');
  *slash = 0;
  if (!realpath(joined[0] ? joined : "/", parent)) return 0;
  if (snprintf(out, PATH_MAX, "%s/%s", parent, slash + 1) >= PATH_MAX) return 0;
  return is_watched(out);
}

static int was_seen(uint64_t inode) {
  for (int i = 0; i < seen_count; i++)
    if (seen[i] == inode) return 1;
  return 0;
}

static void see(uint64_t inode) {
  if (was_seen(inode)) return;
  if (seen_count == SEEN) stop("too many files");
  seen[seen_count++] = inode;
}

static void note_snapshot(int file, uint64_t inode, off_t size, const char *path) {
  char *content = malloc(size > 0 ? (size_t)size : 1);
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  int reader = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
  if (!content || reader < 0) stop("a file cannot be read");
  off_t done = 0;
  while (done < size) {
    ssize_t count = pread(reader, content + done, (size_t)(size - done), done);
    if (count <= 0) stop("a file cannot be read");
    done += count;
  }
  struct iovec parts[3] = {
      {(void *)path, strlen(path)}, {"", 1}, {content, (size_t)size}};
  note(SNAPSHOT, inode, 0, parts, 3);
  syscall(SYS_close, reader);
  free(content);
}

/* Starts watching a descriptor that was just opened. `existed`: before the call. */
static void watch(int file, int flags, int existed) {
  char link[64], path[PATH_MAX];
  struct stat status;
  if (log_file < 0 || file < 0) return;
  if (file >= FILES) stop("too many descriptors");
  inodes[file] = 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0 || fstat(file, &status) != 0) return;
  path[length] = 0;
  if (!is_watched(path)) return;
  pthread_mutex_lock(&guard);
  inodes[file] = status.st_ino;
  if (S_ISDIR(status.st_mode)) {
    note_path(DIRECTORY, status.st_ino, path);
  } else if (!S_ISREG(status.st_mode)) {
    inodes[file] = 0;
  } else if (!existed) {
    /* The number may be that of a file which is gone. */
    see(status.st_ino);
    note_path(CREATE, status.st_ino, path);
  } else {
    if (!was_seen(status.st_ino)) {
      see(status.st_ino);
      note_snapshot(file, status.st_ino, status.st_size, path);
    }
    if (flags & O_TRUNC) note(TRUNCATE, status.st_ino, 0, 0, 0);
  }
  pthread_mutex_unlock(&guard);
}

static uint64_t watched(int file) {
  return log_file >= 0 && file >= 0 && file < FILES ? inodes[file] : 0;
}

static int open_watched(int at, const char *path, int flags, mode_t mode) {
  struct stat status;
  int existed = !(flags & O_CREAT) || fstatat(at, path, &status, 0) == 0;
  if ((flags & O_TRUNC) && existed && !(flags & O_EXCL)) {
    /* The content that is cut off must be known first. */
    int file = (int)syscall(SYS_openat, at, path, flags & ~(O_TRUNC | O_CREAT), mode);
    if (file >= 0) {
      watch(file, 0, 1);
      if (watched(file)) inodes[file] = 0;
      syscall(SYS_close, file);
    }
  }
  int file = (int)syscall(SYS_openat, at, path, flags, mode);
  int code = errno;
  watch(file, flags, existed);
  errno = code;
  return file;
}

#define MODE(last)                                     \
  mode_t mode = 0;                                     \
  if (flags & (O_CREAT | __O_TMPFILE)) {               \
    va_list list;                                      \
    va_start(list, last);                              \
    mode = va_arg(list, mode_t);                       \
    va_end(list);                                      \
  }

int open(const char *path, int flags, ...) {
  MODE(flags)
  return open_watched(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE(flags)
  return open_watched(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int at, const char *path, int flags, ...) {
  MODE(flags)
  return open_watched(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
  MODE(flags)
  return open_watched(at, path, flags | O_LARGEFILE, mode);
}
int creat(const char *path, mode_t mode) {
  return open_watched(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int file) {
  if (file == log_file && file >= 0) {
    errno = EBADF;
    return -1;
  }
  if (watched(file)) inodes[file] = 0;
  return (int)syscall(SYS_close, file);
}

/* Notes `count` bytes that were written at `offset`. */
static void wrote(int file, const void *bytes, ssize_t count, off_t offset) {
  int code = errno;
  if (watched(file) && count > 0) {
    struct iovec part = {(void *)bytes, (size_t)count};
    pthread_mutex_lock(&guard);
    note(WRITE, watched(file), (uint64_t)offset, &part, 1);
    pthread_mutex_unlock(&guard);
  }
  errno = code;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  ssize_t done = syscall(SYS_pwrite64, file, bytes, count, offset);
  wrote(file, bytes, done, offset);
  return done;
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  return pwrite(file, bytes, count, offset);
}

ssize_t write(int file, const void *bytes, size_t count) {
  ssize_t done = syscall(SYS_write, file, bytes, count);
  if (done > 0 && watched(file)) wrote(file, bytes, done, lseek(file, 0, SEEK_CUR) - done);
  return done;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  if (!watched(file)) return syscall(SYS_writev, file, parts, count);
  ssize_t total = 0;
  for (int i = 0; i < count; i++) {
    ssize_t done = write(file, parts[i].iov_base, parts[i].iov_len);
    if (done < 0) return total > 0 ? total : done;
    total += done;
    if ((size_t)done < parts[i].iov_len) break;
  }
  return total;
}

int ftruncate(int file, off_t size) {
  int result = (int)syscall(SYS_ftruncate, file, size);
  int code = errno;
  if (result == 0 && watched(file)) {
    pthread_mutex_lock(&guard);
    note(TRUNCATE, watched(file), (uint64_t)size, 0, 0);
    pthread_mutex_unlock(&guard);
  }
  errno = code;
  return result;
}
int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }

static int sync_file(int file, long call) {
  uint64_t inode = watched(file), number = 0;
  if (inode && ignores_syncs) return 0;
  if (inode) {
    pthread_mutex_lock(&guard);
    number = ++syncs;
    note(SYNC_BEGIN, inode, number, 0, 0);
    pthread_mutex_unlock(&guard);
  }
  int result = (int)syscall(call, file);
  int code = errno;
  if (inode && result == 0) {
    pthread_mutex_lock(&guard);
    note(SYNC_END, inode, number, 0, 0);
    pthread_mutex_unlock(&guard);
  }
  errno = code;
  return result;
}
int fsync(int file) { return sync_file(file, SYS_fsync); }
int fdatasync(int file) { return sync_file(file, SYS_fdatasync); }

static uint64_t submitted_inode, submitted;

static void sync_submitted(struct iocb *order) {
  submitted_inode = order->aio_lio_opcode == IOCB_CMD_FDSYNC ? watched((int)order->aio_fildes) : 0;
  if (!submitted_inode || ignores_syncs) return;
  pthread_mutex_lock(&guard);
  submitted = ++syncs;
  note(SYNC_BEGIN, submitted_inode, submitted, 0, 0);
  pthread_mutex_unlock(&guard);
}

static void sync_is_over(struct io_event *event) {
  if (!submitted_inode || ignores_syncs || event->res != 0) return;
  pthread_mutex_lock(&guard);
  note(SYNC_END, submitted_inode, submitted, 0, 0);
  pthread_mutex_unlock(&guard);
}

int unlinkat(int at, const char *path, int flags) {
  char found[PATH_MAX];
  int is_ours = locate(at, path, found);
  int result = (int)syscall(SYS_unlinkat, at, path, flags);
  int code = errno;
  if (result == 0 && is_ours && !(flags & AT_REMOVEDIR)) {
    pthread_mutex_lock(&guard);
    note_path(UNLINK, 0, found);
    pthread_mutex_unlock(&guard);
  }
  errno = code;
  return result;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
  char old_path[PATH_MAX], new_path[PATH_MAX];
  int ours = locate(from_at, from, old_path) + locate(to_at, to, new_path);
  if (ours == 1 || (ours && flags)) stop("a rename over the border of the directory");
  int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
  int code = errno;
  if (result == 0 && ours) {
    struct iovec parts[3] = {
        {old_path, strlen(old_path)}, {"", 1}, {new_path, strlen(new_path)}};
    pthread_mutex_lock(&guard);
    note(RENAME, 0, 0, parts, 3);
    pthread_mutex_unlock(&guard);
  }
  errno = code;
  return result;
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
  return renameat2(from_at, from, to_at, to, 0);
}
int rename(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

void *mmap(void *at, size_t length, int protection, int flags, int file, off_t offset) {
  if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && watched(file))
    stop("a shared writable map of a watched file");
  return (void *)syscall(SYS_mmap, at, length, protection, flags, file, offset);
}
void *mmap64(void *at, size_t length, int protection, int flags, int file, off64_t offset) {
  return mmap(at, length, protection, flags, file, offset);
}
