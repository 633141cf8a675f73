#include "faultvfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fault_vfs {
  sqlite3_vfs base;
  sqlite3_vfs *real;
  char *name;
  char *taker; /* the file that takes all the room, if there is one */
  enum fault_kind kind;
  int armed, lasting;
  long left, faults, syncs, log_writes;
};

typedef struct {
  sqlite3_file base;
  fault_vfs *vfs;
  int is_log;
  sqlite3_file *real; /* lies right behind this struct */
} fault_file;

/* Whether the call that asks is to fail. `needs_room`: it may extend a file. */
static int fails(fault_vfs *vfs, int needs_room) {
  if (!vfs->armed || (vfs->kind == FAULT_FULL && !needs_room)) return 0;
  if (vfs->taker && access(vfs->taker, F_OK) != 0) return 0;
  if (vfs->left > 0) {
    vfs->left--;
    return 0;
  }
  if (!vfs->lasting) vfs->armed = 0;
  vfs->faults++;
  return 1;
}

#define FILE_OF(file) ((fault_file *)(file))
#define REAL(file) (FILE_OF(file)->real)
#define CALL(file, method, ...) (REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__))

static int file_close(sqlite3_file *file) { return CALL(file, xClose); }

static int file_read(sqlite3_file *file, void *to, int count, sqlite3_int64 offset) {
  if (fails(FILE_OF(file)->vfs, 0)) return SQLITE_IOERR_READ;
  return CALL(file, xRead, to, count, offset);
}

static int file_write(sqlite3_file *file, const void *from, int count, sqlite3_int64 offset) {
  fault_vfs *vfs = FILE_OF(file)->vfs;
  vfs->log_writes += FILE_OF(file)->is_log;
  if (fails(vfs, 1)) {
    if (count > 1) CALL(file, xWrite, from, count / 2, offset);
    return vfs->kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  return CALL(file, xWrite, from, count, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  if (fails(FILE_OF(file)->vfs, 0)) return SQLITE_IOERR_TRUNCATE;
  return CALL(file, xTruncate, size);
}

static int file_sync(sqlite3_file *file, int flags) {
  (void)flags;
  FILE_OF(file)->vfs->syncs++;
  return fails(FILE_OF(file)->vfs, 0) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  if (fails(FILE_OF(file)->vfs, 0)) return SQLITE_IOERR_FSTAT;
  return CALL(file, xFileSize, size);
}

static int file_lock(sqlite3_file *file, int level) {
  if (fails(FILE_OF(file)->vfs, 0)) return SQLITE_IOERR_LOCK;
  return CALL(file, xLock, level);
}

static int file_unlock(sqlite3_file *file, int level) { return CALL(file, xUnlock, level); }
static int file_check(sqlite3_file *file, int *out) {
  return CALL(file, xCheckReservedLock, out);
}
static int file_control(sqlite3_file *file, int operation, void *argument) {
  return CALL(file, xFileControl, operation, argument);
}
static int file_sector(sqlite3_file *file) { return CALL(file, xSectorSize); }
static int file_traits(sqlite3_file *file) { return CALL(file, xDeviceCharacteristics); }

/* Version 1: without shared memory, so only a connection that locks exclusively can have a
 * write-ahead log on it. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags, int *out) {
  fault_vfs *vfs = (fault_vfs *)base;
  fault_file *fault = FILE_OF(file);
  file->pMethods = 0;
  if (fails(vfs, 0)) return SQLITE_CANTOPEN;
  fault->vfs = vfs;
  fault->is_log = (flags & SQLITE_OPEN_WAL) != 0;
  fault->real = (sqlite3_file *)(fault + 1);
  int code = vfs->real->xOpen(vfs->real, name, fault->real, flags, out);
  if (fault->real->pMethods) file->pMethods = &methods;
  return code;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync) {
  fault_vfs *vfs = (fault_vfs *)base;
  if (fails(vfs, 0)) return SQLITE_IOERR_DELETE;
  (void)sync;
  return vfs->real->xDelete(vfs->real, name, 0);
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *out) {
  fault_vfs *vfs = (fault_vfs *)base;
  if (fails(vfs, 0)) return SQLITE_IOERR_ACCESS;
  return vfs->real->xAccess(vfs->real, name, flags, out);
}

fault_vfs *fault_vfs_make(const char *name) {
  fault_vfs *vfs = calloc(1, sizeof *vfs);
  if (!vfs) return 0;
  sqlite3_initialize();
  vfs->real = sqlite3_vfs_find(0);
  vfs->name = strdup(name);
  vfs->base = *vfs->real;
  vfs->base.pNext = 0;
  vfs->base.zName = vfs->name;
  vfs->base.pAppData = vfs->real->pAppData;
  vfs->base.szOsFile = (int)sizeof(fault_file) + vfs->real->szOsFile;
  vfs->base.xOpen = vfs_open;
  vfs->base.xDelete = vfs_delete;
  vfs->base.xAccess = vfs_access;
  if (!vfs->name || sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK) {
    free(vfs->name);
    free(vfs);
    return 0;
  }
  return vfs;
}

void fault_vfs_free(fault_vfs *vfs) {
  sqlite3_vfs_unregister(&vfs->base);
  free(vfs->name);
  free(vfs->taker);
  free(vfs);
}

void fault_vfs_arm(fault_vfs *vfs, enum fault_kind kind, long number, int lasting) {
  vfs->kind = kind;
  vfs->left = number;
  vfs->lasting = lasting;
  vfs->faults = 0;
  free(vfs->taker);
  vfs->taker = 0;
  vfs->armed = 1;
}

void fault_vfs_full_while(fault_vfs *vfs, const char *path) {
  fault_vfs_arm(vfs, FAULT_FULL, 0, 1);
  free(vfs->taker);
  vfs->taker = strdup(path);
}

void fault_vfs_disarm(fault_vfs *vfs) { vfs->armed = 0; }
long fault_vfs_faults(const fault_vfs *vfs) { return vfs->faults; }
long fault_vfs_syncs(const fault_vfs *vfs) { return vfs->syncs; }
long fault_vfs_log_writes(const fault_vfs *vfs) { return vfs->log_writes; }
