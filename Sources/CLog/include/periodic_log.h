#ifndef PERIODIC_LOG_H
#define PERIODIC_LOG_H

#include <sqlite3.h>

/* SQLite's write-ahead log, for a store that has each commit on stable storage before it answers: the log is
 * written by one system call a commit, where SQLite makes two for each page, and its syncs can be put off, so that
 * the next transaction is made meanwhile. All of it is called by the thread that has the database. */

/* Stands between SQLite and the log of an open database from now on. What was written may be in memory until the
 * log is synced, so each commit has to ask for that, which `synchronous = FULL` does.
 *
 * Returns SQLite's code; nothing changes when that is an error. */
int periodic_log_attach(sqlite3 *database);

/* While syncs are put off, a commit only hands its pages to the system: what it wrote has to be synced before it
 * counts, by `periodic_log_sync` or between the next two calls. */
void periodic_log_put_off(sqlite3 *database, int is_put_off);

/* Syncs what was written, unless it is already. SQLite's code. */
int periodic_log_sync(sqlite3 *database);

/* The same, done elsewhere: what was written before the first call is on stable storage if `worked`. */
void periodic_log_sync_began(sqlite3 *database);
void periodic_log_sync_ended(sqlite3 *database, int worked);

/* Whether a sync failed. What it was to keep may be lost although the next one works, as the system may have given
 * the pages up; so none does from then on. */
int periodic_log_has_failed(sqlite3 *database);

/* How long the log is that was written last. */
sqlite3_int64 periodic_log_length(sqlite3 *database);

/* Cuts off what was written since the last sync that worked. The database must not be used any more after that, and
 * be closed without a checkpoint; opened again, it is as that sync left it. SQLite's code. */
int periodic_log_cut(sqlite3 *database);

/* The system's own way to sync a file while this thread goes on (io_submit(2)), one sync at a time. */
struct periodic_sync {
  unsigned long context;
  int file;
  int is_under_way;
  int result; /* of the last one, when it is over: 0 or an error number */
};

/* 0, or an error number where the system does not do this. The file stays the caller's. */
int periodic_sync_open(struct periodic_sync *sync, int file);
/* Begins to sync the file. When it is over, 1 is added to `signal`, an eventfd, if that is not negative.
 * 0, or an error number. */
int periodic_sync_begin(struct periodic_sync *sync, int signal);
/* Whether it is over; waits for that if `waits`. */
int periodic_sync_is_over(struct periodic_sync *sync, int waits);
/* Waits for what is under way. */
void periodic_sync_close(struct periodic_sync *sync);

#endif
