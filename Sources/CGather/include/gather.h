#ifndef PERIODIC_GATHER_H
#define PERIODIC_GATHER_H

#include <sqlite3.h>

/* Has the write-ahead log of an open database written by one system call a commit, where SQLite
 * makes two for each page.
 *
 * What was written may be in memory until the log is synced, so each commit must sync it, which
 * `synchronous = FULL` does. Returns SQLite's code; nothing changes when that is an error, or when
 * there is no log. */
int periodic_gather_log(sqlite3 *database);

#endif
