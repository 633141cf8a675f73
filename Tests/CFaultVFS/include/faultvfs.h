/* A SQLite file system that fails on command: for tests.
 *
 * It passes every call on to the usual one, counts them, and lets one of them, or all from one on,
 * fail. It never syncs: tests of failing calls need no stable storage. One thread at a time. */
#ifndef FAULTVFS_H
#define FAULTVFS_H

typedef struct fault_vfs fault_vfs;

/* What a call that is to fail does. */
enum fault_kind {
  FAULT_IO = 0,   /* an I/O error; a write puts half of its bytes down first */
  FAULT_FULL = 1, /* writes and extensions find no room; other calls succeed and do not count */
};

/* Registers a file system under `name`; NULL when out of memory. */
fault_vfs *fault_vfs_make(const char *name);
/* Removes it; no database may be open on it. */
void fault_vfs_free(fault_vfs *vfs);
/* Lets the call number `number` from now (the next is 0) fail, and all after it if `lasting`. */
void fault_vfs_arm(fault_vfs *vfs, enum fault_kind kind, long number, int lasting);
/* From now on, while there is a file at `path`, calls fail that need room: it has taken it all. */
void fault_vfs_full_while(fault_vfs *vfs, const char *path);
void fault_vfs_disarm(fault_vfs *vfs);
/* Calls that failed since it was armed last. */
long fault_vfs_faults(const fault_vfs *vfs);
/* Syncs asked for since it was made. */
long fault_vfs_syncs(const fault_vfs *vfs);
/* Writes to write-ahead logs since it was made. */
long fault_vfs_log_writes(const fault_vfs *vfs);

#endif
