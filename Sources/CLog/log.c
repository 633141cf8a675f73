#include "periodic_log.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  /* What is gathered before it is written, sync or no sync. SQLite's own files take less than 128 KiB a write, as no
   * page has more than 64. */
  ROOM = 120 << 10,
  /* The log's header, which SQLite writes when the log begins anew, and syncs before the first frame: else frames of
   * the log before might count again after a power cut. */
  HEADER = 32,
};

static const sqlite3_int64 NOTHING = INT64_MAX;

/* Stands between SQLite and one file: the file's methods are replaced by those in here. */
struct log {
  sqlite3_io_methods methods; /* first: the file points to it */
  const sqlite3_io_methods *real;
  sqlite3_int64 start; /* where in the file `bytes` belong */
  int count;
  sqlite3_int64 end; /* of what was written last */
  /* Where that begins which a failed sync takes with it: written since the last sync began, and covered by one that
   * is not over. */
  sqlite3_int64 unsynced, syncing;
  int is_synced; /* nothing was changed since the last sync */
  int is_put_off, has_failed;
  char bytes[ROOM];
};

static struct log *log_of(sqlite3_file *file) { return (struct log *)file->pMethods; }

/* After an error the bytes are gone: SQLite gives up the transaction that they are of. */
static int write_out(sqlite3_file *file) {
  struct log *log = log_of(file);
  int count = log->count;
  if (count == 0) return SQLITE_OK;
  log->count = 0;
  return log->real->xWrite(file, log->bytes, count, log->start);
}

static int log_write(sqlite3_file *file, const void *from, int count, sqlite3_int64 offset) {
  struct log *log = log_of(file);
  log->is_synced = 0;
  log->end = offset + count;
  if (offset < log->unsynced) log->unsynced = offset;
  if (offset != log->start + log->count || count > ROOM - log->count) {
    int code = write_out(file);
    if (code != SQLITE_OK) return code;
    log->start = offset;
  }
  if (count > ROOM) return log->real->xWrite(file, from, count, offset);
  memcpy(log->bytes + log->count, from, count);
  log->count += count;
  return SQLITE_OK;
}

/* A checkpoint begins with a sync of the log, which the last commit has made. */
static int log_sync(sqlite3_file *file, int flags) {
  struct log *log = log_of(file);
  int code = write_out(file);
  if (code != SQLITE_OK) return code;
  if (log->has_failed) return SQLITE_IOERR_FSYNC;
  if (log->is_synced || (log->is_put_off && log->end != HEADER)) return SQLITE_OK;
  code = log->real->xSync(file, flags);
  log->is_synced = code == SQLITE_OK;
  log->has_failed = code != SQLITE_OK;
  if (log->is_synced) log->unsynced = NOTHING;
  return code;
}

static int log_read(sqlite3_file *file, void *to, int count, sqlite3_int64 offset) {
  int code = write_out(file);
  return code != SQLITE_OK ? code : log_of(file)->real->xRead(file, to, count, offset);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int code = write_out(file);
  log_of(file)->is_synced = 0;
  return code != SQLITE_OK ? code : log_of(file)->real->xTruncate(file, size);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
  int code = write_out(file);
  return code != SQLITE_OK ? code : log_of(file)->real->xFileSize(file, size);
}

/* A commit leaves nothing gathered; what there is has been given up. */
static int log_close(sqlite3_file *file) {
  struct log *log = log_of(file);
  file->pMethods = log->real;
  free(log);
  return file->pMethods->xClose(file);
}

static sqlite3_file *file_of(sqlite3 *database) {
  sqlite3_file *file = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return code == SQLITE_OK && file && file->pMethods ? file : 0;
}

/* The log stays open, and with its methods in place, as long as the database is. */
static struct log *attached(sqlite3 *database) { return log_of(file_of(database)); }

int periodic_log_attach(sqlite3 *database) {
  sqlite3_file *file = file_of(database);
  if (!file) return SQLITE_ERROR;
  struct log *log = malloc(sizeof *log);
  if (!log) return SQLITE_NOMEM;
  memset(log, 0, offsetof(struct log, bytes));
  /* A log is neither locked, mapped nor shared: the first version of the methods has all it needs. */
  memcpy(&log->methods, file->pMethods, offsetof(sqlite3_io_methods, xShmMap));
  log->methods.iVersion = 1;
  log->methods.xClose = log_close;
  log->methods.xRead = log_read;
  log->methods.xWrite = log_write;
  log->methods.xTruncate = log_truncate;
  log->methods.xSync = log_sync;
  log->methods.xFileSize = log_size;
  log->real = file->pMethods;
  log->unsynced = log->syncing = NOTHING;
  file->pMethods = &log->methods;
  return SQLITE_OK;
}

void periodic_log_put_off(sqlite3 *database, int is_put_off) {
  attached(database)->is_put_off = is_put_off;
}

int periodic_log_sync(sqlite3 *database) {
  int code = log_sync(file_of(database), SQLITE_SYNC_NORMAL);
  /* Also when something else could not be written out: the caller takes the commit for lost. */
  if (code != SQLITE_OK) attached(database)->has_failed = 1;
  return code;
}

void periodic_log_sync_began(sqlite3 *database) {
  struct log *log = attached(database);
  log->syncing = log->unsynced;
  log->unsynced = NOTHING;
  log->is_synced = 1;
}

void periodic_log_sync_ended(sqlite3 *database, int worked) {
  struct log *log = attached(database);
  if (worked) {
    log->syncing = NOTHING;
  } else {
    log->is_synced = 0;
    log->has_failed = 1;
  }
}

int periodic_log_has_failed(sqlite3 *database) { return attached(database)->has_failed; }

sqlite3_int64 periodic_log_length(sqlite3 *database) { return attached(database)->end; }

int periodic_log_cut(sqlite3 *database) {
  sqlite3_file *file = file_of(database);
  struct log *log = log_of(file);
  sqlite3_int64 least = log->syncing < log->unsynced ? log->syncing : log->unsynced;
  log->count = 0;
  return least == NOTHING ? SQLITE_OK : log->real->xTruncate(file, least);
}
