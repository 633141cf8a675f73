#include "gather.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What is gathered before it is written, sync or no sync. SQLite's own files take less than 128 KiB
 * a write, as no page has more than 64. */
enum { ROOM = 120 << 10 };

/* Stands between SQLite and one file: the file's methods are replaced by those in here. */
struct gather {
  sqlite3_io_methods methods; /* first: the file points to it */
  const sqlite3_io_methods *real;
  sqlite3_int64 start; /* where in the file `bytes` belong */
  int count;
  int is_synced; /* nothing was changed since the last sync */
  char bytes[ROOM];
};

static struct gather *gather_of(sqlite3_file *file) { return (struct gather *)file->pMethods; }

/* After an error the bytes are gone: SQLite gives up the transaction that they are of. */
static int write_out(sqlite3_file *file) {
  struct gather *gather = gather_of(file);
  int count = gather->count;
  if (count == 0) return SQLITE_OK;
  gather->count = 0;
  return gather->real->xWrite(file, gather->bytes, count, gather->start);
}

static int log_write(sqlite3_file *file, const void *from, int count, sqlite3_int64 offset) {
  struct gather *gather = gather_of(file);
  gather->is_synced = 0;
  if (offset != gather->start + gather->count || count > ROOM - gather->count) {
    int code = write_out(file);
    if (code != SQLITE_OK) return code;
    gather->start = offset;
  }
  if (count > ROOM) return gather->real->xWrite(file, from, count, offset);
  memcpy(gather->bytes + gather->count, from, count);
  gather->count += count;
  return SQLITE_OK;
}

/* A checkpoint begins with a sync of the log, which the last commit has made. */
static int log_sync(sqlite3_file *file, int flags) {
  struct gather *gather = gather_of(file);
  int code = write_out(file);
  if (code != SQLITE_OK || gather->is_synced) return code;
  code = gather->real->xSync(file, flags);
  gather->is_synced = code == SQLITE_OK;
  return code;
}

static int log_read(sqlite3_file *file, void *to, int count, sqlite3_int64 offset) {
  int code = write_out(file);
  return code != SQLITE_OK ? code : gather_of(file)->real->xRead(file, to, count, offset);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int code = write_out(file);
  gather_of(file)->is_synced = 0;
  return code != SQLITE_OK ? code : gather_of(file)->real->xTruncate(file, size);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
  int code = write_out(file);
  return code != SQLITE_OK ? code : gather_of(file)->real->xFileSize(file, size);
}

/* A commit leaves nothing gathered; what there is has been given up. */
static int log_close(sqlite3_file *file) {
  struct gather *gather = gather_of(file);
  file->pMethods = gather->real;
  free(gather);
  return file->pMethods->xClose(file);
}

int periodic_gather_log(sqlite3 *database) {
  sqlite3_file *file = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK || !file || !file->pMethods) return code;
  struct gather *gather = malloc(sizeof *gather);
  if (!gather) return SQLITE_NOMEM;
  /* A log is neither locked, mapped nor shared: the first version of the methods has all it needs. */
  memset(&gather->methods, 0, sizeof gather->methods);
  memcpy(&gather->methods, file->pMethods, offsetof(sqlite3_io_methods, xShmMap));
  gather->methods.iVersion = 1;
  gather->methods.xClose = log_close;
  gather->methods.xRead = log_read;
  gather->methods.xWrite = log_write;
  gather->methods.xTruncate = log_truncate;
  gather->methods.xSync = log_sync;
  gather->methods.xFileSize = log_size;
  gather->real = file->pMethods;
  gather->start = 0;
  gather->count = 0;
  gather->is_synced = 0;
  file->pMethods = &gather->methods;
  return SQLITE_OK;
}
