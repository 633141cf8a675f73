#include <sqlite3.h>

/* sqlite3_db_config is variadic, which Swift cannot call: a switch of one connection. */
static inline int periodic_sqlite_switch(sqlite3 *database, int option, int value) {
  return sqlite3_db_config(database, option, value, (int *)0);
}

/* What the system said to the last failed call on the log, or else on the main file; 0 if unknown.
 * sqlite3_system_errno does not know it for a failed commit. */
static inline int periodic_sqlite_errno(sqlite3 *database) {
  static const int files[] = {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER};
  for (int i = 0; i < 2; i++) {
    sqlite3_file *file = 0;
    int code = 0;
    if (sqlite3_file_control(database, "main", files[i], &file) != SQLITE_OK) continue;
    if (!file || !file->pMethods) continue;
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &code);
    if (code != 0) return code;
  }
  return sqlite3_system_errno(database);
}

/* Reads the first bytes of the main file as they are, zeros behind its end; no lock, no journal. */
static inline int periodic_sqlite_read_start(sqlite3 *database, void *to, int count) {
  sqlite3_file *file = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK) return code;
  code = file->pMethods->xRead(file, to, count, 0);
  return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

/* Syncs the write-ahead log as it is. */
static inline int periodic_sqlite_sync_log(sqlite3 *database) {
  sqlite3_file *file = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK) return code;
  if (!file || !file->pMethods) return SQLITE_OK; /* no log yet */
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}
